/** What must hold in every state. A checker sees signatures, clocks and what can still be done; it knows no mutant. */
import { countShift } from './locals.ts';
import { canFinish, withClock } from './progress.ts';
import { SIGNED, VALUES, VOID, type Value } from './slots.ts';
import { WASTED, witnessOf, type Parts, type World } from './world.ts';

export const PROPERTIES = {
  'two-finals': 'no two Finals of a slot, by whichever path',
  'outside-window': 'no signed value is Final unless an honest clock was inside its window',
  'early-round': 'no round begins before an honest clock sees a reason: strangers cannot drive out a lone body',
  'early-void': 'no void is Final before an honest clock admits it',
  'split-round': 'honest nodes never vote for two values in the round of an honest owner',
  'wasted-round': 'an honest owner never signs a free proposal that no honest clock admits',
  taken: 'inside its window, what the owner or payee has signed can still be made Final',
  frozen: 'some Final can be reached from everywhere, clocks running on',
} as const;

export type Property = keyof typeof PROPERTIES;

export interface Final {
  readonly value: Value;
  /** 0 with `fast`: n votes of round 0. */
  readonly round: number;
  readonly fast: boolean;
}

export function finalsOf({ rules }: World, votes: number, acks: number): readonly Final[] {
  const finals: Final[] = [];
  for (const value of SIGNED) {
    if (((votes >>> countShift(0, value)) & 7) + rules.dishonest >= rules.fastVotes) {
      finals.push({ value, round: 0, fast: true });
    }
  }
  for (const round of [0, 1, 2]) {
    for (const value of VALUES) {
      if (((acks >>> countShift(round, value)) & 7) + rules.dishonest >= rules.quorum) {
        finals.push({ value, round, fast: false });
      }
    }
  }
  return finals;
}

export type Checker = (parts: Parts) => Property | null;

/** `only`: look for this property and no other. */
export function openChecker(world: World, only?: Property): Checker {
  const { rules, slot, locals, honest } = world;
  const lastPhase = slot.phases.length - 1;
  const owned = slot.owners.flatMap((owner, i) => (owner === null ? [] : [i + 1]));
  const outlooks = new Map<number, Property | null>();
  const statesOf = ({ ids }: Parts) => Array.from({ length: honest }, (_, i) => locals.states[ids[i] ?? 0]!);

  const clockOf = (parts: Parts, i: number): number => locals.clocks[parts.ids[i] as number] as number;
  const someClock = (parts: Parts, holds: (clock: number) => boolean): boolean => {
    for (let i = 0; i < honest; i += 1) if (holds(clockOf(parts, i))) return true;
    return false;
  };
  const mayStart = (clock: number): boolean => slot.phases[clock]?.start ?? false;
  const mayVoid = (clock: number): boolean => slot.phases[clock]?.void ?? false;
  const needsReason = slot.phases.some(({ start }) => !start);
  const needsVoidClock = slot.phases.some((phase) => !phase.void);

  /** More dishonest nodes than the rules are made for: nothing is promised about progress. */
  const promisesProgress = rules.dishonest <= rules.faults;

  const lookAhead = (parts: Parts): Property | null => {
    const nodes = statesOf(parts);
    if (slot.owed.length > 0 && nodes.every(({ clock }) => clock === 0)) {
      if (!canFinish(rules, slot, nodes, slot.owed)) return 'taken';
    }
    return canFinish(rules, slot, withClock(nodes, lastPhase), VALUES) ? null : 'frozen';
  };

  const checkProgress = (parts: Parts): Property | null => {
    let key = 0;
    for (let i = 0; i < honest; i += 1) key = key * 4096 + (locals.outlook[parts.ids[i] as number] as number);
    const known = outlooks.get(key);
    if (known !== undefined) return known;
    const found = lookAhead(parts);
    outlooks.set(key, found);
    return found;
  };

  const checkFinals = (parts: Parts, votes: number, acks: number): Property | null => {
    const finals = finalsOf(world, votes, acks);
    const [first] = finals;
    if (!first) return null;
    for (const { value } of finals) {
      if (value !== first.value) return 'two-finals';
      if (value !== VOID && !(parts.facts & witnessOf(value))) return 'outside-window';
      if (value === VOID && needsVoidClock && !someClock(parts, mayVoid)) return 'early-void';
    }
    return null;
  };

  const checkAll: Checker = (parts) => {
    const votes = world.voteCounts(parts);
    const acks = world.ackCounts(parts);
    const unsafe = checkFinals(parts, votes, acks);
    if (unsafe) return unsafe;
    if (parts.facts & WASTED) return 'wasted-round';
    for (const round of owned) {
      const voices = VALUES.filter((value) => (votes >>> countShift(round, value)) & 7).length;
      if (voices > 1) return 'split-round';
    }
    if (needsReason) {
      let begun = false;
      for (let i = 0; i < honest; i += 1) begun ||= (locals.promises[parts.ids[i] as number] as number) > 0;
      if (begun && !someClock(parts, mayStart)) return 'early-round';
    }
    return promisesProgress ? checkProgress(parts) : null;
  };

  if (only === undefined) return checkAll;
  if (only !== 'two-finals' && only !== 'outside-window') throw new Error(`cannot look for ${only} alone`);
  return (parts) => {
    const found = finalsOf(world, world.voteCounts(parts), world.ackCounts(parts));
    if (only === 'two-finals') return new Set(found.map(({ value }) => value)).size > 1 ? only : null;
    return found.some(({ value }) => value !== VOID && !(parts.facts & witnessOf(value))) ? only : null;
  };
}
