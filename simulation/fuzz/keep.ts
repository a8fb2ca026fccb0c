/** Which inputs go into the committed corpus: small ones first, each way through a target once, up to a fixed size. */
import { rmSync } from 'node:fs';
import { COMMITTED, COMMITTED_BYTES, packInput, writeEntry, type Entry } from './corpus.ts';
import type { Session } from './session.ts';

/** Writes the committed corpus anew from everything that the session knows. Genuine inputs are made anew anyway. */
export function keepEntries({ courses }: Session): string {
  const candidates = courses.flatMap(({ target, inputs }) =>
    inputs
      .filter((input) => !target.seeds.includes(input))
      .map((input) => ({ target: target.name, input, size: packInput(input).length })),
  );
  const chosen: Entry[] = [];
  let bytes = 0;
  for (const { size, ...entry } of candidates.toSorted((a, b) => a.size - b.size)) {
    if (bytes + size > COMMITTED_BYTES) break;
    bytes += size;
    chosen.push(entry);
  }
  rmSync(COMMITTED, { recursive: true, force: true });
  for (const entry of chosen) writeEntry(COMMITTED, entry);
  return `corpus: ${chosen.length} of ${candidates.length} inputs kept, ${bytes} bytes`;
}
