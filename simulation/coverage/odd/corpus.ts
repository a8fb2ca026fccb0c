/** Hostile bytes: the genuine inputs of every target of the fuzzer and the committed corpus, each given once. */
import { attempt } from '../../fuzz/attempt.ts';
import { readCommitted } from '../../fuzz/corpus.ts';
import { makeWorld } from '../../fuzz/seeds/world.ts';
import { allTargets } from '../../fuzz/targets/table.ts';

/** Answers what was broken, which is nothing. */
export async function replayCorpus(): Promise<readonly string[]> {
  const targets = await allTargets(makeWorld());
  const kept = Map.groupBy(readCommitted(), (entry) => entry.target);
  const broken: string[] = [];
  for (const target of targets) {
    const inputs = [...target.seeds, ...(kept.get(target.name) ?? []).map(({ input }) => input)];
    for (const input of inputs) {
      const result = await attempt(target, input);
      if (result.broken !== undefined) broken.push(`${target.name}: ${result.broken}`);
    }
  }
  return broken;
}
