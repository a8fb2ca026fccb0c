/** For each check a violation that is made up, and that it sees. */
import {
  encodeItem,
  encodeWith,
  equalBytes,
  keyId,
  must,
  proposeAnswerCodec,
  ROUTES,
  startAnswerCodec,
  type ChainId,
  type Proposal,
  type StateHash,
  type Write,
} from '@dsm/core';
import { slotCodec } from '@dsm/directory';
import { history, listReservations, type Device } from '@dsm/wallet';
import { expect, test } from 'vitest';
import { chainRecords, readChain } from '../../../packages/wallet/src/records/chain.ts';
import { placeKey, textKey } from '../../../packages/wallet/src/records/codecs.ts';
import { creditRecords } from '../../../packages/wallet/src/records/credit.ts';
import { evidenceRecords } from '../../../packages/wallet/src/records/evidence.ts';
import { finalRecords } from '../../../packages/wallet/src/records/final.ts';
import { itemRecords, readItem } from '../../../packages/wallet/src/records/item.ts';
import { journalRecords } from '../../../packages/wallet/src/records/journal.ts';
import { paymentRecords } from '../../../packages/wallet/src/records/payment.ts';
import { readState, stateRecords } from '../../../packages/wallet/src/records/state.ts';
import { exchangeRecords, relationshipRecords } from '../../../packages/wallet/src/exchange/records.ts';
import type { Fact } from '../../world/facts.ts';
import type { Participant } from '../../world/participant.ts';
import { finishAll } from '../../world/finish.ts';
import { countWork, unfinished } from '../../world/unfinished.ts';
import { placeText } from '../chronicle.ts';
import { timelyCommits } from '../exact.ts';
import { claimsWereSigned } from '../payers.ts';
import { inventFinals, judge, playScene, show, someHash, type Scene } from './kit.ts';

const PROPOSAL: Proposal = { state: someHash(1), half: someHash(2) as Uint8Array as ChainId, reference: null };

const commit = (by: Participant, ...writes: readonly Write[]): Fact => ({ type: 'commit', by, writes });
const told = (by: Participant, command: string, value: unknown): Fact => ({
  type: 'told',
  by,
  command,
  failure: undefined,
  value,
});
const answer = (by: Participant, path: string, body: Uint8Array): Fact => ({
  type: 'answer',
  by,
  path,
  request: null,
  status: 200,
  body,
});

const whoOf = ({ stage }: Scene, device: Device): Participant => {
  const seat = stage.world.seats.find((one) => one.device === device);
  if (!seat) throw new Error('nobody has that device');
  return seat.who;
};

const nodeOf = ({ stage }: Scene, index: number): Participant => {
  const seat = stage.world.nodeSeats[index];
  if (!seat) throw new Error('there is no such node');
  return seat.who;
};

const signature = (by: Participant, chain: ChainId, index: number, hash: Uint8Array): Fact => ({
  type: 'signature',
  by,
  purpose: 'state',
  message: encodeItem([someHash(0), chain, index, index, hash]),
});

test('one signature: an honest device signs another state for a place', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const by = whoOf(scene, alice);
    expect(await show(check('one signature'), signature(by, alice.account, 1, someHash(9)))).toContain('signs 09');
    expect(await show(check('intent first'), signature(by, alice.account, 1, someHash(8)))).toContain('its disk holds');
  }));

test('balances add up: a state that is not what the account shows', () =>
  playScene(async (scene) => {
    const { alice, check, stage } = scene;
    const found = must(await history(alice)).find(({ payment }) => payment.status === 'final');
    if (!found) throw new Error('alice was paid');
    const state = await readState(alice, alice.account, 1);
    if (!state) throw new Error('alice has no states');
    const write = stateRecords.put(alice, placeKey(alice.account, 1), { ...state, status: 'lost' });
    await stage.live(async () => {
      must(await alice.store.commit([write], []));
    });
    expect(await check('balances add up').atEnd?.()).toContain('adds up to');
  }));

test('one Final, true Final: two honest participants hold different states, nobody decided one', () =>
  playScene(async (scene) => {
    const { alice, bob, check, stage } = scene;
    const final = (device: Device, byte: number): Fact =>
      commit(whoOf(scene, device), finalRecords.put(device, placeKey(alice.account, 7), someHash(byte)));
    await stage.chronicle.take(final(alice, 8));
    expect(await check('true Final').afterEvent?.()).toContain('takes 08');
    await stage.chronicle.take(final(bob, 9));
    expect(await check('one Final').afterEvent?.()).toContain('holds 08');
  }));

test("one Final, nodes' word: votes of all for two states; a vote that is taken back", () =>
  playScene(async (scene) => {
    const { alice, check, stage } = scene;
    const key = placeKey(alice.account, 1);
    for (const node of [0, 1, 2, 3]) {
      const slot = stage.chronicle.slots.get(`node ${node}`)?.get(placeText(alice.account, 1));
      if (!slot) throw new Error('nobody voted');
      const votes = slot.votes.map((mark) => ({ ...mark, hash: someHash(9) }));
      const put = encodeWith(slotCodec, { ...slot, votes });
      await stage.chronicle.take(commit(nodeOf(scene, node), { collection: 'slot', key, put }));
    }
    expect(await check("nodes' word").afterEvent?.()).toContain('takes back');
    expect(await check('one Final').afterEvent?.()).toContain('can both be Final');
  }));

test('no false accusation; accepted verifies: evidence against somebody honest, and it proves nothing', () =>
  playScene(async (scene) => {
    const { alice, bob, check, stage } = scene;
    const record = {
      id: someHash(1),
      fork: { chain: alice.account, index: 1, first: someHash(1), second: someHash(2) },
      device: keyId(stage.world.suite, alice.key.publicKey),
      at: 1,
      items: [],
    };
    const fact = commit(whoOf(scene, bob), evidenceRecords.put(bob, record.id, record));
    expect(await show(check('no false accusation'), fact)).toContain(`evidence against ${alice.name}`);
    expect(await show(check('accepted verifies'), fact)).toContain('evidence that does not verify');
  }));

test('true halves: a state of a half that its writer never signed', () =>
  playScene(async (scene) => {
    const { alice, bob, check } = scene;
    const half = someHash(5) as Uint8Array as ChainId;
    const relationship = { id: someHash(6), peer: bob.account, purpose: 'payments', ownHalf: half, peerHalf: null };
    const tip = { index: 3, hash: someHash(7) };
    const facts = [
      commit(whoOf(scene, alice), relationshipRecords.put(alice, relationship.id, relationship)),
      commit(whoOf(scene, bob), chainRecords.put(bob, half, { kind: 'half', tip, certifiedTip: tip, k: 16 })),
    ];
    expect(await show(check('true halves'), ...facts)).toContain('who signed nothing');
    expect(await show(check('accepted verifies'), ...facts)).toContain('half of a peer');
  }));

test('accepted verifies: a Final without certificate, a credit that nobody paid, a state without body', () =>
  playScene(async (scene) => {
    const { alice, check, stage } = scene;
    const by = whoOf(scene, alice);
    const look = (write: Write) => show(check('accepted verifies'), commit(by, write));
    expect(await look(finalRecords.put(alice, placeKey(alice.account, 9), someHash(9)))).toContain('for final');
    const token = stage.world.token ?? (someHash(0) as never);
    const credit = { source: alice.account, index: 1, output: 0, token, amount: 5n, received: null };
    expect(await look(creditRecords.put(alice, someHash(1), credit))).toContain('a credit of 5');
    const state = { hash: someHash(9), status: 'signed', mode: 'online', attached: [] } as const;
    expect(await look(stateRecords.put(alice, placeKey(alice.account, 9), state))).toContain('without body');
  }));

test('verifies from genesis: a message that nobody can verify', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const value = { message: Uint8Array.of(1, 2, 3), turn: 'offered' };
    expect(await show(check('verifies from genesis'), told(whoOf(scene, alice), 'offer', value))).toContain(
      'does not verify',
    );
  }));

test('certified is final; reserved is covered: people are told what is not so', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const by = whoOf(scene, alice);
    const paid = { chain: alice.account, index: 1, hash: someHash(9) };
    expect(await show(check('certified is final'), told(by, 'pay', paid))).toContain('is told that state 1');
    const payment = { payment: someHash(1), vault: someHash(2), amount: 5n, grade: 'reserved', status: 'received' };
    const value = { turn: 'received', payment };
    expect(await show(check('reserved is covered'), told(by, 'commit', value))).toContain('nothing final is set aside');
  }));

test('told payments survive: a payment that is gone after a crash, removed, or of no account any more', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const by = whoOf(scene, alice);
    const payment = { ...must(await history(alice))[0]?.payment, status: 'received', kind: 'reserved' } as never as {
      readonly payment: Uint8Array;
    };
    const survive = check('told payments survive');
    await show(survive, told(by, 'commit', { turn: 'received', payment }));
    const store = { get: () => Promise.resolve(undefined), scan: () => Promise.resolve([]) };
    expect(await show(survive, { type: 'opened', by, store })).toContain('has lost payment');
    expect(await show(survive, commit(by, paymentRecords.remove(payment.payment)))).toContain('removes a payment');
    const expired = paymentRecords.put(alice, payment.payment, { ...payment, status: 'expired' } as never);
    expect(await show(survive, commit(by, expired))).toContain('now expired');
  }));

test('receipts survive: a node opens a disk without what it gave receipts for', () =>
  playScene(async (scene) => {
    const { check } = scene;
    const size = new Uint8Array(8).fill(1);
    const empty = { scan: () => Promise.resolve([]), get: () => Promise.resolve(undefined) };
    const by = nodeOf(scene, 0);
    expect(await show(check('receipts survive'), { type: 'opened', by, store: empty })).toContain('lost leaves');
    const slotless = {
      ...empty,
      get: (collection: string) => Promise.resolve(collection === 'log' ? size : undefined),
    };
    expect(await show(check('receipts survive'), { type: 'opened', by, store: slotless })).toContain('has lost votes');
  }));

test('one word a round: two reports, two proposals, a report without a promise', () =>
  playScene(async (scene) => {
    const { alice, check, stage } = scene;
    const by = nodeOf(scene, 0);
    const place = { chain: alice.account, index: 1, round: 0 };
    const report = (byte: number) => ({
      ...place,
      node: 0,
      lock: null,
      vote: null,
      signature: new Uint8Array(2_420).fill(byte),
    });
    const started = (byte: number, more: object = {}): Fact =>
      answer(by, ROUTES.start, encodeWith(startAnswerCodec, { type: 'report', report: { ...report(byte), ...more } }));
    const proposed = (byte: number): Fact => {
      const signed = { ...place, round: 1, hash: someHash(byte), reports: [report(1)], signature: report(1).signature };
      return answer(by, ROUTES.propose, encodeWith(proposeAnswerCodec, { type: 'proposal', proposal: signed }));
    };
    const word = check('one word a round');
    expect(await show(word, started(1), started(1))).toBe(undefined);
    expect(await show(word, started(2))).toContain('reports twice');
    expect(await show(word, started(1, { round: 5 }))).toContain('has promised 0');
    expect(await show(word, proposed(1), proposed(1))).toBe(undefined);
    expect(await show(word, proposed(2))).toContain('two proposals');
    expect(stage.violation).toBe(undefined);
  }));

test('nothing on open slots: an intent above a state that is not final', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const state = { hash: someHash(9), status: 'intent', mode: 'online', attached: [] } as const;
    const write = stateRecords.put(alice, placeKey(alice.account, 9), state);
    expect(await show(check('nothing on open slots'), commit(whoOf(scene, alice), write))).toContain('not final');
  }));

test('claims were signed: more is claimed than an honest payer has signed', () =>
  playScene(async ({ stage, alice }) => {
    const own = (await listReservations(alice)).find(({ payer }) => equalBytes(payer, alice.account));
    if (!own) throw new Error('alice has set nothing aside');
    const { vault, payee: to, token } = own;
    const operation = {
      type: 'claim',
      window: { from: 0, until: own.until },
      to,
      token,
      amount: 1n,
      total: 1n,
    } as const;
    const chronicle = inventFinals(stage, [{ chain: vault, index: 1, operation: { kind: 'vault', operation } }]);
    expect(await judge(stage, claimsWereSigned, chronicle)).toContain('has signed 0');
  }));

test('timely commits: a payer commits after the accept has expired', () =>
  playScene(async (scene) => {
    const { alice, bob, stage } = scene;
    const [known] = must(await history(alice));
    if (!known) throw new Error('alice was paid');
    const payment = { ...known.payment, direction: 'out', status: 'committed' } as const;
    const operation = { type: 'burn', window: { from: 0, until: 1 }, token: payment.token, amount: 1n } as const;
    const made = [{ chain: bob.account, index: 1, operation: { kind: 'account', operation } }] as const;
    const chronicle = inventFinals(stage, made);
    const accept = Uint8Array.from(Buffer.from(chronicle.newFinals[0]?.hash ?? '', 'hex')) as StateHash;
    const exchange = { proposal: PROPOSAL, relationship: someHash(1), accept };
    const fact = commit(
      whoOf(scene, alice),
      paymentRecords.put(alice, payment.payment, payment),
      exchangeRecords.put(alice, payment.payment, exchange),
    );
    expect(await show(timelyCommits(stage.world, chronicle), fact)).toContain('after the accept has expired');
  }));

test('exact certificates: one receipt more, one less', () =>
  playScene(async (scene) => {
    const { alice, check } = scene;
    const name = `certificate ${Buffer.from(alice.account).toString('hex')} 1`;
    const item = await readItem(alice, name);
    if (item?.type !== 'certificate') throw new Error('alice has no certificate');
    const { certificate } = item;
    for (const receipts of [certificate.receipts.slice(1), [...certificate.receipts, ...certificate.receipts]]) {
      const write = itemRecords.put(alice, textKey(name), { ...item, certificate: { ...certificate, receipts } });
      expect(await show(check('exact certificates'), commit(whoOf(scene, alice), write))).toContain(
        'keeps a certificate',
      );
    }
  }));

test('no defects: a command that throws, an answer that says so', () =>
  playScene(async (scene) => {
    const failure = { code: 'E_INTERNAL', rule: 'thrown', message: 'a defect' } as const;
    const fact: Fact = { ...(told(whoOf(scene, scene.alice), 'sync', undefined) as object), failure } as Fact;
    expect(await show(scene.check('no defects'), fact)).toContain('a defect');
  }));

test('work finishes: a journal that is not empty, a sync that leaves something, too many requests, no end', () =>
  playScene(async ({ stage, alice }) => {
    const { world, chronicle } = stage;
    await stage.live(() => countWork(world));
    await stage.live(() => finishAll(world, 3));
    const look = (): Promise<string | undefined> => unfinished(world, chronicle, 3);
    expect(await look()).toBe(undefined);
    const asked = world.network.asked.get(alice.name) ?? 0;
    world.network.asked.set(alice.name, 1_000_000);
    expect(await look()).toContain('1000000 requests');
    world.network.asked.set(alice.name, asked);
    const last = world.lastSyncs.get(alice.name);
    world.lastSyncs.set(alice.name, { ok: false, error: { code: 'E_UNREACHABLE', rule: 'NET-13', message: 'none' } });
    expect(await look()).toContain('E_UNREACHABLE');
    world.lastSyncs.set(alice.name, last);
    const chain = await readChain(alice, alice.account);
    const entry = journalRecords.put(alice, placeKey(alice.account, chain?.tip.index ?? 1), true);
    await stage.live(async () => {
      must(await alice.store.commit([entry], []));
    });
    expect(await look()).toContain('in its journal');
    await stage.live(() => new Promise(() => {}));
    expect(stage.violation?.check).toBe('nothing waits for ever');
  }));
