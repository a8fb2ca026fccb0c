/**
 * Who must sign a step (spec MCH-5). The machine says whom it wants; the protocol adds as many as it takes that any two
 * sets of signers at one state have a party in common, so that two steps at one number need a party that signs both.
 */
import { fail, ok, type Result } from '../result.ts';
import type { AppliedStep, RequiredSigners } from './port.ts';

const isPosition = (value: unknown, parties: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < parties;

/** `E_MACHINE` when what the machine answers is no such thing. */
export function signersOf(
  { required, turn }: Pick<AppliedStep, 'required' | 'turn'>,
  proposer: number,
  parties: number,
): Result<RequiredSigners> {
  const wanted: unknown = required?.parties;
  const count: unknown = required?.count;
  if (!Array.isArray(wanted) || !wanted.every((position) => isPosition(position, parties))) {
    return fail('E_MACHINE', 'MCH-5', 'the machine names signers that are no parties');
  }
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > parties) {
    return fail('E_MACHINE', 'MCH-5', 'the machine asks for a number of signers that there cannot be');
  }
  if (turn !== null && !isPosition(turn, parties)) {
    return fail('E_MACHINE', 'MCH-5', 'the machine gives the turn to nobody of the parties');
  }
  const named = new Set<number>([...wanted, proposer, ...(turn === null ? [] : [turn])]);
  const most = turn === null ? Math.floor(parties / 2) + 1 : 0;
  return ok({ parties: [...named].toSorted((a, b) => a - b), count: Math.max(count, most, named.size) });
}

/** All of them: for an upgrade. */
export const everybody = (parties: number): RequiredSigners => ({
  parties: Array.from({ length: parties }, (_, i) => i),
  count: parties,
});

/** Whether these parties are enough. */
export const areEnough = ({ parties, count }: RequiredSigners, signed: ReadonlySet<number>): boolean =>
  signed.size >= count && parties.every((position) => signed.has(position));
