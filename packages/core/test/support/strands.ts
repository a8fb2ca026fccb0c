/**
 * Parties of a machine relationship with the protocol's own functions and nothing around them: what a device does, in
 * memory. The world (`net`) is the evidence; a message names what it shows.
 */
import {
  beginView,
  cannotExist,
  computeStep,
  decodeItem,
  entriesOf,
  fail,
  findStep,
  initialState,
  machineId,
  machineStateHash,
  makeGenesis,
  mergeSteps,
  must,
  ok,
  readStrand,
  standOf,
  stateHash,
  stepHash,
  toHex,
  compareBytes,
  equalBytes,
  type Body,
  type HeldStrand,
  type KnownStep,
  type MachineId,
  type MachinePort,
  type MachineState,
  type MachineTerms,
  type MachineView,
  type Result,
  type StateHash,
  type StepHash,
  type StepRecord,
  type StrandEntry,
  type StrandGenesis,
  type StrandOperation,
  type Tip,
} from '@dsm/core';
import {
  contextOf,
  entry,
  forgeStep,
  HOUR_MS,
  makeDevice,
  remember,
  seed,
  takeStep,
  type Device,
  type Forgery,
  type TestNetwork,
  type TestStep,
  type Writer,
} from '../../../../tests/kit/index.ts';
import { MACHINES } from './machines.ts';

export interface Party {
  readonly device: Device;
  readonly position: number;
  /** Its own strand. */
  readonly strand: Writer & { chain: Body['chain'] };
  view: MachineView;
  /** Strands of everybody as far as they are known, by chain in hexadecimal. */
  readonly held: Map<string, HeldStrand & { readonly party: number; readonly base: number }>;
  readonly states: Map<string, MachineState>;
}

export interface Group {
  readonly net: TestNetwork;
  readonly terms: MachineTerms;
  readonly id: MachineId;
  readonly parties: readonly Party[];
  readonly machines: readonly MachinePort[];
}

/** What one party tells: everything that it knows. */
export interface Told {
  readonly strands: readonly StateHash[];
  readonly steps: readonly StepRecord[];
}

export const makeTerms = (
  net: TestNetwork,
  machine: MachinePort,
  devices: readonly Device[],
  changes: Partial<MachineTerms> = {},
): MachineTerms => ({
  machine: machine.id,
  version: machine.version,
  code: machine.code,
  parties: devices.map(({ account }) => account).toSorted(compareBytes),
  params: new Uint8Array(0),
  rules: { expiryMs: HOUR_MS, maxSteps: 0 },
  nonce: seed('nonce', net.nowMs).slice(0, 16),
  ...changes,
});

export async function makeGroup(
  net: TestNetwork,
  machine: MachinePort,
  size: number,
  changes: Partial<MachineTerms> = {},
): Promise<Group> {
  const devices = Array.from({ length: size }, (_, i) => makeDevice(net, `party ${i}`));
  const terms = makeTerms(net, machine, devices, changes);
  const id = machineId(net.suite, terms);
  const begun = must(await initialState(MACHINES, terms));
  const sorted = devices.toSorted((a, b) => compareBytes(a.account, b.account));
  const parties = sorted.map((device, position) => makeParty(net, { id, terms, device, position, begun }));
  return { net, terms, id, parties, machines: MACHINES };
}

interface Joining {
  readonly id: MachineId;
  readonly terms: MachineTerms;
  readonly device: Device;
  readonly position: number;
  readonly begun: MachineState;
}

function makeParty(net: TestNetwork, { id, terms, device, position, begun }: Joining): Party {
  const strand = beginStrand(net, id, device);
  return {
    device,
    position,
    strand,
    view: beginView(id, terms),
    held: new Map([[toHex(strand.chain), { body: strand.tip, tree: strand.tree, party: position, base: 0 }]]),
    states: new Map([[toHex(id), begun]]),
  };
}

/** The genesis of a device's strand; `base`: the newest `restored` state, else the genesis of its account. */
export function beginStrand(
  net: TestNetwork,
  relationship: MachineId,
  device: Device,
  changes: Partial<StrandGenesis> = {},
): Party['strand'] {
  const genesis = contextOf(net).evidence.genesis(device.account) as Body;
  const base: Tip = { index: 0, hash: stateHash(net.suite, genesis) };
  const operation: StrandGenesis = {
    type: 'genesis',
    relationship,
    k: 64,
    owner: device.account,
    key: device.key.publicKey,
    base,
    ...changes,
  };
  const { body, tree } = makeGenesis(net.suite, net.network.id, { kind: 'strand', operation });
  remember(net, [
    { type: 'body', body },
    { type: 'operation', operation: { kind: 'strand', operation } },
  ]);
  return { chain: body.chain, tip: body, tree };
}

const partyAt = (group: Group, position: number): Party => entry(group.parties, position);

/** Takes the strand one state further, whatever that state says. Only the strand's own rules are asked. */
export const append = ({ net }: Group, { strand, device }: Party, operation: StrandOperation): TestStep =>
  takeStep(net, strand, device.key, { kind: 'strand', operation });

export const forge = ({ net }: Group, { strand, device }: Party, forgery: Forgery): TestStep =>
  forgeStep(net, strand, device.key, forgery);

export interface Proposal {
  readonly operation?: string;
  readonly input: Uint8Array;
  /** Builds on this step; the head unless given. */
  readonly after?: StepHash;
  readonly changes?: Partial<StepRecord>;
}

/** The record of a step that a party would propose. */
export async function draftStep(group: Group, position: number, proposal: Proposal): Promise<Result<StepRecord>> {
  const { net, terms, id, machines } = group;
  const { view, states } = partyAt(group, position);
  const prev = proposal.after ?? view.head.hash;
  const number = (findStep(view, prev)?.record.number ?? view.head.number) + 1;
  const { operation = 'add', input } = proposal;
  const before = states.get(toHex(prev)) as MachineState;
  const result = await computeStep(machines, terms, before, { number, operation, input, proposer: position });
  if (!result.ok) return result;
  const used = [...view.steps.values()].filter(({ record }) => record.number === number);
  const own = (view.logs[position] ?? []).filter(({ place }) => place.number === number);
  const attempt =
    Math.max(-1, ...used.map(({ record }) => record.attempt), ...own.map(({ place }) => place.attempt)) + 1;
  return ok({
    relationship: id,
    number,
    attempt,
    prev,
    operation,
    input,
    proposer: position,
    expiresAt: net.nowMs + HOUR_MS,
    state: machineStateHash(net.suite, result.value.after.state),
    ...proposal.changes,
  });
}

const signing = ({ net }: Group, { number, attempt, expiresAt }: StepRecord, step: StepHash): StrandOperation => ({
  type: 'sign',
  window: { from: net.nowMs, until: expiresAt },
  number,
  attempt,
  step,
});

/** Proposes a step as an honest party does. */
export async function propose(group: Group, position: number, proposal: Proposal): Promise<Result<StepHash>> {
  const drafted = await draftStep(group, position, proposal);
  if (!drafted.ok) return drafted;
  const hash = stepHash(group.net.suite, drafted.value);
  const done = await write(group, position, signing(group, drafted.value, hash), [drafted.value]);
  return done.ok ? ok(hash) : done;
}

export async function sign(group: Group, position: number, step: StepHash): Promise<Result<MachineView>> {
  const { record } = findStep(partyAt(group, position).view, step) as KnownStep;
  return write(group, position, signing(group, record, step), []);
}

export async function decline(group: Group, position: number, step: StepHash): Promise<Result<MachineView>> {
  const { record } = findStep(partyAt(group, position).view, step) as KnownStep;
  const { number, attempt, expiresAt } = record;
  const window = { from: group.net.nowMs, until: expiresAt };
  return write(group, position, { type: 'decline', window, number, attempt }, []);
}

/** An own state, if the protocol allows it; else the strand stays where it is. */
async function write(
  group: Group,
  position: number,
  operation: StrandOperation,
  steps: readonly StepRecord[],
): Promise<Result<MachineView>> {
  const party = partyAt(group, position);
  const before = { ...party.strand };
  const step = append(group, party, operation);
  const taken = await take(group, position, { strands: [step.hash], steps });
  if (!taken.ok) Object.assign(party.strand, before);
  return taken;
}

/** What a party does with what it is told. A failure changes nothing. */
export async function take(group: Group, position: number, told: Told): Promise<Result<MachineView>> {
  const { net, machines } = group;
  const party = partyAt(group, position);
  const held = new Map(party.held);
  const fresh: { party: number; base: number; entry: StrandEntry }[] = [];
  for (const tip of told.strands) {
    const body = contextOf(net).evidence.body(tip) as Body;
    const known = held.get(toHex(body.chain));
    const strand = readStrand(contextOf(net), tip, known);
    if (!strand.ok && strand.error.code === 'E_STALE') {
      if (isBelow(group, tip, known as HeldStrand)) continue;
      return fail('E_FORK', 'MCH-13', 'another state than the one known');
    }
    if (!strand.ok) return strand;
    const { terms, steps, tree } = strand.value;
    const writer = group.terms.parties.findIndex((account) => equalBytes(account, terms.owner));
    held.set(toHex(body.chain), { body: strand.value.tip, tree, party: writer, base: terms.base.index });
    fresh.push(...entriesOf(steps).map((one) => ({ party: writer, base: terms.base.index, entry: one })));
  }
  const baseOf = (one: StrandEntry): number => held.get(toHex(one.chain))?.base ?? 0;
  const logs = party.view.logs.map((log, i) =>
    [...log, ...fresh.filter((one) => one.party === i).map((one) => one.entry)].toSorted(
      (a, b) => baseOf(a) - baseOf(b) || a.index - b.index,
    ),
  );
  const shown = { steps: told.steps, logs, entries: fresh };
  const readState = async (hash: StepHash) => party.states.get(toHex(hash));
  const merged = await mergeSteps(net.suite, party.view, shown, machines, readState);
  if (!merged.ok) return merged;
  for (const { step, state } of merged.value.added) {
    if (state) party.states.set(toHex(step.hash), { state, version: step.version, code: step.code });
  }
  party.view = merged.value.view;
  for (const [chain, strand] of held) party.held.set(chain, strand);
  return ok(party.view);
}

/** Whether a state lies on the way down from one that is held. */
function isBelow({ net }: Group, state: StateHash, { body }: HeldStrand): boolean {
  for (let at: Body | undefined = body; at; at = contextOf(net).evidence.body(at.prev)) {
    if (equalBytes(stateHash(net.suite, at), state)) return true;
  }
  return false;
}

/** Everything that a party knows, as it stands. */
export const tell = ({ net }: Group, { held, view }: Party): Told => ({
  strands: [...held.values()].filter(({ body }) => body.index > 0).map(({ body }) => stateHash(net.suite, body)),
  steps: [...view.steps.values()].map(({ record }) => record),
});

/** Steps that a party has not decided about, and that can still exist. */
export const openSteps = ({ view, position }: Party): readonly KnownStep[] =>
  [...view.steps.values()].filter(
    (step) =>
      step.record.number === view.head.number + 1 &&
      standOf(view, position, step) === 'open' &&
      !cannotExist(view, step),
  );

/** Hashes of the steps that exist, the first one first. */
export function lineOf({ view }: Party): readonly string[] {
  const line: string[] = [];
  let step = findStep(view, view.head.hash);
  while (step) {
    line.unshift(toHex(step.hash));
    step = findStep(view, step.record.prev);
  }
  return line;
}

/** The state at the head, as an item. */
export const stateOf = ({ view, states }: Party): unknown =>
  must(decodeItem((states.get(toHex(view.head.hash)) as MachineState).state));

/** Everybody tells everybody, until nothing is new. */
export async function tellAll(group: Group): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const one of group.parties) {
      for (const other of group.parties) if (other !== one) must(await take(group, other.position, tell(group, one)));
    }
  }
}
