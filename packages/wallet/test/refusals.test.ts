/** What the parts of a wallet refuse when they are asked for what is not there, or twice at once. */
import {
  hashReference,
  must,
  toHex,
  type Body,
  type ChainId,
  type Operation,
  type Receive,
  type Result,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { createToken } from '../src/account/token.ts';
import { requireChain } from '../src/chain/draft.ts';
import { finishIntent, signIntent } from '../src/chain/append.ts';
import type { Device } from '../src/device.ts';
import { describeReceive, isCredited, nullifierOf } from '../src/account/receive.ts';
import { effectsOf } from '../src/chain/finalize.ts';
import { settledPayments } from '../src/chain/settled.ts';
import { listReservations, reservationRecords } from '../src/records/reservation.ts';
import { SALT_BYTES } from '../src/exchange/records.ts';
import { showChain } from '../src/view/chain.ts';
import { acknowledge, cancel, refund } from '../src/exchange/index.ts';
import type { PaymentRecord } from '../src/records/payment.ts';
import { formatDate } from '../src/restore/date.ts';
import { showRestore } from '../src/restore/view.ts';
import { buildClaim } from '../src/sync/claims.ts';
import { openVault } from '../src/vault/record.ts';
import { openSlot } from '../src/unlock/slots.ts';
import { unlock } from '../src/unlock/unlock.ts';
import { appendRelease } from '../src/vault/append.ts';
import { cutOff } from './attack/kit.ts';
import { credit, layTable, type Table } from './exchange/table.ts';
import { present, suite } from './support/wallets.ts';

let table: Table;
let alice: Device;
let till: Device;

beforeAll(async () => {
  table = await layTable();
  [alice, till] = [table.alice.device, table.till.device];
});

const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`);

test('VAL-1: a token has a symbol of capitals', async () => {
  expect(codeOf(await createToken(till, { symbol: 'meal', decimals: 2, cap: 1n }))).toBe('E_TOKEN VAL-1');
});

test('VAL-7: nobody credits what was paid to somebody else', async () => {
  const paid = { source: table.canteen.device.account, index: 3, output: 0 };
  expect(await isCredited(alice, paid)).toBe(true);
  await expect(credit(till, paid.source, paid.index, table.canteen.device)).rejects.toThrow('E_CHAIN (VAL-7)');
  expect(await isCredited(till, paid)).toBe(false);
});

describe('WAL-3: signing', () => {
  test('a state that is not there', async () => {
    expect(codeOf(await signIntent(alice, alice.account, 99))).toBe('E_NOT_FOUND WAL-3');
  });

  test('on a chain that this device does not keep', async () => {
    expect(codeOf(await finishIntent(alice, till.account))).toBe('E_NOT_FOUND WAL-3');
    expect(codeOf(await requireChain(alice, till.account))).toBe('E_NOT_FOUND WAL-3');
  });

  test('RES-5: no release before the reservation is over', async () => {
    const { vault } = present((await listReservations(alice))[0]);
    expect(codeOf(await appendRelease(alice, vault))).toBe('E_TOO_EARLY RES-5');
  });

  test('two releases at once: one of them is signed', async () => {
    const { vault, until } = present((await listReservations(alice))[0]);
    table.world.nowMs = until + table.world.net.network.gapMs;
    const both = await Promise.all([appendRelease(alice, vault), appendRelease(alice, vault)]);
    expect(both.map(codeOf).toSorted()).toEqual(['E_STALE WAL-3', 'ok']);
  });
});

test('a payment with an order stands in the state by a hash, which the salt hides', async () => {
  const { token } = table;
  const reference = { salt: alice.entropy(SALT_BYTES), order: 'table 4', refundOf: null };
  must(await payOnline(alice, { to: till.account, token, amount: 5n, reference }));
  const { operation } = present(must(await showChain(alice)).at(-1));
  expect(operation).toMatchObject({ operation: { type: 'transfer', reference: hashReference(suite, reference) } });
});

test('WAL-13: what is unlocked is the chain that was named, and no other', async () => {
  const { vault } = present((await listReservations(alice))[0]);
  cutOff(table);
  expect(codeOf(await payOnline(alice, { to: till.account, token: table.token, amount: 6n }))).toMatch(/^E_PENDING /);
  expect(codeOf(await unlock(alice, { chain: till.identity, patienceMs: 0 }))).toBe('E_NOT_FOUND WAL-13');
  for (const chain of [vault, alice.account]) {
    const { open, waiting } = must(await unlock(alice, { chain, patienceMs: 0 }));
    const met = [...waiting.map((slot) => slot.chain), ...open.flatMap(({ place }) => (place ? [place.chain] : []))];
    expect(new Set(met.map(toHex))).toEqual(new Set([toHex(chain)]));
  }
});

test('WAL-13: of a place at which nothing was signed there is nothing to drive', async () => {
  const place = { kind: 'own', chain: alice.account, index: 99 } as const;
  expect(codeOf(await openSlot(alice, { ...place, states: [] }))).toBe('E_NOT_FOUND WAL-13');
  const [genesis] = must(await showChain(alice));
  expect(codeOf(await openSlot(alice, { ...place, states: [present(genesis).hash] }))).not.toBe('ok');
});

test('REL-21, REL-24: nothing is cancelled or paid back that is not known', async () => {
  const payment = new Uint8Array(32);
  expect(codeOf(await cancel(alice, payment))).toBe('E_NOT_FOUND REL-21');
  expect(codeOf(await refund(alice, { command: payment, payment, provisional: true }))).toBe('E_NOT_FOUND REL-24');
});

test('REL-19, RES-1, RES-4: nothing is acknowledged, opened or claimed that is not known', async () => {
  const payment = { payment: new Uint8Array(32) } as PaymentRecord;
  expect(codeOf(await acknowledge(alice, payment))).toBe('E_NOT_FOUND REL-21');
  expect(codeOf(await openVault(alice, till.account))).toBe('E_NOT_FOUND RES-1');
  expect(codeOf(await buildClaim(alice, till.account))).toBe('E_NOT_FOUND RES-4');
  const chain = suite.hash('test-chain', new Uint8Array()) as ChainId;
  expect(codeOf(await unlock(alice, { chain, patienceMs: 0 }))).toBe('E_NOT_FOUND WAL-13');
});

test('WAL-36: a wallet that was never restored has nothing to say about it', async () => {
  expect(must(await showRestore(alice))).toBeUndefined();
});

test('WAL-34: a date that no calendar has', () => {
  expect(formatDate(Number.MAX_SAFE_INTEGER)).toBe('the end of time');
});

test('a credit whose source is not there is told by its nullifier', async () => {
  const place = { source: till.account, index: 9, output: 0 };
  const told = await describeReceive(alice, { ...place, type: 'receive', token: table.token, amount: 1n } as Receive);
  expect(told).toMatchObject({ peer: till.account, payment: nullifierOf(alice, place) });
});

describe('what a final state changes beside its chain', () => {
  const finalOf = (kind: Body['kind'], chain: ChainId): Body => ({ kind, chain, index: 9 }) as Body;
  const VOID = { kind: 'vault', operation: { type: 'void' } } as unknown as Operation;

  test('CHN-14: a void of a reservation nothing, whether it is known or not', async () => {
    const { vault } = present((await listReservations(alice))[0]);
    expect(codeOf(await unlock(alice, { chain: till.identity, patienceMs: 0 }))).toBe('E_NOT_FOUND WAL-13');
    for (const chain of [vault, alice.account]) {
      expect(await effectsOf(alice, finalOf('vault', chain), VOID)).toEqual([]);
      expect(await settledPayments(alice, finalOf('vault', chain), VOID)).toEqual([]);
    }
  });

  test('RES-1: a reservation of other terms than those of its id is not final', async () => {
    const reservation = present((await listReservations(alice))[0]);
    const { payee, token, until, vault } = reservation;
    must(await alice.store.commit([reservationRecords.put(alice, vault, { ...reservation, status: 'pending' })]));
    const payeeKey = till.key.publicKey;
    const fund = { type: 'fund', window: { from: 0, until: 1 }, token, amount: 1n, payee, payeeKey, until, vault };
    const operation = { kind: 'account', operation: fund } as unknown as Operation;
    const writes = await effectsOf(alice, finalOf('account', alice.account), operation);
    expect(writes.map(({ collection }) => collection)).toEqual([reservationRecords.name]);
  });
});
