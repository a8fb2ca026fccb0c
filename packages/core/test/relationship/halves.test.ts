import {
  amount,
  arePartners,
  compareBytes,
  draftTransition,
  editLeaves,
  halfOperationCodec,
  halfTermsCodec,
  hashItem,
  isClosedHalf,
  outcomeCodec,
  outcomeLeaf,
  ACCEPTED_LEAF,
  hash,
  relationshipId,
  succeedsHalf,
  totalLeaf,
  verifyTransition,
  type Accept,
  type HalfGenesis,
  type HalfOperation,
  type Item,
  type Outcome,
  type Pay,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { contextOf, DAY_MS, forgeStep, seed } from '../../../../tests/kit/index.ts';
import { accept, copyHalf, makeExchange, pay } from '../support/exchange.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange('test', { rules: { grades: 7, maxAmount: 500n, expiryMs: 2 * DAY_MS } });
const { net, payer, payee, reservation } = exchange;
const { suite } = net;
const genesisOf = (half: typeof payer): HalfGenesis => nth(half.states, 0).operation.operation as HalfGenesis;
const terms = genesisOf(payer);

describe('REL-1: a relationship is the two accounts and what they agreed', () => {
  test('its id is H("relationship", [[a, b], purpose, rules, nonce]) with the accounts in ascending order', () => {
    const accounts = [terms.owner, terms.peer].toSorted(compareBytes);
    const id = hashItem(suite, 'relationship', [accounts, 'payments', [7, 500n, 2 * DAY_MS], terms.nonce]);
    expect(relationshipId(suite, terms)).toEqual(id);
    expect(relationshipId(suite, genesisOf(payee))).toEqual(id);
  });

  test('the two halves are partners', () => {
    expect(arePartners(suite, terms, genesisOf(payee))).toBe(true);
    expect(arePartners(suite, genesisOf(payee), terms)).toBe(true);
    expect(arePartners(suite, terms, terms)).toBe(false);
  });

  test.each<[string, Partial<HalfGenesis>]>([
    ['of a third account', { owner: exchange.canteen.account }],
    ['with a third account', { peer: exchange.canteen.account }],
    ['for another purpose', { purpose: 'chess' }],
    ['with other grades', { rules: { ...terms.rules, grades: 2 } }],
    ['with another limit', { rules: { ...terms.rules, maxAmount: null } }],
    ['with another expiry', { rules: { ...terms.rules, expiryMs: 1 } }],
    ['with another nonce', { nonce: new Uint8Array(16) }],
  ])('a half %s is no partner', (_, change) => {
    expect(arePartners(suite, terms, { ...genesisOf(payee), ...change })).toBe(false);
  });

  test('key, k and base are the matter of each half', () => {
    expect(arePartners(suite, terms, { ...genesisOf(payee), k: 3, key: terms.key, base: terms.base })).toBe(true);
  });

  test('the terms leaf holds a genesis and nothing else', () => {
    expect(expectOk(halfTermsCodec.fromItem(halfTermsCodec.toItem(terms), 'leaf'))).toEqual(terms);
    const step = pay({ ...exchange, payer: copyHalf(payer) }, 1n);
    const other = halfOperationCodec.toItem(step.operation.operation as Pay);
    expect(codeOf(halfTermsCodec.fromItem(other, 'leaf'))).toBe('E_FORMAT REL-1');
    expect(codeOf(halfTermsCodec.fromItem(7, 'leaf'))).toBe('E_FORMAT ENC-3');
  });
});

const OUTCOMES: readonly Outcome[] = ['delivered', 'refundDue', 'void'];

describe('REL-5, REL-7: what a half remembers', () => {
  const world = { ...exchange, payer: copyHalf(payer), payee: copyHalf(payee) };

  test('REL-5: a payment adds to the total of its reservation', () => {
    pay(world, 100n);
    const step = pay(world, 50n);
    expect(expectOk(editLeaves(suite, world.payer.tree).read(totalLeaf(reservation.vault), amount))).toBe(150n);
    expect(codeOf(verifyTransition(contextOf(net, step.items), step.body))).toBe('ok');
  });

  test('REL-5: each reservation has a total of its own', () => {
    const vault = seed('another vault') as typeof reservation.vault;
    pay(world, 7n, { vault, total: 7n });
    expect(expectOk(editLeaves(suite, world.payer.tree).read(totalLeaf(vault), amount))).toBe(7n);
    expect(expectOk(editLeaves(suite, world.payer.tree).read(totalLeaf(reservation.vault), amount))).toBe(150n);
  });

  test('REL-7: an accept records what became of earlier payments', () => {
    const step = pay(world, 1n);
    const outcomes = [seed('a'), seed('b'), seed('c')]
      .toSorted(compareBytes)
      .map((precommit, i) => ({ precommit, outcome: nth(OUTCOMES, i) }));
    const accepted = accept(world, step, {}, outcomes);
    for (const { precommit, outcome } of outcomes) {
      expect(expectOk(editLeaves(suite, world.payee.tree).read(outcomeLeaf(precommit), outcomeCodec))).toBe(outcome);
    }
    expect(codeOf(verifyTransition(contextOf(net, accepted.items), accepted.body))).toBe('ok');
  });

  test('REL-6: every accept changes the root, so that a witness serves one step and no other', () => {
    const { root } = world.payee.tip;
    const step = pay(world, 1n);
    accept(world, step);
    expect(world.payee.tip.root).not.toEqual(root);
    expect(expectOk(editLeaves(suite, world.payee.tree).read(ACCEPTED_LEAF, hash()))).toEqual(step.body.precommit);
  });
});

describe('refused, although its writer signed it', () => {
  const payment = pay({ ...exchange, payer: copyHalf(payer) }, 100n).operation.operation as Pay;
  const permission: Accept = {
    type: 'accept',
    window: payment.window,
    salt: payment.salt,
    seen: payment.seen,
    precommit: seed('precommit'),
    state: seed('state') as Accept['state'],
    outcomes: [],
  };
  const forge = (half: typeof payer, operation: HalfOperation): string => {
    const forged = forgeStep(net, half, half.owner.key, {
      operation: { kind: 'half', operation },
      witness: (tree) => tree,
    });
    return codeOf(verifyTransition(contextOf(net, forged.items), forged.body));
  };
  const [low, high] = [seed('1'), seed('2')].toSorted(compareBytes) as [Uint8Array, Uint8Array];
  const outcome = 'delivered' as const;
  const from = net.nowMs;

  test('the forgeries without a flaw are refused for the root alone', () => {
    expect(forge(payer, payment)).toBe('E_LINK CHN-11');
    expect(forge(payee, { ...permission, outcomes: [{ precommit: low, outcome }] })).toBe('E_LINK CHN-11');
  });

  test.each<[string, Partial<Pay>, string]>([
    ['REL-5: a payment of nothing', { amount: 0n, total: 0n }, 'E_AMOUNT REL-5'],
    ['REL-5: a total that does not grow by the amount', { total: 101n }, 'E_TOTAL REL-5'],
    ['REL-5: a total below the amount', { total: 99n }, 'E_TOTAL REL-5'],
    ['REL-4: more than the relationship allows', { amount: 501n, total: 501n }, 'E_AMOUNT REL-4'],
    [
      'REL-4: an expiry that is later than agreed',
      { window: { from, until: from + 2 * DAY_MS + 1 } },
      'E_WINDOW REL-4',
    ],
    ['CHN-7: a window that ends before it begins', { window: { from, until: from - 1 } }, 'E_WINDOW CHN-7'],
  ])('%s', (_, change, expected) => {
    expect(forge(payer, { ...payment, ...change })).toBe(expected);
  });

  test.each<[string, Partial<Accept>, string]>([
    [
      'REL-4: an accept that expires later than agreed',
      { window: { from, until: from + 2 * DAY_MS + 1 } },
      'E_WINDOW REL-4',
    ],
    ['CHN-7: a window that ends before it begins', { window: { from, until: from - 1 } }, 'E_WINDOW CHN-7'],
    [
      'REL-7: outcomes out of order',
      { outcomes: [high, low].map((precommit) => ({ precommit, outcome })) },
      'E_ENCODING REL-7',
    ],
    [
      'REL-7: one payment with two outcomes',
      {
        outcomes: [
          { precommit: low, outcome },
          { precommit: low, outcome: 'void' },
        ],
      },
      'E_ENCODING REL-7',
    ],
  ])('%s', (_, change, expected) => {
    expect(forge(payee, { ...permission, ...change })).toBe(expected);
  });

  test('CHN-7: nor does the writer draft a window that ends before it begins', () => {
    const operation = { ...payment, window: { from, until: from - 1 } };
    const drafted = draftTransition(contextOf(net), payer.tip, { kind: 'half', operation }, payer.tree);
    expect(codeOf(drafted)).toBe('E_WINDOW CHN-7');
  });

  test('CHN-4: a genesis in the middle', () => {
    expect(forge(payer, terms)).toBe('E_OPERATION CHN-4');
  });

  test('CHN-12: under terms that the writer invented, in a parent of its making', () => {
    const generous = { ...terms, rules: { ...terms.rules, maxAmount: null } };
    const invented = makeExchange('test', { rules: generous.rules }).payer;
    const parent = { ...payer.tip, root: invented.tip.root, index: 7 };
    const operation: Pay = { ...payment, amount: 900n, total: 900n };
    const forged = forgeStep(net, { tip: parent, tree: invented.tree }, exchange.alice.key, {
      operation: { kind: 'half', operation },
      witness: (tree) => tree,
    });
    expect(codeOf(verifyTransition(contextOf(net, forged.items), forged.body))).toBe('E_CHAIN CHN-12');
  });

  test('CHN-4: on a first state that is not that of its chain', () => {
    const parent = { ...payer.tip, root: seed('root') };
    const drafted = draftTransition(contextOf(net), parent, { kind: 'half', operation: payment }, payer.tree);
    const { body } = expectOk(drafted);
    expect(
      codeOf(
        verifyTransition(
          contextOf(net, [
            { type: 'body', body: parent },
            { type: 'body', body },
          ]),
          body,
        ),
      ),
    ).toBe('E_CHAIN CHN-4');
  });
});

describe('REL-5, REL-6, REL-7: shapes', () => {
  const items = halfOperationCodec.toItem({
    type: 'accept',
    window: { from: 1, until: 2 },
    salt: new Uint8Array(16),
    seen: { index: 0, hash: seed('x') as never },
    precommit: seed('p'),
    state: seed('s') as never,
    outcomes: [{ precommit: seed('o'), outcome: 'void' }],
  }) as readonly Item[];
  const read = (at: number, item: Item): string => codeOf(halfOperationCodec.fromItem(items.with(at, item), 'it'));

  test('an outcome is 1, 2 or 3', () => {
    const outcomes = [1, 2, 3].map((number) => expectOk(outcomeCodec.fromItem(number, 'it')));
    expect(outcomes).toEqual(['delivered', 'refundDue', 'void']);
    expect(outcomes.map((name) => outcomeCodec.toItem(name))).toEqual([1, 2, 3]);
    for (const item of [0, 4, -1, 1.5, 'void', null, 1n])
      expect(codeOf(outcomeCodec.fromItem(item, 'it'))).toBe('E_FORMAT REL-7');
  });

  test('at most 64 of them', () => {
    const one: Item = [seed('o'), 1];
    expect(
      read(
        6,
        Array.from({ length: 64 }, () => one),
      ),
    ).toBe('ok');
    expect(
      read(
        6,
        Array.from({ length: 65 }, () => one),
      ),
    ).toBe('E_LIMIT ENC-2');
  });

  test('REL-3: behind the number come window, salt and the state seen of the other half', () => {
    expect(items.slice(0, 4)).toEqual([2, [1, 2], new Uint8Array(16), [0, seed('x')]]);
    expect(read(2, new Uint8Array(15))).toBe('E_FORMAT ENC-3');
    expect(read(3, [0])).toBe('E_FORMAT ENC-3');
  });

  test('REL-3: two operations that differ in their salts alone have unrelated hashes', () => {
    const salted = (byte: number): string => hashItem(suite, 'op', items.with(2, new Uint8Array(16).fill(byte))).join();
    expect(salted(1)).not.toBe(salted(2));
  });
});

describe('REL-44: halves of a writer that was restored', () => {
  const base = (index: number): HalfGenesis => ({ ...terms, base: { ...terms.base, index } });

  test('a half that began before the newest restored state is closed', () => {
    expect(isClosedHalf(base(0), 0)).toBe(false);
    expect(isClosedHalf(base(0), 4)).toBe(true);
    expect(isClosedHalf(base(4), 4)).toBe(false);
    expect(isClosedHalf(base(4), 7)).toBe(true);
  });

  test('only a later half of the same writer and relationship takes its place', () => {
    expect(succeedsHalf(suite, base(0), base(4))).toBe(true);
    expect(succeedsHalf(suite, base(4), base(4))).toBe(false);
    expect(succeedsHalf(suite, base(4), base(0))).toBe(false);
    expect(succeedsHalf(suite, base(0), { ...base(4), nonce: new Uint8Array(16) })).toBe(false);
    expect(succeedsHalf(suite, base(0), { ...base(4), owner: genesisOf(payee).owner, peer: terms.owner })).toBe(false);
  });
});
