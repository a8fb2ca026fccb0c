/** Wallets in memory with fast keys and a cheap passphrase. */
import { memoryDisk, memoryStore, must, toHex, type Clock, type MemoryDisk, type Store } from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import { makeNetwork, START_MS, type TestNetwork } from '../../../../tests/kit/index.ts';
import { createWallet, type CreateOptions, type Created } from '../../src/wallet/create.ts';
import { openWallet } from '../../src/wallet/open.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import type { Device } from '../../src/device.ts';

export const suite: ReturnType<typeof nodeCryptoSuite> = nodeCryptoSuite();

/** What a test knows to be there. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('what the test needs is not there');
  return value;
}

export const CHEAP_COST = { memoryKib: 8, passes: 1, lanes: 1 } as const;

export const PASSPHRASE = 'correct horse';

/** Nobody answers. */
export const OFFLINE: DirectoryTransport = {
  request: async (node) => ({
    ok: false,
    error: { code: 'E_UNREACHABLE', rule: 'NET-13', message: `node ${node} does not answer` },
  }),
};

export interface TestWorld {
  net: TestNetwork;
  /** Set it to move time. */
  nowMs: number;
  readonly clock: Clock;
}

export function makeWorld(): TestWorld {
  const world = { net: makeNetwork(), nowMs: START_MS, clock: () => world.nowMs };
  return world;
}

export const optionsFor = (
  world: TestWorld,
  name: string,
  store: Store,
  transport: DirectoryTransport = OFFLINE,
): CreateOptions => {
  const { id: _id, quorum: _quorum, ...network } = world.net.network;
  return {
    store,
    suite,
    clock: world.clock,
    entropy: systemEntropy,
    transport,
    network,
    endpoints: [],
    name,
    passphrase: PASSPHRASE,
    algorithm: 'ml-dsa-44',
    wordsFromEntropy: toHex,
    cost: CHEAP_COST,
  };
};

export const makeWallet = async (
  world: TestWorld,
  name: string,
  disk: MemoryDisk = memoryDisk(),
  transport?: DirectoryTransport,
): Promise<Created> => must(await createWallet(optionsFor(world, name, memoryStore(disk), transport)));

/** As after a restart. */
export const reopen = async (
  world: TestWorld,
  store: Store,
  transport: DirectoryTransport = OFFLINE,
): Promise<Device> =>
  must(
    await openWallet({
      store,
      suite,
      clock: world.clock,
      entropy: systemEntropy,
      transportFor: () => transport,
      passphrase: PASSPHRASE,
    }),
  );
