/** Devices that share a counter: wallets in memory, no network, no contacts. */
import {
  decodeItem,
  encodeItem,
  fail,
  memoryDisk,
  memoryStore,
  must,
  ok,
  type MachineId,
  type MachinePort,
  type MemoryDisk,
  type Result,
  type StepHash,
  type Store,
} from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { expect } from 'vitest';
import type { Device } from '../../src/device.ts';
import {
  agree as agreeOnly,
  decline as declineOnly,
  joinMachine,
  openMachine,
  propose as proposeOnly,
  showMachine,
  takeSteps,
  tell,
  type Acted,
} from '../../src/machine/index.ts';
import { openWallet } from '../../src/wallet/open.ts';
import { HOUR_MS } from '../../../../tests/kit/index.ts';
import { copyDisk } from '../support/directory.ts';
import { watchSignatures, type SignatureWatch } from '../support/signing.ts';
import { makeWallet, makeWorld, OFFLINE, PASSPHRASE, suite, type TestWorld } from '../support/wallets.ts';

const numberIn = (bytes: Uint8Array): number => {
  const item = decodeItem(bytes);
  return item.ok && typeof item.value === 'number' ? item.value : -1;
};

/** `add`: more than half sign; `all`: everybody; `mine`: the proposer alone, whose turn it always is. */
export const counter: MachinePort = {
  id: 'counter',
  version: 1,
  code: new Uint8Array(32).fill(1),
  init: (params) => (params.length > 1 ? fail('E_REFUSED', 'RUN-1', 'no parameters wanted') : ok(encodeItem(0))),
  apply: (state, { operation, input, parties, proposer }) => {
    const value = numberIn(input);
    if (value < 1) return fail('E_REFUSED', 'RUN-1', 'not a number to add');
    const count = operation === 'all' ? parties : 0;
    const turn = operation === 'mine' ? proposer : null;
    return ok({ state: encodeItem(numberIn(state) + value), required: { parties: [], count }, turn });
  },
  migrate: () => fail('E_REFUSED', 'RUN-1', 'no older version'),
};

export const counter2: MachinePort = {
  ...counter,
  version: 2,
  code: new Uint8Array(32).fill(2),
  migrate: (state) => ok(encodeItem(numberIn(state) * 10)),
};

export const MACHINES: readonly MachinePort[] = [counter, counter2];

/** An own step, and the message with it for all of the others. */
export type Told = Acted & { readonly message: Uint8Array };

async function told(device: Device, acted: Result<Acted>): Promise<Result<Told>> {
  if (!acted.ok) return acted;
  const message = await tell(device, acted.value.relationship);
  return message.ok ? ok({ ...acted.value, message: message.value }) : message;
}

export const propose = async (...args: Parameters<typeof proposeOnly>): Promise<Result<Told>> =>
  told(args[0], await proposeOnly(...args));
export const agree = async (...args: Parameters<typeof agreeOnly>): Promise<Result<Told>> =>
  told(args[0], await agreeOnly(...args));
export const decline = async (...args: Parameters<typeof declineOnly>): Promise<Result<Told>> =>
  told(args[0], await declineOnly(...args));

export const input = (value: number): Uint8Array => encodeItem(value);

export interface Person {
  device: Device;
  readonly disk: MemoryDisk;
}

export interface Circle {
  readonly world: TestWorld;
  /** In the order of their positions. */
  readonly people: readonly Person[];
  readonly id: MachineId;
  readonly invitation: Uint8Array;
  readonly watch: SignatureWatch;
}

/** A device on this disk, as after a restart. */
export async function openOn(world: TestWorld, store: Store, watch: SignatureWatch): Promise<Device> {
  const options = { store, suite: watch.suite, clock: world.clock, entropy: systemEntropy };
  return must(await openWallet({ ...options, transportFor: () => OFFLINE, passphrase: PASSPHRASE }));
}

/** So many devices that have joined a relationship and done nothing yet. */
export async function makeCircle(size: number): Promise<Circle> {
  const world = makeWorld();
  const watch = watchSignatures(suite);
  const people: Person[] = [];
  for (let i = 0; i < size; i++) {
    const disk = memoryDisk();
    await makeWallet(world, `person ${i}`, disk);
    people.push({ disk, device: await openOn(world, memoryStore(disk), watch) });
  }
  people.sort((a, b) => Buffer.compare(a.device.account, b.device.account));
  const [first, ...others] = people as [Person, ...Person[]];
  const opened = must(
    await openMachine(first.device, {
      port: counter,
      parties: others.map(({ device }) => device.account),
      params: new Uint8Array(0),
      rules: { expiryMs: HOUR_MS, maxSteps: 0 },
    }),
  );
  for (const { device } of others) must(await joinMachine(device, opened.message, MACHINES));
  return { world, people, id: opened.relationship, invitation: opened.message, watch };
}

export const personOf = ({ people }: Pick<Circle, 'people'>, position: number): Person => {
  const person = people.at(position);
  if (!person) throw new Error('nobody is there');
  return person;
};

export const deviceOf = (circle: Pick<Circle, 'people'>, position: number): Device => personOf(circle, position).device;

/** The same devices on copies of their disks. */
export async function copyCircle(circle: Circle): Promise<Circle> {
  const watch = watchSignatures(suite);
  const people: Person[] = [];
  for (const { disk } of circle.people) {
    const copy = copyDisk(disk);
    people.push({ disk: copy, device: await openOn(circle.world, memoryStore(copy), watch) });
  }
  return { ...circle, people, watch };
}

export const stateOf = async (device: Device, id: MachineId): Promise<number> =>
  numberIn(must(await showMachine(device, id)).state);

export const numberOf = async (device: Device, id: MachineId): Promise<number> =>
  must(await showMachine(device, id)).number;

/** What the one tells reaches the other. */
export async function hear({ id }: Circle, to: Device, from: Device): Promise<Result<unknown>> {
  const message = await tell(from, id, to.account);
  return message.ok ? takeSteps(to, message.value, MACHINES) : message;
}

/** Everybody hears from everybody, twice. */
export async function hearAll(circle: Circle): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (const { device: to } of circle.people) {
      for (const { device: from } of circle.people) if (from !== to) must(await hear(circle, to, from));
    }
  }
}

/** One step of `add` by this party, agreed by as many others as it takes; everybody knows. */
export async function addOne(circle: Circle, by: number, value: number): Promise<StepHash> {
  const { id, people } = circle;
  const { step } = must(await propose(deviceOf(circle, by), id, { operation: 'add', input: input(value) }, MACHINES));
  for (const [position, { device }] of people.entries()) {
    if (position === by) continue;
    must(await hear(circle, device, deviceOf(circle, by)));
    const { pending } = must(await showMachine(device, id));
    if (pending.length > 0) must(await agree(device, id, step, MACHINES));
    must(await hear(circle, deviceOf(circle, by), device));
  }
  await hearAll(circle);
  return step;
}

export const codeOf = (result: Result<unknown>): string =>
  result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`;

/** Everything in every collection, so that nothing can have changed unseen. */
export const snapshot = (disk: MemoryDisk): string =>
  JSON.stringify([...disk].map(([name, rows]) => [name, rows.map(({ key, value }) => [[...key], [...value]])]));

export const expectSame = (before: string, disk: MemoryDisk): void => expect(snapshot(disk) === before).toBe(true);
