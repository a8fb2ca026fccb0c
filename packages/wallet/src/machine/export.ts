/** The file that proves a relationship's state to somebody who is no party (spec MCH-15). */
import {
  editLeaves,
  encodeFile,
  fail,
  LIMITS,
  ok,
  pruneTree,
  signedStepCodec,
  SIGNED_LEAF,
  strandTermsCodec,
  TERMS_LEAF,
  toHex,
  verifyMachineSignatures,
  type BundleItem,
  type MachineContent,
  type MachineId,
  type Result,
  type SignedStep,
  type StateHash,
  type StepRecord,
} from '@dsm/core';
import { openChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { guardStore } from '../guard.ts';
import { readState } from '../records/state.ts';
import { loadMachine, requireMachine, type LoadedMachine } from './load.ts';
import type { KnownStrand } from './records.ts';
import { lineOf } from './show.ts';

/** `E_NOT_FOUND` while nothing is agreed. */
export const exportMachine = (device: Device, id: MachineId): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const record = await requireMachine(device, id);
    if (!record.ok) return record;
    const machine = await loadMachine(device, id, record.value, 0);
    const line = lineOf(machine);
    if (line.length === 0) return fail('E_NOT_FOUND', 'MCH-20', 'nothing has been agreed on yet');
    if (line.length > LIMITS.machineSteps) return fail('E_LIMIT', 'MCH-24', 'more steps than fit into one file');
    const numbers = new Map(line.map(({ step }, i) => [toHex(step), i + 1]));
    const shown = await newestSigned(device, machine, numbers);
    const content: MachineContent = {
      terms: record.value.terms,
      steps: line.map((one) => one.record),
      beside: [...new Set(shown.flatMap(({ beside }) => beside))],
      strands: shown.map(({ state }) => state),
    };
    const leaves = shown.map(({ leaf }) => leaf);
    const { result, used } = await runAlone(device, leaves, (context) => verifyMachineSignatures(context, content));
    return result.ok ? ok(encodeFile(device.suite, 'machine', content, used)) : result;
  });

interface Shown {
  readonly party: number;
  readonly state: StateHash;
  /** Witness of the two leaves. */
  readonly leaf: BundleItem;
  /** The newest step of the line that it agrees with. */
  readonly reached: number;
  readonly beside: readonly StepRecord[];
}

/** Of each party that has signed something, the state that agrees with most. */
async function newestSigned(
  device: Device,
  machine: LoadedMachine,
  numbers: ReadonlyMap<string, number>,
): Promise<readonly Shown[]> {
  const best = new Map<number, Shown>();
  for (const strand of machine.record.strands) {
    const shown = await showStrand(device, machine, strand, numbers);
    if (shown && shown.reached > (best.get(strand.party)?.reached ?? 0)) best.set(strand.party, shown);
  }
  return [...best.values()].toSorted((a, b) => a.party - b.party);
}

async function showStrand(
  device: Device,
  machine: LoadedMachine,
  { chain, party }: KnownStrand,
  numbers: ReadonlyMap<string, number>,
): Promise<Shown | undefined> {
  const held = await openChain(device, chain);
  const state = held && (await readState(device, chain, held.record.tip.index));
  if (!held || !state || state.status === 'intent' || held.tip.index === 0) return undefined;
  const leaves = editLeaves(device.suite, held.tree);
  const terms = leaves.read([...TERMS_LEAF.strand], strandTermsCodec);
  const signed = leaves.read(SIGNED_LEAF, signedStepCodec);
  if (!terms.ok || !signed.ok || !signed.value) return undefined;
  const leaf: BundleItem = { type: 'witness', tree: pruneTree(held.tree, leaves.touched()) };
  return { party, state: state.hash, leaf, ...leadDown(machine, signed.value, numbers) };
}

/** From what a party signed last down to the line. */
function leadDown(
  { view }: LoadedMachine,
  { step }: SignedStep,
  numbers: ReadonlyMap<string, number>,
): Pick<Shown, 'reached' | 'beside'> {
  const beside: StepRecord[] = [];
  let hash = toHex(step);
  for (;;) {
    const reached = numbers.get(hash);
    if (reached !== undefined) return { reached, beside };
    const known = view.steps.get(hash);
    if (!known) return { reached: 0, beside: [] };
    beside.push(known.record);
    hash = toHex(known.record.prev);
  }
}
