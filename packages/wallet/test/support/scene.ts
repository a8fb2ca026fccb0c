/** A canteen with its token, and customers who have some, all through the directory. */
import { memoryDisk, must, type MemoryDisk, type Result, type TokenId } from '@dsm/core';
import { expect } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { createToken, mint } from '../../src/account/token.ts';
import { ownCard } from '../../src/contacts/card.ts';
import { addContact } from '../../src/contacts/contacts.ts';
import type { Device } from '../../src/device.ts';
import { sync, type SyncReport } from '../../src/sync/sync.ts';
import { balances } from '../../src/view/balances.ts';
import { makeDirectory, type TestDirectory } from './directory.ts';
import { makeWallet, makeWorld, type TestWorld } from './wallets.ts';

export interface Scene {
  readonly world: TestWorld;
  readonly directory: TestDirectory;
  readonly canteen: Device;
  readonly token: TokenId;
}

export interface Customer {
  readonly device: Device;
  readonly disk: MemoryDisk;
}

export const expectOk = <T>(result: Result<T>): T => {
  if (!result.ok) expect.fail(`${result.error.code} ${result.error.rule} ${result.error.message}`);
  return result.value;
};

export const expectCode = (result: Result<unknown>, code: string): void => {
  expect(result.ok ? 'ok' : result.error.code).toBe(code);
};

export async function makeScene(): Promise<Scene> {
  const world = makeWorld();
  const directory = await makeDirectory(world);
  const { device: canteen } = await makeWallet(world, 'canteen', memoryDisk(), directory.transport);
  const { token } = expectOk(await createToken(canteen, { symbol: 'MEAL', decimals: 2, cap: 1_000_000n }));
  expectOk(await mint(canteen, token, 500_000n));
  return { world, directory, canteen, token };
}

export const addCustomer = async ({ world, directory }: Scene, name: string): Promise<Customer> => {
  const disk = memoryDisk();
  const { device } = await makeWallet(world, name, disk, directory.transport);
  return { device, disk };
};

/** A customer who was paid by the canteen and has received it. */
export async function addRichCustomer(scene: Scene, name: string, amount: bigint): Promise<Customer> {
  const customer = await addCustomer(scene, name);
  expectOk(await payOnline(scene.canteen, { to: customer.device.account, token: scene.token, amount }));
  await syncNow(customer.device);
  return customer;
}

export const befriend = async (a: Device, b: Device): Promise<void> => {
  expectOk(await addContact(a, { file: must(await ownCard(b)) }));
  expectOk(await addContact(b, { file: must(await ownCard(a)) }));
};

export const syncNow = async (device: Device): Promise<SyncReport> => expectOk(await sync(device));

/** The four amounts of the one token that matters here. */
export async function balanceOf(device: Device, token: TokenId) {
  const row = expectOk(await balances(device)).find(({ token: other }) => Buffer.compare(other, token) === 0);
  const { available, setAside, reserved, provisional } = row ?? {
    available: 0n,
    setAside: 0n,
    reserved: 0n,
    provisional: 0n,
  };
  return { available, setAside, reserved, provisional };
}
