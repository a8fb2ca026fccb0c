/**
 * What a third party is shown (spec MCH-15): the terms, every step with its input, and of each party the newest signed
 * state of its strand, as a body and two leaves. Whoever has the machine's code repeats it all.
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, toHex, type ChainId, type NetworkId, type StateHash } from '../bytes.ts';
import type { Body } from '../chain/body.ts';
import { requireTerms, TERMS_LEAF } from '../chain/genesis.ts';
import { editLeaves } from '../chain/leaves.ts';
import { readRequired, stateMessage } from '../chain/rules.ts';
import type { Context } from '../context.ts';
import { verifyMessage } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { hash, list, record, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { isMinimalWitness } from '../merkle/witness.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import { initialState, repeatStep } from './apply.ts';
import { partyOf } from './message.ts';
import { signedStepCodec, type SignedStep, type StepHash, type StrandGenesis } from './operations.ts';
import type { MachinePort } from './port.ts';
import { SIGNED_LEAF, strandTermsCodec } from './rules.ts';
import { areEnough } from './signers.ts';
import { checkStep, machineStateHash, stepHash, stepRecordCodec, type StepRecord } from './step.ts';
import { verifyStrandTerms } from './strand.ts';
import { machineId, machineTermsCodec, type MachineId, type MachineTerms } from './terms.ts';

export interface MachineContent {
  readonly terms: MachineTerms;
  /** The first to the newest. */
  readonly steps: readonly StepRecord[];
  /** Steps that parties signed last and that are not, or not yet, among those: they lead down to them. */
  readonly beside: readonly StepRecord[];
  /** Newest signed state of each party that has signed anything. */
  readonly strands: readonly StateHash[];
}

export const machineContentCodec: Codec<MachineContent> = record<MachineContent>({
  terms: machineTermsCodec,
  steps: list(stepRecordCodec, LIMITS.machineSteps, 1),
  beside: list(stepRecordCodec, LIMITS.machineStrands),
  strands: list(hash<StateHash>(), LIMITS.machineParties, 1),
});

/** What the signatures alone say: how far each party has agreed. */
export interface MachineSignatures {
  readonly id: MachineId;
  /** By position: the newest step of the line that the party has signed, itself or by one above it; 0 for none. */
  readonly reached: readonly number[];
}

/** Everything about a bundle but the machine's own rules. */
export function verifyMachineSignatures(context: Context, content: MachineContent): Result<MachineSignatures> {
  const id = machineId(context.suite, content.terms);
  const line = readLine(context.suite, id, content);
  if (!line.ok) return line;
  const reached = content.terms.parties.map(() => 0);
  for (const state of content.strands) {
    const signed = readSigned(context, state);
    if (!signed.ok) return signed;
    const party = partyOf(id, content.terms, signed.value.terms);
    if (!party.ok) return party;
    if (reached[party.value] !== 0) return fail('E_SURPLUS', 'MCH-15', 'two states of one party');
    const number = line.value.reach(signed.value.signed);
    if (number === 0) return fail('E_STEP', 'MCH-15', 'a party has signed no step that leads to this history');
    reached[party.value] = number;
  }
  return line.value.isUsed() ? ok({ id, reached }) : fail('E_SURPLUS', 'MCH-15', 'a step that nobody needs');
}

interface Line {
  /** Number of the newest step of the line that this one is or builds on; 0 if it does not. */
  reach(signed: SignedStep): number;
  isUsed(): boolean;
}

function readLine(suite: CryptoSuite, id: MachineId, { terms, steps, beside }: MachineContent): Result<Line> {
  const numbers = new Map<string, number>([[toHex(id), 0]]);
  let prev: StepHash = id as Uint8Array as StepHash;
  for (const [i, step] of steps.entries()) {
    const valid = checkAll(
      () => checkStep(terms, step),
      () => check(equalBytes(step.relationship, id), 'E_MISMATCH', 'MCH-15', 'a step of another relationship'),
      () =>
        check(
          step.number === i + 1 && equalBytes(step.prev, prev),
          'E_STEP',
          'MCH-4',
          `not the step ${i + 1} that follows`,
        ),
    );
    if (!valid.ok) return valid;
    prev = stepHash(suite, step);
    numbers.set(toHex(prev), step.number);
  }
  const others = new Map(beside.map((step) => [toHex(stepHash(suite, step)), step]));
  const used = new Set<StepRecord>();
  if (others.size !== beside.length) return fail('E_SURPLUS', 'MCH-15', 'a step is there twice');
  return ok({
    isUsed: () => used.size === beside.length,
    reach: ({ step, number }) => {
      let hash = toHex(step);
      for (let at = number; ; at--) {
        const found = numbers.get(hash);
        if (found !== undefined) return found;
        const other = others.get(hash);
        if (!other || other.number !== at || !equalBytes(other.relationship, id)) return 0;
        used.add(other);
        hash = toHex(other.prev);
      }
    },
  });
}

interface Signed {
  readonly terms: StrandGenesis;
  readonly signed: SignedStep;
}

/** A signed state of a strand, shown as its body and the leaves with its terms and the step signed last. */
function readSigned(context: Context, state: StateHash): Result<Signed> {
  const { evidence, suite, network } = context;
  const body = evidence.body(state);
  if (!body) return missing('body', state);
  const signature = evidence.signature('state', state);
  if (!signature) return missing('signature state', state, 0);
  const tree = evidence.witness(body.root);
  if (tree === undefined) return missing('witness', body.root);
  const leaves = editLeaves(suite, tree);
  const terms = readRequired(leaves, [...TERMS_LEAF.strand], strandTermsCodec);
  if (!terms.ok) return terms;
  const signed = readRequired(leaves, SIGNED_LEAF, signedStepCodec);
  if (!signed.ok) return signed;
  const { key } = terms.value;
  const valid = checkAll(
    () => checkKind(body, network.id),
    () => requireTerms(suite, body, { kind: 'strand', operation: terms.value }),
    () => verifyStrandTerms(context, terms.value),
    () => check(isMinimalWitness(tree, leaves.touched()), 'E_SURPLUS', 'CHN-10', 'the proof shows more than is needed'),
    () =>
      verifyMessage(suite, key, 'state', stateMessage(context, body.chain, body.index, state), signature)
        ? done
        : fail('E_SIGNATURE', 'CHN-12', 'the state is not signed by the writer of the strand'),
  );
  return valid.ok ? ok({ terms: terms.value, signed: signed.value }) : valid;
}

const checkKind = (body: Body, network: NetworkId): Result<undefined> =>
  checkAll(
    () => check(body.kind === 'strand', 'E_CHAIN', 'MCH-2', 'not a strand'),
    () => check(equalBytes(body.network, network), 'E_NETWORK', 'NET-1', 'a state of another network'),
  );

/** What a bundle proves. */
export interface MachineFindings {
  readonly relationship: MachineId;
  readonly machine: string;
  /** The version in force after the last step. */
  readonly version: number;
  readonly parties: readonly ChainId[];
  /** Number of the last step. */
  readonly number: number;
  readonly state: Uint8Array;
  readonly stateHash: Uint8Array;
  /** Agreed by all who had to sign; the rules were checked by them, and just now by the reader. */
  readonly grade: 'agreed';
}

/** Repeats every step with the machine's code and requires its signers (spec MCH-15). */
export async function verifyMachine(
  context: Context,
  content: MachineContent,
  machines: readonly MachinePort[],
): Promise<Result<MachineFindings>> {
  const signatures = verifyMachineSignatures(context, content);
  if (!signatures.ok) return signatures;
  const { id, reached } = signatures.value;
  const { terms, steps } = content;
  const begun = await initialState(machines, terms);
  if (!begun.ok) return begun;
  let now = begun.value;
  for (const step of steps) {
    const next = await repeatStep(context.suite, machines, terms, now, step);
    if (!next.ok) return next;
    const signed = new Set([...reached.keys()].filter((party) => (reached[party] ?? 0) >= step.number));
    if (!areEnough(next.value.required, signed)) {
      return fail('E_SIGNATURE', 'MCH-6', `not everybody who must sign step ${step.number} has`);
    }
    now = next.value.after;
  }
  return ok({
    relationship: id,
    machine: terms.machine,
    version: now.version,
    parties: terms.parties,
    number: steps.length,
    state: now.state,
    stateHash: machineStateHash(context.suite, now.state),
    grade: 'agreed',
  });
}
