/** Lengths that are declared and not there: they must cost nothing but the refusal. */
import { decodeItem } from '@dsm/core';
import { attempt } from './attempt.ts';
import { DECLARED, declaredLength } from './mutate/hostile.ts';
import { isList, listSpots, replaceAt, writeTree, type Tree } from './mutate/tree.ts';
import { silent, type Progress } from './progress.ts';
import type { Finding } from './session.ts';
import type { Target } from './targets/target.ts';

/** What a refusal may allocate beside the input: the objects of what came before the lie. */
const ALLOWED_BYTES = 4_194_304;
const MAX_SPOTS = 12;

const allocated = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const majorOf = (tree: Tree): number | undefined => {
  if (tree instanceof Uint8Array) return 2;
  if (typeof tree === 'string') return 3;
  return isList(tree) ? 4 : undefined;
};

function* liesAbout(seed: Uint8Array): Generator<Uint8Array> {
  const item = decodeItem(seed);
  if (!item.ok) return;
  const root = item.value;
  for (const { path, tree } of listSpots(root, MAX_SPOTS)) {
    const major = majorOf(tree);
    if (major === undefined) continue;
    for (const length of DECLARED) yield writeTree(replaceAt(root, path, () => declaredLength(major, length)));
  }
}

/** Every target, with the head of every part near the root of a genuine input lying about its length. */
export async function tryDeclaredLengths(
  targets: readonly Target[],
  progress: Progress = silent,
): Promise<{ readonly inputs: number; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  let inputs = 0;
  for (const target of targets.filter(({ input, isSlow }) => input === 'item' && isSlow !== true)) {
    const seed = target.seeds.toSorted((a, b) => a.length - b.length)[0] ?? new Uint8Array(0);
    for (const input of liesAbout(seed)) {
      inputs += 1;
      progress.at(() => `${target.name}, ${inputs} inputs`);
      const before = allocated();
      const { broken, outcome } = await attempt(target, input);
      const more = allocated() - before - 64 * input.length;
      const what = broken ?? (outcome.accepted ? 'accepted' : more > ALLOWED_BYTES ? `${more} bytes allocated` : '');
      if (what !== '' && findings.length < 20) findings.push({ target: target.name, what, input });
    }
  }
  return { inputs, findings };
}
