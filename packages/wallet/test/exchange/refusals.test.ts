/** What each turn refuses, and by which rule: everything else about the payment is as it should be. */
import { LIMITS, must, type Result } from '@dsm/core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { releaseExpired } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { accept, acknowledge, commit, offer, receive, refund, request } from '../../src/exchange/index.ts';
import { readChain, putChain } from '../../src/records/chain.ts';
import { placeKey } from '../../src/records/codecs.ts';
import { listReservations, reservationRecords } from '../../src/records/reservation.ts';
import { stateRecords } from '../../src/records/state.ts';
import { sync } from '../../src/sync/sync.ts';
import { openVault } from '../../src/vault/record.ts';
import { cutOff, messageOf, offerTo, pay, payUpToCommit, takeAny } from '../attack/kit.ts';
import { present, suite } from '../support/wallets.ts';
import { command, copyOf, layTable, makePerson, type Table } from './table.ts';

let table: Table;
let alice: Device;
let till: Device;

let startMs: number;

beforeAll(async () => {
  table = await layTable();
  startMs = table.world.nowMs;
});

/** Both as they were when the table was laid. Only the last test brings something to the nodes. */
beforeEach(async () => {
  table.world.nowMs = startMs;
  table.directory.down.clear();
  alice = await copyOf(table, table.alice);
  till = await copyOf(table, table.till);
});

const expectFailure = (result: Result<unknown>, expected: string): void =>
  expect(result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`).toBe(expected);

const offered = async (options: Parameters<typeof offerTo>[3] = {}) => must(await offerTo(table, alice, till, options));

/** As the payer's signed total of the one reservation stands at this device. */
async function setTotal(device: Device, total: bigint): Promise<void> {
  const reservation = present((await listReservations(device))[0]);
  must(await device.store.commit([reservationRecords.put(device, reservation.vault, { ...reservation, total })]));
}

describe('whom a payment is with', () => {
  test('VAL-6: nobody pays oneself', async () => {
    expectFailure(await offerTo(table, alice, alice), 'E_SELF VAL-6');
  });

  test('WAL-9: nobody pays somebody whose card is not there', async () => {
    const stranger = await makePerson(table.world, table.directory, 'stranger');
    expectFailure(await offerTo(table, alice, stranger.device), 'E_CONTACT WAL-9');
  });

  test('REL-10: no device accepts its own offer', async () => {
    expectFailure(await accept(alice, messageOf(await offered())), 'E_SELF REL-10');
  });

  test('REL-21: no device commits to its own request', async () => {
    await pay(table, alice, till);
    const from = { command: command(), from: alice.account, token: table.token, amount: 5n, order: '' };
    const requested = must(await request(till, from));
    expectFailure(await commit(till, messageOf(requested)), 'E_STATE REL-21');
  });

  test('VAL-1: what is paid is a token that this device has met', async () => {
    const token = suite.hash('test-token', new Uint8Array()) as typeof table.token;
    expectFailure(await offerTo({ token }, alice, till), 'E_TOKEN VAL-1');
  });
});

describe('REL-12: when an offer is accepted', () => {
  test('not while it begins in the future by more than the clocks may differ', async () => {
    const message = messageOf(await offered());
    table.world.nowMs -= table.world.net.network.deltaMs + 1;
    expectFailure(await accept(till, message), 'E_TOO_EARLY REL-12');
    table.world.nowMs += 1;
    must(await accept(till, message));
  });

  test('not when its time is over', async () => {
    const message = messageOf(await offered({ expiryMs: 60_000 }));
    table.world.nowMs += 60_001;
    expectFailure(await accept(till, message), 'E_EXPIRED REL-12');
  });

  test('not from E − margin on', async () => {
    const { until } = present((await listReservations(alice))[0]);
    const claimBy = until - table.world.net.network.marginMs;
    table.world.nowMs = claimBy - 60_000;
    const message = messageOf(await offered());
    table.world.nowMs = claimBy;
    expectFailure(await accept(till, message), 'E_EXPIRED REL-12');
  });

  test('not when there is no time left to settle it', async () => {
    await takeAny(till);
    const message = messageOf(await offered({ provisional: true }));
    table.world.nowMs += table.world.net.network.settleMs;
    expectFailure(await accept(till, message), 'E_EXPIRED REL-12');
  });

  test('its own time, which the payer has set, ends before what the payee would grant', async () => {
    await takeAny(till);
    const first = await offered({ provisional: true, expiryMs: 60_000 });
    const accepted = must(await accept(till, messageOf(first)));
    table.world.nowMs += 60_001;
    expectFailure(await commit(alice, messageOf(accepted)), 'E_EXPIRED REL-12');
  });
});

describe('REL-14: the uncertified states of a payer', () => {
  test('one that contradicts another that is known is not accepted', async () => {
    await takeAny(till);
    const copy = await copyOf(table, table.alice);
    cutOff(table);
    await pay(table, alice, till, { provisional: true, amount: 100n });
    const twice = must(await offerTo(table, copy, till, { provisional: true, amount: 101n }));
    expectFailure(await accept(till, messageOf(twice)), 'E_CONFLICT REL-14');
  });

  test('the limit: 64, and none is put on top', async () => {
    const { account } = alice;
    const chain = present(await readChain(alice, account));
    const first = chain.certifiedTip.index + 1;
    const last = chain.certifiedTip.index + LIMITS.uncertifiedRun;
    const open = { hash: chain.tip.hash, status: 'signed', mode: 'provisional', attached: [] } as const;
    const places = Array.from({ length: LIMITS.uncertifiedRun }, (_, i) => placeKey(account, first + i));
    must(
      await alice.store.commit([
        ...places.map((place) => stateRecords.put(alice, place, open)),
        putChain(alice, account, { ...chain, tip: { ...chain.tip, index: last } }),
      ]),
    );
    expectFailure(await offerTo(table, alice, till, { provisional: true }), 'E_LIMIT REL-14');
  });
});

describe('REL-5: the total of a reservation', () => {
  test('must stand in a half: neither an offer nor a request begins above another', async () => {
    await pay(table, alice, till);
    await setTotal(alice, 101n);
    expectFailure(await offerTo(table, alice, till), 'E_TOTAL REL-5');
    await setTotal(till, 101n);
    const from = { command: command(), from: alice.account, token: table.token, amount: 5n, order: '' };
    expectFailure(await request(till, from), 'E_TOTAL REL-5');
  });
});

test('REL-22: a commit after E − margin is void, however often it comes', async () => {
  const { committed } = await payUpToCommit(table, alice, till);
  table.world.nowMs += 30 * 86_400_000;
  expectFailure(await receive(till, messageOf(committed)), 'E_VOID REL-22');
  expectFailure(await receive(till, messageOf(committed)), 'E_VOID REL-22');
});

describe('what follows a payment', () => {
  test('REL-19: only what was received is acknowledged', async () => {
    const { payment } = must(await accept(till, messageOf(await offered())));
    expectFailure(await acknowledge(till, payment), 'E_STATE REL-19');
  });

  test('REL-24: only what was received is paid back', async () => {
    const { payment } = (await pay(table, alice, till)).committed;
    const back = { command: command(), payment: payment.payment, provisional: true };
    expectFailure(await refund(alice, back), 'E_STATE REL-24');
  });
});

test('REL-24: a refund that is repeated is the same one, and counts once', async () => {
  const canteen = await copyOf(table, table.canteen);
  await takeAny(canteen);
  cutOff(table);
  const { received } = await pay(table, alice, canteen, { provisional: true, amount: 100n });
  const back = { command: command(), payment: received.payment.payment, amount: 100n, provisional: true };
  const first = must(await refund(canteen, back));
  expect(must(await refund(canteen, back)).message).toEqual(first.message);
  expectFailure(await refund(canteen, { ...back, command: command() }), 'E_AMOUNT REL-24');
});

describe('a command that is repeated as another one', () => {
  test('REL-17: a request under the key of an offer is no request', async () => {
    const key = command();
    await offered({ command: key });
    const from = { command: key, from: till.account, token: table.token, amount: 100n, order: '' };
    expectFailure(await request(alice, from), 'E_STATE REL-17');
    expect((await offer(alice, { ...from, to: till.account, provisional: false })).ok).toBe(true);
  });
});

test('RES-5: a commit after the value went back to the payer is void', async () => {
  await pay(table, alice, till);
  const { committed } = await payUpToCommit(table, alice, till);
  table.world.nowMs += 31 * 86_400_000;
  must(await releaseExpired(alice, till.account));
  const { vault } = present((await listReservations(alice))[0]);
  expect(must(await openVault(alice, vault)).reservation.status).toBe('released');
  must(await sync(till));
  expectFailure(await receive(till, messageOf(committed)), 'E_VOID RES-5');
});
