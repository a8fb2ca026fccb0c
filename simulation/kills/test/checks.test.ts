/** Every check of the kills can fail: each is given something that is wrong, and the same without it. */
import {
  encodeItem,
  logLeafHash,
  logHasher,
  memoryStore,
  must,
  signMessage,
  statementToItem,
  toHex,
  treeHeadMessage,
  type ChainId,
  type StateHash,
  type Statement,
  type Store,
  type TreeHead,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeNetwork, seed, suite } from '../../../tests/kit/index.ts';
import { openHeadBook, openLogReader } from '../check/heads.ts';
import { brokenFact, checkFacts, type HomeView } from '../check/home.ts';
import { notePlace, openStateBook } from '../check/states.ts';
import { checkSides, checkValue } from '../check/value.ts';
import { noViolations } from '../check/violations.ts';
import { factsOf, isUnfinished, mayBecome, type Fact } from '../facts.ts';
import { seededRandom } from '../random.ts';

const net = makeNetwork();
const { network } = net;
const chain = seed('chain') as ChainId;

const statementOf = (index: number, name = 'state'): Statement => ({
  form: 'votes',
  chain,
  index,
  round: 0,
  hash: seed(name, index) as StateHash,
});

/** The store of a node with these leaves in its log. */
async function storeOf(statements: readonly Statement[]): Promise<Store> {
  const store = memoryStore();
  const position = (i: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, i);
  const writes = statements.map((statement, i) => ({
    collection: 'log-leaf',
    key: position(i),
    put: encodeItem(statementToItem(network, statement)),
  }));
  must(await store.commit(writes));
  return store;
}

/** The head of a log of two leaves, signed by node 1. */
function headOfTwo(statements: readonly Statement[]): TreeHead {
  const [a, b] = statements.map((statement) => logLeafHash(suite, statementToItem(network, statement)));
  const unsigned = { size: 2, root: logHasher(suite).node(a as Uint8Array, b as Uint8Array), timeMs: 1 };
  const key = net.nodeKeys[0]?.secretKey;
  if (!key) throw new Error('no node');
  const message = treeHeadMessage(suite, network, 0, unsigned);
  return { ...unsigned, signature: signMessage(suite, key, 'head', message) };
}

const three = [1, 2, 3].map((index) => statementOf(index));

describe('the log of a node', () => {
  const read = async (...stores: readonly Store[]): Promise<readonly string[]> => {
    const violations = noViolations();
    const reader = openLogReader(suite, 0, violations);
    for (const store of stores) await reader.read(store);
    return violations.list;
  };

  test('that only grows is right', async () => {
    expect(await read(await storeOf(three.slice(0, 2)), await storeOf(three))).toEqual([]);
  });

  test('that was cut off is found', async () => {
    expect(await read(await storeOf(three), await storeOf(three.slice(0, 2)))).toEqual([
      'node 1: the log had 3 leaves and has 2',
    ]);
  });

  test('that was changed is found', async () => {
    const changed = [statementOf(1), statementOf(2, 'other'), statementOf(3)];
    expect(await read(await storeOf(three), await storeOf(changed))).toEqual(['node 1: leaf 1 has changed']);
  });

  test('that says two things about one slot is found', async () => {
    const found = await read(await storeOf([statementOf(1), statementOf(1, 'other')]));
    expect(found).toEqual([expect.stringContaining('leaf 1 contradicts an older one')]);
  });

  test('has the heads that were given out, all of them and no others', async () => {
    const violations = noViolations();
    const heads = openHeadBook({ suite, network }, violations);
    const reader = openLogReader(suite, 0, violations);
    heads.note(0, headOfTwo(three), 'a receipt');
    await reader.read(await storeOf(three));
    expect(reader.checkHeads(heads)).toBe(1);
    expect(violations.list).toEqual([]);
    const other = openLogReader(suite, 0, violations);
    await other.read(await storeOf([statementOf(1, 'other'), ...three.slice(1)]));
    other.checkHeads(heads);
    expect(violations.list).toEqual(['node 1: the head of 2 leaves is not that of its log']);
    const short = openLogReader(suite, 0, violations);
    await short.read(await storeOf(three.slice(0, 1)));
    short.checkHeads(heads);
    expect(violations.list[1]).toBe('node 1 has signed a head of 2 leaves and holds 1');
  });

  test('two roots of one size, and a head that the node has not signed, are found', () => {
    const violations = noViolations();
    const heads = openHeadBook({ suite, network }, violations);
    heads.note(0, headOfTwo(three), 'one receipt');
    heads.note(0, headOfTwo(three.slice(1)), 'another receipt');
    heads.note(1, headOfTwo(three), 'a receipt of node 2');
    expect(violations.list).toEqual([
      'node 1 has signed two roots for 2 leaves; the second is in another receipt',
      'a receipt of node 2: a tree head of node 2 is not signed by it',
    ]);
  });
});

test('two states for one place are found, wherever the second one is', () => {
  const violations = noViolations();
  const heads = openHeadBook({ suite, network }, violations);
  const book = openStateBook({ suite, network, heads, violations });
  notePlace(book, 'signed', 'c', 1, 'a', 'home ann');
  notePlace(book, 'signed', 'c', 1, 'a', 'a file');
  notePlace(book, 'final', 'c', 1, 'b', 'node 1');
  expect(violations.list).toEqual([]);
  notePlace(book, 'signed', 'c', 1, 'b', 'home ben');
  expect(violations.list).toEqual(['two signed states for place 1 of chain c: a, and b in home ben']);
});

describe('what a home has said', () => {
  const hash = seed('state', 1) as StateHash;
  const account = toHex(chain);
  const viewOf = (changes: Partial<HomeView> = {}): HomeView => ({
    home: 'ann',
    account,
    states: [{ index: 0, hash, status: 'final' } as HomeView['states'][number]],
    credits: new Set(['c 1']),
    payments: new Map([['p', { status: 'final', direction: 'in', order: '', amount: 5n }]]),
    reservations: new Map([['r', { claimed: 5n } as never]]),
    vaults: new Map(),
    tokens: new Set(['t']),
    contacts: new Set(['k']),
    balances: [],
    ...changes,
  });
  const facts: readonly Exclude<Fact, { type: 'file' }>[] = [
    { type: 'state', home: 'ann', chain: account, index: 0, hash: toHex(hash) },
    { type: 'payment', home: 'ann', payment: 'p', status: 'received' },
    { type: 'credit', home: 'ann', chain: 'c', index: 1 },
    { type: 'claim', home: 'ann', reservation: 'r', total: '5' },
    { type: 'reservation', home: 'ann', reservation: 'r' },
    { type: 'token', home: 'ann', token: 't' },
    { type: 'contact', home: 'ann', account: 'k' },
  ];
  const nothing = viewOf({
    states: [],
    credits: new Set(),
    payments: new Map(),
    reservations: new Map(),
    tokens: new Set(),
    contacts: new Set(),
  });

  test('is there', () => {
    const violations = noViolations();
    expect(checkFacts(viewOf(), facts, violations)).toBe(facts.length);
    expect(violations.list).toEqual([]);
  });

  test.each(facts.map((fact) => [fact.type, fact] as const))('is missed: %s', (_, fact) => {
    expect(brokenFact(viewOf(), fact)).toBeUndefined();
    expect(brokenFact(nothing, fact)).toEqual(expect.any(String));
  });

  test('never goes back', () => {
    expect(mayBecome('committed', 'final')).toBe(true);
    expect(mayBecome('offered', 'cancelled')).toBe(true);
    expect(mayBecome('final', 'committed')).toBe(false);
    expect(mayBecome('committed', 'cancelled')).toBe(false);
    expect(mayBecome('received', 'lost')).toBe(false);
    expect(['committed', 'received', 'pending', 'acknowledged'].every(isUnfinished)).toBe(true);
    expect(['offered', 'accepted', 'final', 'cancelled'].some(isUnfinished)).toBe(false);
  });

  test('is read from the answers of commands', () => {
    const answer = { payment: 'p', chain: 'c', index: 3, hash: 'h' };
    expect(factsOf('ann', { do: 'pay', to: 'ben', amount: '1.00', order: 'o' }, answer, () => '')).toEqual([
      { type: 'payment', home: 'ann', payment: 'p', status: 'final' },
      { type: 'state', home: 'ann', chain: 'c', index: 3, hash: 'h' },
    ]);
    const synced = {
      received: [{ payment: 'p', chain: 'c', index: 1 }],
      claimed: [{ reservation: 'r', total: '1.50' }],
    };
    expect(factsOf('ann', { do: 'sync' }, synced, () => '')).toEqual([
      { type: 'payment', home: 'ann', payment: 'p', status: 'final' },
      { type: 'credit', home: 'ann', chain: 'c', index: 1 },
      { type: 'claim', home: 'ann', reservation: 'r', total: '150' },
    ]);
  });
});

describe('value', () => {
  const ann = seed('ann') as ChainId;
  const ben = seed('ben') as ChainId;
  const state = (index: number, operation: object): HomeView['states'][number] =>
    ({ index, status: 'final', operation: { kind: 'account', operation } }) as never;
  const view = (home: string, account: ChainId, available: bigint, ...operations: readonly object[]): HomeView => ({
    home,
    account: toHex(account),
    states: operations.map((operation, i) => state(i + 1, operation)),
    credits: new Set(),
    payments: new Map([['p', { status: 'final', direction: 'in', order: '', amount: 40n }]]),
    reservations: new Map(),
    vaults: new Map(),
    tokens: new Set(),
    contacts: new Set(),
    balances: [{ token: 't', available, setAside: 0n, reserved: 0n, provisional: 0n }],
  });
  const mint = { type: 'mint', amount: 100n };
  const pay = { type: 'transfer', to: ben, amount: 40n };
  const take = (amount = 40n) => ({ type: 'receive', source: ann, index: 2, output: 0, amount });
  const look = (...views: readonly HomeView[]): readonly string[] => {
    const violations = noViolations();
    checkValue(views, violations);
    return violations.list;
  };

  test('is conserved', () => {
    expect(look(view('ann', ann, 60n, mint, pay), view('ben', ben, 40n, take()))).toEqual([]);
  });

  test('that was credited twice, too high, or never, is found', () => {
    const payer = view('ann', ann, 60n, mint, pay);
    expect(look(payer, view('ben', ben, 80n, take(), take())).some((one) => one.includes('twice'))).toBe(true);
    expect(look(payer, view('ben', ben, 41n, take(41n))).length).toBeGreaterThan(0);
    expect(look(payer, view('ben', ben, 0n)).some((one) => one.includes('never arrived'))).toBe(true);
    expect(look(view('ann', ann, 61n, mint, pay), view('ben', ben, 40n, take())).length).toBeGreaterThan(0);
  });

  test('both sides of a payment agree', () => {
    const violations = noViolations();
    const one = view('ann', ann, 0n);
    const other = {
      ...one,
      home: 'ben',
      payments: new Map([['p', { ...one.payments.get('p'), status: 'lost' } as never]]),
    };
    expect(checkSides([one, { ...one, home: 'ben' }], violations)).toBe(1);
    expect(violations.list).toEqual([]);
    checkSides([one, other], violations);
    expect(violations.list).toEqual(['payment p is final for ann and lost for ben']);
  });
});

test('a seed gives the same numbers again', () => {
  const numbers = (value: number): number[] => {
    const random = seededRandom(value);
    return Array.from({ length: 5 }, () => random.between(0, 1_000));
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
});
