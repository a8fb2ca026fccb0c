/** Opening a relationship and joining one (spec MCH-23). */
import {
  compareBytes,
  decodeFileOf,
  decodeWith,
  encodeWith,
  equalBytes,
  fail,
  findMachine,
  initialState,
  machineId,
  machineTermsCodec,
  ok,
  type ChainId,
  type MachineId,
  type MachinePort,
  type MachineRules,
  type MachineState,
  type MachineTerms,
  type Result,
  type StepHash,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { draftStrand } from './own-strand.ts';
import { machineCommandRecords, machineRecords, machineStateRecords, stepKey, type MachineRecord } from './records.ts';
import { takeInto, takeSteps, type Taken } from './take.ts';
import { writeMessage } from './tell.ts';

export interface OpenMachineOptions {
  readonly port: MachinePort;
  /** The other accounts; the own one may be among them. */
  readonly parties: readonly ChainId[];
  readonly params: Uint8Array;
  readonly rules: MachineRules;
  /** 32 bytes that name the owner's command: repeated, it gives the same relationship. */
  readonly command?: Uint8Array;
}

export interface OpenedMachine {
  readonly relationship: MachineId;
  /** The invitation, for every party. */
  readonly message: Uint8Array;
}

const NONCE_BYTES = 16;

/** Begins a relationship. Nobody is bound before it has signed a step. */
export const openMachine = (device: Device, options: OpenMachineOptions): Promise<Result<OpenedMachine>> =>
  guardStore(async () => {
    const { port, params, rules, command } = options;
    const done = command && (await machineCommandRecords.read(device, command));
    if (done) return invitation(device, done.relationship);
    const parties = [...options.parties, device.account]
      .toSorted(compareBytes)
      .filter((account, i, all) => i === 0 || !equalBytes(account, all[i - 1] as ChainId));
    const terms: MachineTerms = {
      machine: port.id,
      version: port.version,
      code: port.code,
      parties,
      params,
      rules,
      nonce: device.entropy(NONCE_BYTES),
    };
    // What the others would refuse is not begun.
    const usable = decodeWith(machineTermsCodec, encodeWith(machineTermsCodec, terms), 'terms');
    if (!usable.ok) return usable;
    const begun = await begin(device, terms, [port]);
    if (!begun.ok) return begun;
    const { id, record, writes } = begun.value;
    const row = command && machineCommandRecords.put(device, command, { relationship: id, step: null });
    const committed = await device.store.commit(
      [...writes, machineRecords.put(device, id, record), ...(row ? [row] : [])],
      [machineRecords.isAbsent(id), ...(command ? [machineCommandRecords.isAbsent(command)] : [])],
    );
    return committed.ok ? invitation(device, id) : committed;
  });

async function invitation(device: Device, relationship: MachineId): Promise<Result<OpenedMachine>> {
  const record = await machineRecords.read(device, relationship);
  if (!record) return fail('E_NOT_FOUND', 'MCH-20', 'this device has no such relationship');
  const message = await writeMessage(device, relationship, record);
  return message.ok ? ok({ relationship, message: message.value }) : message;
}

interface Begun {
  readonly id: MachineId;
  readonly record: MachineRecord;
  readonly state: MachineState;
  /** Strand and first state; the relationship's own row is not among them. */
  readonly writes: readonly Write[];
}

async function begin(device: Device, terms: MachineTerms, machines: readonly MachinePort[]): Promise<Result<Begun>> {
  const own = terms.parties.findIndex((account) => equalBytes(account, device.account));
  if (own < 0) return fail('E_MISMATCH', 'MCH-23', 'this device is not one of the parties');
  const port = findMachine(machines, terms.machine, terms);
  if (!port.ok) return port;
  const state = await initialState(machines, terms);
  if (!state.ok) return state;
  const id = machineId(device.suite, terms);
  const strand = await draftStrand(device, id, own);
  if (!strand.ok) return strand;
  const hash = id as Uint8Array as StepHash;
  const record: MachineRecord = {
    terms,
    own,
    strand: strand.value.strand.chain,
    strands: [strand.value.strand],
    head: { number: 0, hash, version: terms.version, code: terms.code },
    revision: 0,
  };
  const first = machineStateRecords.put(device, stepKey(id, { number: 0 }, hash), state.value.state);
  return ok({ id, record, state: state.value, writes: [...strand.value.writes, first] });
}

/**
 * Joins a relationship by any message of it that has the terms. Whether the terms please, the caller decides before:
 * `readInvitation`. Joined already, it takes the message.
 */
export const joinMachine = (
  device: Device,
  message: Uint8Array,
  machines: readonly MachinePort[],
): Promise<Result<Taken>> =>
  guardStore(async () => {
    const file = decodeFileOf(device.suite, 'steps', message);
    if (!file.ok) return file;
    const { content, items } = file.value;
    if (await machineRecords.read(device, content.relationship)) return takeSteps(device, message, machines);
    const terms = readTerms(device, content);
    if (!terms.ok) return terms;
    const begun = await begin(device, terms.value, machines);
    if (!begun.ok) return begun;
    const { id, record, state, writes } = begun.value;
    return takeInto(device, record, content, items, machines, {
      writes,
      conditions: [machineRecords.isAbsent(id)],
      readState: async (hash) => (equalBytes(hash, id) ? state : undefined),
    });
  });

/** The terms that a message invites to. */
export const readInvitation = (device: Device, message: Uint8Array): Result<MachineTerms> => {
  const file = decodeFileOf(device.suite, 'steps', message);
  return file.ok ? readTerms(device, file.value.content) : file;
};

function readTerms(
  device: Device,
  { terms, relationship }: { readonly terms: MachineTerms | null; readonly relationship: MachineId },
): Result<MachineTerms> {
  if (!terms) return fail('E_INCOMPLETE', 'MCH-12', 'missing: the terms', { missing: ['terms'] });
  return equalBytes(machineId(device.suite, terms), relationship)
    ? ok(terms)
    : fail('E_MISMATCH', 'MCH-1', 'the terms of another relationship');
}
