/** Wallets of the library over four nodes in this process. */
import { memoryDisk, memoryStore, type MemoryDisk, type Result, type Store } from '@dsm/core';
import { expect } from 'vitest';
import { memoryLink, openWallet, type Link, type Wallet } from '../src/node/index.ts';
import { makeDirectory, type TestDirectory } from '../../wallet/test/support/directory.ts';
import { CHEAP_COST, makeWorld, type TestWorld } from '../../wallet/test/support/wallets.ts';

export const DAY_MS = 86_400_000;

export const expectOk = <T>(result: Result<T>): T => {
  if (!result.ok) expect.fail(`${result.error.code} ${result.error.rule} ${result.error.message}`);
  return result.value;
};

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);
export const ruleOf = (result: Result<unknown>): string =>
  result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`;

export interface Scene {
  readonly world: TestWorld;
  readonly directory: TestDirectory;
  /** Issues MEAL and takes it. */
  readonly shop: Wallet;
  /** Has 100.00 MEAL, 20.00 of them set aside for the shop. */
  readonly phone: Wallet;
  readonly disks: { readonly shop: MemoryDisk; readonly phone: MemoryDisk };
}

export const open = (
  scene: Pick<Scene, 'world' | 'directory'>,
  name: string,
  store: Store = memoryStore(),
): Promise<Result<Wallet>> =>
  openWallet({
    store,
    network: { network: scene.world.net.network, endpoints: [] },
    passphrase: 'correct horse',
    name,
    algorithm: 'ml-dsa-44',
    cost: CHEAP_COST,
    clock: scene.world.clock,
    transportFor: () => scene.directory.transport,
  });

export async function befriend(...wallets: readonly Wallet[]): Promise<void> {
  for (const one of wallets) {
    for (const other of wallets) if (one !== other) expectOk(await one.contacts.add(expectOk(await other.card())));
  }
}

export async function makeScene(): Promise<Scene> {
  const world = makeWorld();
  const directory = await makeDirectory(world);
  const disks = { shop: memoryDisk(), phone: memoryDisk() };
  const shop = expectOk(await open({ world, directory }, 'shop', memoryStore(disks.shop)));
  const phone = expectOk(await open({ world, directory }, 'phone', memoryStore(disks.phone)));
  await befriend(shop, phone);
  expectOk(await shop.tokens.create({ symbol: 'MEAL', cap: '10000' }));
  expectOk(await shop.tokens.mint('1000 MEAL'));
  expectOk(await shop.pay({ to: 'phone', amount: '100 MEAL' }));
  expectOk(await phone.sync());
  expectOk(await phone.reserve({ for: 'shop', amount: '20 MEAL', until: world.nowMs + 30 * DAY_MS }));
  return { world, directory, shop, phone, disks };
}

export const goOffline = ({ directory }: Scene): void => {
  for (const node of [0, 1, 2, 3]) directory.down.add(node);
};

/** A byte copy of a disk opened as after a crash. */
export const reopen = async (scene: Scene, who: 'shop' | 'phone'): Promise<Wallet> =>
  expectOk(await open(scene, who, memoryStore(scene.disks[who])));

/** A link whose ends the test can break. */
export function breakable(): { readonly ends: readonly [Link, Link]; breakAfter(messages: number): void } {
  const [a, b] = memoryLink();
  let left = Infinity;
  const counted = (link: Link): Link => ({
    isReliable: true,
    receive: (options) => link.receive(options),
    close: () => link.close(),
    async send(message, options) {
      left -= 1;
      if (left < 0) await link.close();
      return link.send(message, options);
    },
  });
  return {
    ends: [counted(a), counted(b)],
    breakAfter: (messages) => {
      left = messages;
    },
  };
}

export async function received(wallet: Wallet): Promise<readonly string[]> {
  return expectOk(await wallet.history())
    .filter(({ direction, kind, grade }) => direction === 'in' && kind !== 'mint' && grade !== null)
    .map(({ amount, order, grade }) => `${amount.text} ${order} ${grade}`);
}
