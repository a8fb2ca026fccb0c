/** Wallets of a world: the shipped wallet over simulated ports, one command at a time, as the lock on its home has it. */
import { fail, ok, toHex, type ChainId, type NetworkDescription, type Result } from '@dsm/core';
import { createWallet, openWallet, restoreWallet, type Device } from '@dsm/wallet';
import { transportOf, type Network } from './network.ts';
import {
  clockOf,
  killProcess,
  openStore,
  startProcess,
  suiteOf,
  whileAlive,
  type Participant,
  type Surroundings,
} from './participant.ts';

export interface DeviceWorld extends Surroundings {
  readonly description: NetworkDescription;
  readonly network: Network;
  readonly sent: (readonly [string, Uint8Array])[];
  readonly backups: ReadonlyMap<string, { readonly file: Uint8Array; readonly seed: Uint8Array }>;
}

export interface DeviceSeat {
  readonly who: Participant;
  /** The open wallet; undefined while no process runs. */
  device: Device | undefined;
  /** Known once the wallet was made. */
  account: ChainId | undefined;
  /** The command that runs now, or the last one. */
  busy: Promise<unknown>;
  waiting: number;
}

const PASSPHRASE = 'simulated';
const CHEAP = { memoryKib: 8, passes: 1, lanes: 1 } as const;

/** A wallet is made, or the one on the disk is opened. */
export async function startDevice(world: DeviceWorld, seat: DeviceSeat): Promise<Result<Device>> {
  const { who } = seat;
  const process = startProcess(who);
  const store = await openStore(world, process);
  if (!store.ok) return giveUp(world, seat, store);
  const ports = {
    store: store.value,
    suite: suiteOf(world, process),
    clock: clockOf(world, who),
    entropy: (length: number) => who.entropy.bytes(length),
  };
  const transport = transportOf(world, process);
  const opened = await whileAlive(
    process,
    openWallet({ ...ports, transportFor: () => transport, passphrase: PASSPHRASE }),
  );
  if (opened.ok) seat.device = opened.value;
  if (opened.ok) seat.account = opened.value.account;
  if (opened.ok || opened.error.code !== 'E_NOT_FOUND') return opened.ok ? opened : giveUp(world, seat, opened);
  const backup = world.backups.get(who.name);
  if (backup && seat.account) {
    const restored = await whileAlive(
      process,
      restoreWallet({ ...ports, ...backup, transportFor: () => transport, passphrase: PASSPHRASE, cost: CHEAP }),
    );
    if (!restored.ok) return giveUp(world, seat, restored);
    seat.device = restored.value;
    return restored;
  }
  const made = await whileAlive(
    process,
    createWallet({
      ...ports,
      transport,
      network: world.description,
      endpoints: [],
      name: who.name,
      passphrase: PASSPHRASE,
      algorithm: 'ml-dsa-44',
      wordsFromEntropy: toHex,
      cost: CHEAP,
    }),
  );
  if (!made.ok) return giveUp(world, seat, made);
  seat.device = made.value.device;
  seat.account = seat.device.account;
  return ok(made.value.device);
}

function giveUp<T extends Result<never>>(world: DeviceWorld, { who }: DeviceSeat, failure: T): T {
  // The process ends, and with it its hold on the disk.
  killProcess(world, who, false);
  who.lost ||= !failure.ok && failure.error.code === 'E_DAMAGED';
  return failure;
}

export type Outcome<T> = { readonly type: 'done'; readonly result: Result<T> } | { readonly type: 'crashed' };

/** Nothing hostile may throw: an exception is a defect, and told as one. */
async function attempt<T>(work: (device: Device) => Promise<Result<T>>, device: Device): Promise<Result<T>> {
  try {
    return await work(device);
  } catch (thrown) {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return fail('E_INTERNAL', 'thrown', what);
  }
}

/** Runs one command after those that wait, on the letter that it takes, if any. A command ends with its process. */
export function runCommand<T>(
  world: DeviceWorld,
  seat: DeviceSeat,
  command: string,
  work: (device: Device) => Promise<Result<T>>,
  input?: Uint8Array,
): Promise<Outcome<T>> {
  const run = async (): Promise<Outcome<T>> => {
    const { who, device } = seat;
    const { process } = who;
    if (!process || !device) return { type: 'crashed' };
    world.note({ type: 'asked', by: who, command, input });
    const done = await Promise.race([attempt(work, device), process.ended]);
    if (done === undefined) return { type: 'crashed' };
    world.note({
      type: 'told',
      by: who,
      command,
      failure: done.ok ? undefined : done.error,
      value: done.ok ? done.value : undefined,
    });
    return { type: 'done', result: done };
  };
  seat.waiting += 1;
  const next = seat.busy.then(run).finally(() => {
    seat.waiting -= 1;
  });
  seat.busy = next;
  return next;
}
