import {
  compareBytes,
  itemNames,
  LIMITS,
  memoryDisk,
  memoryStore,
  nextBody,
  stateHash,
  toHex,
  type Body,
  type StoreRecord,
  type Write,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { countingSuite } from '../../../tests/kit/index.ts';
import { readBody } from '../src/chain/draft.ts';
import type { Device } from '../src/device.ts';
import { putChain, readChain } from '../src/records/chain.ts';
import { placeKey, textKey } from '../src/records/codecs.ts';
import { itemRecords } from '../src/records/item.ts';
import { stateRecords } from '../src/records/state.ts';
import { getState } from '../src/view/chain.ts';
import { expectCode, expectOk } from './support/scene.ts';
import { makeWallet, makeWorld, present, suite } from './support/wallets.ts';

const LENGTH = 100_000;

/** A disk with these records; keys in order, as a memory disk needs them. */
function fill(records: StoreRecord[], writes: readonly Write[]): void {
  for (const write of writes) if ('put' in write) records.push({ key: write.key, value: write.put });
  records.sort((a, b) => compareBytes(a.key, b.key));
}

describe('a chain of 100,000 states', () => {
  const counting = countingSuite(suite);
  const hashes: string[] = [];
  let device: Device;

  beforeAll(async () => {
    const disk = memoryDisk();
    const { device: owner } = await makeWallet(makeWorld(), 'alice', disk);
    const { account } = owner;
    const chain = present(await readChain(owner, account));
    const bodies: Write[] = [];
    const states: Write[] = [];
    let body: Body = present(await readBody(owner, chain.tip.hash));
    let hash = chain.tip.hash;
    hashes.push(toHex(hash));
    for (let index = 1; index <= LENGTH; index++) {
      body = nextBody(suite, body, { op: hash, window: body.window, root: body.root, k: chain.k }, hash);
      hash = stateHash(suite, body);
      hashes.push(toHex(hash));
      bodies.push(itemRecords.put(owner, textKey(itemNames.body(hash)), { type: 'body', body }));
      states.push(
        stateRecords.put(owner, placeKey(account, index), { hash, status: 'final', mode: 'online', attached: [] }),
      );
    }
    fill(present(disk.get('item')), bodies);
    fill(present(disk.get('state')), states);
    const tip = { index: LENGTH, hash };
    await owner.store.commit([putChain(owner, account, { ...chain, tip, certifiedTip: tip })]);
    device = { ...owner, suite: counting, store: memoryStore(disk) };
  }, 60_000);

  test('CHN-8: any state is found with at most k hashes and one for the row of the chain', async () => {
    for (const index of [0, 1, 63, 64, 65, 50_047, 99_999, LENGTH]) {
      counting.reset();
      const found = expectOk(await getState(device, index));
      expect(found.body.index).toBe(index);
      expect(toHex(found.hash)).toBe(hashes[index]);
      expect(counting.counts.hash, `state ${index}`).toBeLessThanOrEqual(LIMITS.defaultSkip + 1);
    }
    expectCode(await getState(device, LENGTH + 1), 'E_NOT_FOUND');
  });

  test('CHN-8: a state that was changed is not found', async () => {
    const state = present(await stateRecords.read(device, placeKey(device.account, 777)));
    const other = present(await stateRecords.read(device, placeKey(device.account, 778)));
    await device.store.commit([
      stateRecords.put(device, placeKey(device.account, 777), { ...state, hash: other.hash }),
    ]);
    expectCode(await getState(device, 777), 'E_DAMAGED');
  });
});
