/**
 * The one message of a machine relationship (spec MCH-12): strands and steps that the receiver may lack. Proposing,
 * agreeing, declining and telling are all this message, and so is the invitation.
 */
import { equalBytes, toHex, type StateHash } from '../bytes.ts';
import { placeCodec, type Place } from '../chain/body.ts';
import type { Context } from '../context.ts';
import { hash, list, optional, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';
import { checkStep, stepHash, stepRecordCodec, type StepRecord } from './step.ts';
import { entriesOf, readStrand, type ReadStrand } from './strand.ts';
import { machineId, machineTermsCodec, type MachineId, type MachineTerms } from './terms.ts';

export interface StepsContent {
  readonly relationship: MachineId;
  /** Null where the receiver is known to have them. */
  readonly terms: MachineTerms | null;
  /** Position of the sender. */
  readonly from: number;
  /** Newest states of strands, each signed. */
  readonly strands: readonly StateHash[];
  readonly steps: readonly StepRecord[];
  /** What the sender has of each strand, so that nobody sends it again. A courtesy: nothing rests on it. */
  readonly holds: readonly Place[];
}

export const stepsContentCodec: Codec<StepsContent> = record<StepsContent>({
  relationship: hash<MachineId>(),
  terms: optional(machineTermsCodec),
  from: uint(LIMITS.machineParties - 1),
  strands: list(hash<StateHash>(), LIMITS.machineStrands),
  steps: list(stepRecordCodec, LIMITS.machineSteps),
  holds: list(placeCodec, LIMITS.machineStrands),
});

/** That a strand is one of this relationship; answers the position of its writer. */
export function partyOf(id: MachineId, terms: MachineTerms, strand: ReadStrand['terms']): Result<number> {
  if (!equalBytes(strand.relationship, id)) return fail('E_MISMATCH', 'MCH-2', 'a strand of another relationship');
  const position = terms.parties.findIndex((party) => equalBytes(party, strand.owner));
  return position < 0 ? fail('E_MISMATCH', 'MCH-2', 'a strand of somebody who is no party') : ok(position);
}

/**
 * What can be said of a message without the machine's code: the strands are signed and linked, and every step that
 * they sign is there. Answers how many states were verified.
 */
export function verifySteps(context: Context, content: StepsContent): Result<number> {
  const { terms, relationship } = content;
  if (terms === null) return fail('E_INCOMPLETE', 'MCH-12', 'missing: the terms', { missing: ['terms'] });
  if (!equalBytes(machineId(context.suite, terms), relationship)) {
    return fail('E_MISMATCH', 'MCH-1', 'the terms of another relationship');
  }
  const signed = new Set<string>();
  const chains = new Set<string>();
  let states = 0;
  for (const tip of content.strands) {
    const strand = readStrand(context, tip);
    if (!strand.ok) return strand;
    const party = partyOf(relationship, terms, strand.value.terms);
    if (!party.ok) return party;
    if (chains.has(toHex(strand.value.chain))) return fail('E_SURPLUS', 'MCH-12', 'a strand is there twice');
    chains.add(toHex(strand.value.chain));
    states += strand.value.steps.length + 1;
    for (const { step } of entriesOf(strand.value.steps)) if (step !== null) signed.add(toHex(step));
  }
  const valid = checkShownSteps(context, terms, content, signed);
  return valid.ok ? ok(states) : valid;
}

function checkShownSteps(
  { suite }: Context,
  terms: MachineTerms,
  { steps, relationship }: StepsContent,
  signed: ReadonlySet<string>,
): Result<undefined> {
  const shown = new Set<string>();
  for (const step of steps) {
    const hash = toHex(stepHash(suite, step));
    const valid = checkAll(
      () => checkStep(terms, step),
      () =>
        check(equalBytes(step.relationship, relationship), 'E_MISMATCH', 'MCH-12', 'a step of another relationship'),
      () =>
        check(signed.has(hash) && !shown.has(hash), 'E_SURPLUS', 'MCH-12', 'a step that nobody has proposed, or twice'),
    );
    if (!valid.ok) return valid;
    shown.add(hash);
  }
  const absent = [...signed].filter((hash) => !shown.has(hash)).map((hash) => `step ${hash}`);
  return absent.length === 0
    ? ok(undefined)
    : fail('E_INCOMPLETE', 'MCH-12', 'a step that was signed is not shown', { missing: absent });
}
