import {
  decodeFile,
  encodeFile,
  faultyStore,
  must,
  stateHash,
  compareBytes,
  type Body,
  type BundleItem,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import { accept, cancel, commit, receive, request } from '../../src/exchange/index.ts';
import { payingRelationships, relationshipRecords } from '../../src/exchange/records.ts';
import { beginRelationship } from '../../src/exchange/relationship.ts';
import { DEFAULT_RULES } from '../../src/exchange/terms.ts';
import { paymentRecords } from '../../src/records/payment.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { command, credit, layTable, type Table } from '../exchange/table.ts';
import { present, suite } from '../support/wallets.ts';
import { codeOf, messageOf, offerTo, pay, takeAny } from './kit.ts';

let table: Table;
beforeEach(async () => {
  table = await layTable();
});

/** The message with bodies changed as a hostile peer may, links and signatures left as they are. */
function withBodies(bytes: Uint8Array, change: (body: Body) => Body): { items: readonly BundleItem[]; last: Body } {
  const { items } = must(decodeFile(suite, bytes));
  const changed = items.map((item): BundleItem =>
    item.type === 'body' ? { type: 'body', body: change(item.body) } : item,
  );
  const bodies = changed.flatMap((item) => (item.type === 'body' ? [item.body] : []));
  const last = present(bodies.toSorted((a, b) => b.index - a.index)[0]);
  return { items: changed, last };
}

describe('a message that names a chain which is no half', () => {
  test('is refused as such, and does not make the wallet look damaged', async () => {
    const { alice, till } = table;
    const [reservation] = await listReservations(alice.device);
    const { vault } = present(reservation);
    const offered = must(await offerTo(table, alice.device, till.device));
    const accepted = must(await accept(till.device, messageOf(offered)));
    for (const chain of [vault, alice.device.account, till.device.account]) {
      const { items, last } = withBodies(messageOf(accepted), (body) =>
        body.kind === 'half' && body.index > 0 ? { ...body, chain } : body,
      );
      const forged = encodeFile(suite, 'accept', { accept: stateHash(suite, last) }, items);
      expect(codeOf(await commit(alice.device, forged))).toMatch(/^E_(CHAIN|INCOMPLETE|LINK|OPERATION)$/);
      const content = must(decodeFile(suite, messageOf(offered))).content as { readonly state: never };
      const moved = encodeFile(suite, 'offer', { ...content, half: chain, reference: null }, items);
      expect(codeOf(await accept(till.device, moved))).toMatch(/^E_(CHAIN|INCOMPLETE|LINK|OPERATION)$/);
    }
    must(await commit(alice.device, messageOf(accepted)));
  });
});

describe('two relationships of one pair', () => {
  test('REL-5: a reservation goes on in the half where it was begun, whichever relationship comes first', async () => {
    const { alice, till } = table;
    await pay(table, alice.device, till.device);
    const first = present((await payingRelationships(till.device, alice.device.account))[0]);
    // The till begins another one, whose id sorts before that of the first, and is accepted there.
    for (let i = 0; i < 256; i++) {
      const terms = { purpose: 'payments', rules: DEFAULT_RULES, nonce: new Uint8Array(16).fill(i) };
      const { id } = must(await beginRelationship(till.device, alice.device.account, terms));
      if (compareBytes(id, first.id) < 0) break;
    }
    const paid = must(await payOnline(alice.device, { to: till.device.account, token: table.token, amount: 1_000n }));
    await credit(till.device, paid.chain, paid.index, alice.device);
    await takeAny(alice.device);
    const disk = till.device.store;
    const second = present(
      (await payingRelationships(till.device, alice.device.account)).find(({ peerHalf }) => peerHalf === null),
    );
    must(await disk.commit([{ collection: 'relationship', key: first.id, remove: true }]));
    await pay(table, till.device, alice.device, { provisional: true });
    must(await disk.commit([relationshipRecords.put(till.device, first.id, first)]));
    expect(
      (await payingRelationships(alice.device, till.device.account)).map(({ peerHalf }) => peerHalf !== null),
    ).toEqual([true, true]);
    expect(second.id).not.toEqual(first.id);
    await pay(table, alice.device, till.device);
    const asked = { command: command(), from: alice.device.account, token: table.token, amount: 50n, order: '' };
    const requested = must(await request(till.device, asked));
    const committed = must(await commit(alice.device, messageOf(requested)));
    expect(must(await receive(till.device, messageOf(committed))).payment.grade).toBe('reserved');
    expect((await listReservations(till.device))[0]).toMatchObject({ total: 250n });
  });
});

describe('an offer that is refused', () => {
  test('REL-23: leaves the own offer that it crosses as it was', async () => {
    const { alice, till, token, world } = table;
    const paid = must(await payOnline(alice.device, { to: till.device.account, token, amount: 1_000n }));
    await credit(till.device, paid.chain, paid.index, alice.device);
    const until = world.nowMs + 30 * 86_400_000;
    must(await reserve(till.device, { for: alice.device.account, token, amount: 500n, until }));
    await pay(table, alice.device, till.device);
    const own = must(await offerTo(table, alice.device, till.device));
    for (let i = 0; i < 20; i++) {
      const theirs = must(await offerTo(table, till.device, alice.device));
      // The store of the payer fails at the accept: nothing of it may remain.
      const broken = { ...alice.device, store: faultyStore(alice.device.store, { 1: 'lost' }) };
      const refused = await accept(broken, messageOf(theirs));
      expect(codeOf(refused)).toMatch(/^E_(STORE|OPEN)$/);
      if (codeOf(refused) === 'E_STORE') break;
      must(await cancel(till.device, theirs.payment.payment));
    }
    expect((await paymentRecords.read(alice.device, own.payment.payment))?.status).toBe('offered');
  });
});
