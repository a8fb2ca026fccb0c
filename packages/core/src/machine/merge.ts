/**
 * Merging what others show into what is known (spec MCH-13). Order, loss and repetition make no difference: the result
 * depends on the set of strands and steps alone. Answers a new view or a failure; nothing is changed in place.
 */
import { equalBytes, toHex } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { done, fail, ok, type Result } from '../result.ts';
import { repeatStep, type MachineState } from './apply.ts';
import type { StepHash } from './operations.ts';
import type { MachinePort } from './port.ts';
import { checkStep, stepHash, type StepRecord } from './step.ts';
import type { StrandEntry } from './strand.ts';
import { checkEntry, checkOrder, findHead, findStep, type KnownStep, type MachineView } from './view.ts';

export interface Shown {
  readonly steps: readonly StepRecord[];
  /** The whole log of each party above the floor, what is new included. */
  readonly logs: readonly (readonly StrandEntry[])[];
  /** What of it is new, and by whom. */
  readonly entries: readonly { readonly party: number; readonly entry: StrandEntry }[];
}

export interface Merged {
  readonly view: MachineView;
  /** Steps that were not known, each with its state unless it cannot exist. */
  readonly added: readonly { readonly step: KnownStep; readonly state: Uint8Array | null }[];
}

/** States of known steps and of what is below the first; undefined where it is not kept any more. */
export type StateReader = (hash: StepHash) => Promise<MachineState | undefined>;

export async function mergeSteps(
  suite: CryptoSuite,
  view: MachineView,
  shown: Shown,
  machines: readonly MachinePort[],
  readState: StateReader,
): Promise<Result<Merged>> {
  const repeated = await repeatSteps(suite, view, shown, machines, readState);
  if (!repeated.ok) return repeated;
  const steps = new Map(view.steps);
  for (const { step } of repeated.value) steps.set(toHex(step.hash), step);
  const next: MachineView = { ...view, steps, logs: shown.logs };
  const ordered = checkOrder(next);
  if (!ordered.ok) return ordered;
  for (const { party, entry } of shown.entries) {
    const valid = checkEntry(next, party, entry);
    if (!valid.ok) return valid;
  }
  for (const { step } of repeated.value) {
    const proposed = requireProposed(next, step);
    if (!proposed.ok) return proposed;
  }
  const found = findHead(next);
  return found.ok ? ok({ view: found.value, added: repeated.value }) : found;
}

/** Nobody's step is believed without the signature of its proposer (spec MCH-12). */
function requireProposed(view: MachineView, { hash, record }: KnownStep): Result<undefined> {
  const isSigned = view.logs[record.proposer]?.some(({ step }) => step !== null && equalBytes(step, hash));
  return isSigned ? done : fail('E_SURPLUS', 'MCH-12', `nobody has proposed this step ${record.number}`);
}

async function repeatSteps(
  suite: CryptoSuite,
  view: MachineView,
  { steps }: Shown,
  machines: readonly MachinePort[],
  readState: StateReader,
): Promise<Result<Merged['added']>> {
  const added = new Map<string, { step: KnownStep; state: Uint8Array | null }>();
  for (const record of steps.toSorted((a, b) => a.number - b.number)) {
    const hash = stepHash(suite, record);
    if (findStep(view, hash) || added.has(toHex(hash))) continue;
    const valid = checkStep(view.terms, record);
    if (!valid.ok) return valid;
    if (!equalBytes(record.relationship, view.id)) {
      return fail('E_MISMATCH', 'MCH-12', 'a step of another relationship');
    }
    // What comes after another step of its number exists cannot exist; the state below it may be gone.
    if (record.number <= view.head.number) {
      const { version, code } = view.terms;
      added.set(toHex(hash), { step: { hash, record, required: null, version, code }, state: null });
      continue;
    }
    const below = added.get(toHex(record.prev));
    const before = below?.state
      ? { state: below.state, version: below.step.version, code: below.step.code }
      : await readState(record.prev);
    if (!before) return fail('E_STEP', 'MCH-7', `step ${record.number} builds on a step that is not known`);
    const number = below ? below.step.record.number : numberOf(view, record.prev);
    if (number !== record.number - 1) {
      return fail('E_STEP', 'MCH-4', `step ${record.number} does not follow step ${number ?? 'of that hash'}`);
    }
    const result = await repeatStep(suite, machines, view.terms, before, record);
    if (!result.ok) return result;
    const { after, required } = result.value;
    const step = { hash, record, required, version: after.version, code: after.code };
    added.set(toHex(hash), { step, state: after.state });
  }
  return ok([...added.values()]);
}

const numberOf = (view: MachineView, hash: StepHash): number | undefined =>
  equalBytes(hash, view.floor.hash) ? view.floor.number : findStep(view, hash)?.record.number;
