/** Who must sign a step, such that any two sets of signers at one state have a party in common (spec RUN-10). */
import type { RequiredSigners } from '@dsm/core';
import type { Signers } from './define.ts';

export interface SignersContext {
  readonly by: number;
  readonly parties: number;
  readonly turn: number | null;
}

/** The requirement, or what is wrong with it, for a person. */
export function requireSigners(signers: unknown, { by, parties, turn }: SignersContext): RequiredSigners | string {
  const named = nameParties(signers as Signers, by, parties);
  if (named === undefined) return `signers must be 'all', 'majority', 'proposer', a count or a list of positions`;
  if (named.some((party) => !isParty(party, parties))) return `signers: there are parties 0 to ${parties - 1} only`;
  const required = new Set(turn === null ? named : [...named, turn]);
  const count = Math.max(leastCount(signers as Signers, parties), required.size);
  if (count > parties) return `signers: ${count} of ${parties} parties`;
  // Somebody's turn, or more than half: two sets of signers have a party in common, who would contradict itself.
  if (turn === null && count * 2 <= parties)
    return `signers: ${count} of ${parties} parties is not more than half, and it is nobody's turn`;
  return { parties: [...required].toSorted((a, b) => a - b), count };
}

export const isParty = (party: unknown, parties: number): party is number =>
  Number.isSafeInteger(party) && (party as number) >= 0 && (party as number) < parties;

function nameParties(signers: Signers, by: number, parties: number): readonly number[] | undefined {
  if (signers === 'all') return Array.from({ length: parties }, (_, party) => party);
  if (signers === 'proposer') return [by];
  if (signers === 'majority') return [];
  if (typeof signers === 'number') return Number.isSafeInteger(signers) && signers > 0 ? [] : undefined;
  return Array.isArray(signers) ? signers : undefined;
}

function leastCount(signers: Signers, parties: number): number {
  if (signers === 'majority') return Math.floor(parties / 2) + 1;
  return typeof signers === 'number' ? signers : 0;
}
