/** Losing a home and restoring it from a backup. */
import { memoryDisk, memoryStore, must, type MemoryDisk, type Result, type Store } from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import type { Device } from '../../src/device.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import { readRestore } from '../../src/records/restore.ts';
import { restoreWallet, type RestoreOptions } from '../../src/restore/open.ts';
import { backup } from '../../src/view/backup.ts';
import { CHEAP_COST, suite, type TestWorld } from './wallets.ts';

export interface Saved {
  readonly file: Uint8Array;
  readonly seed: Uint8Array;
}

export const save = async (device: Device): Promise<Saved> => ({
  file: must(await backup(device)),
  seed: device.keys.seed,
});

export const NEW_PASSPHRASE = 'another one';

export const restoreOptions = (
  world: TestWorld,
  transport: DirectoryTransport,
  saved: Saved,
  store: Store,
): RestoreOptions => ({
  store,
  suite,
  clock: world.clock,
  entropy: systemEntropy,
  transportFor: () => transport,
  passphrase: NEW_PASSPHRASE,
  cost: CHEAP_COST,
  ...saved,
});

export const tryRestore = (
  world: TestWorld,
  transport: DirectoryTransport,
  saved: Saved,
  changes: Partial<RestoreOptions> = {},
): Promise<Result<Device>> => restoreWallet({ ...restoreOptions(world, transport, saved, memoryStore()), ...changes });

/** The device that comes back; its home is a new one. */
export async function restoreFrom(
  world: TestWorld,
  transport: DirectoryTransport,
  saved: Saved,
  disk: MemoryDisk = memoryDisk(),
): Promise<Device> {
  return must(await restoreWallet(restoreOptions(world, transport, saved, memoryStore(disk))));
}

/** Moves time past the date of a restored device. */
export async function passDate(world: TestWorld, device: Device): Promise<void> {
  const restore = await readRestore(device);
  if (!restore) throw new Error('not a restored device');
  world.nowMs = restore.signsFrom + 1;
}

/** Waiting for a round to open moves the clock of the test and takes no time. */
export const waitIn = (world: TestWorld): { readonly wait: (ms: number) => Promise<void> } => ({
  wait: async (ms) => {
    world.nowMs += ms;
  },
});
