/** Which inputs go into the committed corpus: small ones first, each way through a target once, up to a fixed size. */
import { COMMITTED_BYTES, committedSize, writeCommitted, type Entry } from './corpus.ts';
import type { Session } from './session.ts';

/** Of each target so many go before the rest, whatever their size: large ones are those of the deep verifiers. */
const FIRST = 25;

/** Writes the committed corpus anew from everything that the session knows. Genuine inputs are made anew anyway. */
export function keepEntries({ courses }: Session): string {
  const candidates = courses.flatMap(({ target, inputs }) =>
    inputs
      .filter((input) => !target.seeds.includes(input))
      .map((input) => ({ target: target.name, input, size: committedSize(input) }))
      .toSorted((a, b) => a.size - b.size)
      .map((entry, rank) => Object.assign(entry, { isFirst: rank < FIRST })),
  );
  const chosen: Entry[] = [];
  let bytes = 0;
  for (const { size, target, input } of candidates.toSorted(
    (a, b) => Number(b.isFirst) - Number(a.isFirst) || a.size - b.size,
  )) {
    if (bytes + size > COMMITTED_BYTES) continue;
    bytes += size;
    chosen.push({ target, input });
  }
  writeCommitted(chosen);
  return `corpus: ${chosen.length} of ${candidates.length} inputs kept, ${bytes} bytes`;
}
