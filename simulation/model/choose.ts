/** What the reports of a round allow its owner to propose (DESIGN section 5 item 5). */
import { decodeReport, type Lock, type Report } from './node.ts';
import type { Rules } from './rules.ts';
import { SIGNED, VALUES, type Value } from './slots.ts';

export interface Choice {
  readonly value: Value;
  readonly forced: boolean;
}

/** Proposals as bits: two a value, forced first. */
export const bitOf = ({ value, forced }: Choice): number => 1 << ((value - 1) * 2 + (forced ? 0 : 1));
export const CHOICES: readonly Choice[] = VALUES.flatMap((value) => [
  { value, forced: true },
  { value, forced: false },
]);

const FREE = CHOICES.filter(({ forced }) => !forced).reduce((mask, choice) => mask | bitOf(choice), 0);
const force = (values: Iterable<Value>): number => {
  let mask = 0;
  for (const value of values) mask |= bitOf({ value, forced: true });
  return mask;
};

/** The proposals that exactly these q reports allow. */
export function choose(rules: Rules, reports: readonly Report[]): number {
  if (!rules.checksReports) return FREE;
  const locks = reports.flatMap(({ lock }) => (lock ? [lock] : []));
  if (locks.length > 0) {
    const rounds = locks.map(({ round }) => round);
    const chosen = rules.highestLock ? Math.max(...rounds) : Math.min(...rounds);
    return force(locks.filter(({ round }) => round === chosen).map(({ value }) => value));
  }
  if (rules.forcingVotes > 0) {
    const named = SIGNED.filter((value) => reports.filter(({ vote }) => vote === value).length >= rules.forcingVotes);
    if (named.length > 0) return force(named);
  }
  return FREE;
}

/**
 * All proposals that somebody can assemble for a round: any q of the honest reports given and of what the dishonest
 * nodes say, who claim any vote and every lock that a quorum proves.
 */
export function assemble(rules: Rules, honest: readonly number[], round: number, quorums: readonly Lock[]): number {
  const given = honest.filter((code) => code !== 0).map(decodeReport);
  const provable = rules.provesLocks
    ? quorums.filter((lock) => lock.round < round)
    : VALUES.flatMap((value) => [{ round: round - 1, value }]);
  const lies: Report[] = [null, ...provable].flatMap((lock) => ([0, 1, 2] as const).map((vote) => ({ lock, vote })));
  let mask = 0;
  const extend = (reports: readonly Report[], next: number, liars: number): void => {
    if (reports.length === rules.quorum) {
      mask |= choose(rules, reports);
      return;
    }
    const report = given[next];
    if (report) {
      extend([...reports, report], next + 1, liars);
      extend(reports, next + 1, liars);
    } else if (liars < rules.dishonest) {
      for (const lie of lies) extend([...reports, lie], next, liars + 1);
    }
  };
  extend([], 0, 0);
  return mask;
}
