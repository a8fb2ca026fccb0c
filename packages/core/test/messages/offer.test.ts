import {
  GRADE_BITS,
  makeReservation,
  proposalCodec,
  referenceCodec,
  stateHash,
  verifyHalf,
  verifyOffer,
  type BundleItem,
  type ChainId,
  type HalfGenesis,
  type Item,
  type Operation,
  type Pay,
  type Proposal,
  type StateHash,
  type VaultGenesis,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyStep,
  contextOf,
  DAY_MS,
  forgeStep,
  fund,
  fundOperation,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  remember,
  seed,
  takeStep,
  type Device,
  type Half,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import {
  accept,
  copyHalf,
  makeExchange,
  pay,
  payProvisionally,
  proposalOf,
  REFERENCE,
  unsigned,
  type Exchange,
} from '../support/exchange.ts';
import { codeOf, expectFailure, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange();
const { net, alice, bob, canteen, token, payer, payee, reservation } = exchange;
const { suite, network } = net;
const carol = makeFundedDevice(net, 'carol', canteen, token, 500n);

/** The exchange as it is now, to go on from there without leaving a trace. */
const fork = (): Exchange => ({ ...exchange, alice: { ...alice }, payer: copyHalf(payer), payee: copyHalf(payee) });
const verify = (proposal: Proposal, own: readonly BundleItem[] = []): string =>
  codeOf(verifyOffer(contextOf(net, own), proposal));
const offer = (step: TestStep, changes: Partial<Proposal> = {}): string =>
  verify({ ...proposalOf(exchange, step), ...changes }, step.items);

describe('REL-1: a half that a verified account writes', () => {
  const half = (changes: Partial<HalfGenesis>): string => {
    const made = makeHalf(net, alice, bob, `case ${Object.keys(changes).join()}`, changes);
    return codeOf(verifyHalf(contextOf(net), made.chain));
  };
  const { base } = nth(payer.states, 0).operation.operation as HalfGenesis;

  test('its terms', () => {
    expect(half({})).toBe('ok');
    expect(expectOk(verifyHalf(contextOf(net), payer.chain))).toMatchObject({
      owner: alice.account,
      peer: bob.account,
    });
  });

  test.each<[string, Partial<HalfGenesis>, string]>([
    ['a key that is not that of the account', { key: bob.key.publicKey }, 'E_CHAIN REL-1'],
    ['the controller key of the identity', { key: alice.controller.publicKey }, 'E_CHAIN REL-1'],
    ['a relationship with oneself', { peer: alice.account }, 'E_SELF REL-1'],
    ['no checkpoint interval', { k: 0 }, 'E_FORMAT REL-1'],
    ['no time to accept', { rules: { grades: 7, maxAmount: null, expiryMs: 0 } }, 'E_FORMAT REL-1'],
    [
      'a base that is another kind of state',
      { base: { index: alice.tip.index, hash: stateHash(suite, alice.tip) } },
      'E_OPERATION REL-1',
    ],
    ['a base that is not final', { base: { index: 9, hash: stateHash(suite, alice.tip) } }, 'E_INCOMPLETE BND-2'],
    [
      'a base that is no state of the account',
      { base: { index: 0, hash: stateHash(suite, bob.tip) } },
      'E_CHAIN REL-1',
    ],
    ['the account of nobody', { owner: seed('nobody') as ChainId }, 'E_INCOMPLETE BND-2'],
    ['a chain that is no account', { owner: alice.identity }, 'E_CHAIN CHN-4'],
  ])('%s is refused', (_, changes, expected) => {
    expect(half(changes)).toBe(expected);
  });

  test('that was not shown is incomplete', () => {
    const chain = seed('hidden') as ChainId;
    expect(expectFailure(verifyHalf(contextOf(net), chain)).missing).toEqual([
      `genesis ${Buffer.from(chain).toString('hex')}`,
    ]);
    expect(codeOf(verifyHalf(contextOf(net), alice.account))).toBe('E_CHAIN CHN-4');
    expect(base.index).toBe(0);
  });
});

describe('REL-10: an offer out of a reservation', () => {
  const world = fork();
  const step = pay(world, 300n);

  test('says what is paid, from what, and until when it is good', () => {
    const facts = expectOk(verifyOffer(contextOf(net, step.items), proposalOf(exchange, step)));
    expect(facts).toMatchObject({
      grade: 'reserved',
      amount: 300n,
      order: 'soup',
      refundOf: null,
      goodUntil: reservation.terms.until - network.marginMs,
      run: [],
      reservation: reservation.terms,
    });
    expect(facts.transition.hash).toEqual(step.hash);
    expect(facts.halfChain).toEqual(payer.chain);
  });

  test('needs no signature: nothing is signed before the payee accepts', () => {
    const context = unsigned(contextOf(net, step.items), step.hash);
    expect(codeOf(verifyOffer(context, proposalOf(exchange, step)))).toBe('ok');
  });

  test('names the half on which it stands, and no reference', () => {
    const other = makeHalf(net, alice, bob, 'another half');
    expect(offer(step, { half: other.chain })).toBe('E_CHAIN REL-10');
    expect(offer(step, { half: payee.chain })).toBe('E_CHAIN REL-10');
    expect(offer(step, { reference: REFERENCE })).toBe('E_SURPLUS REL-10');
    expect(offer(step, { state: seed('nothing') as StateHash })).toBe('E_INCOMPLETE BND-2');
  });

  test('is a payment: an accept is none', () => {
    const accepted = accept(world, step);
    expect(offer(accepted, { half: payee.chain })).toBe('E_OPERATION REL-10');
  });
});

describe('REL-11: a reserved offer draws on a reservation of the payer for this payee', () => {
  const out = (vault: ChainId, amount: bigint, changes: Partial<Pay> = {}): string =>
    offer(pay(fork(), amount, { vault, total: amount, ...changes }));

  test('up to what was set aside', () => {
    expect(out(reservation.vault, 2_000n)).toBe('ok');
    expect(out(reservation.vault, 2_001n)).toBe('E_TOTAL REL-11');
  });

  test('not on one of another payer, nor for another payee', () => {
    expect(out(fund(net, carol, bob, token, 100n).vault, 1n)).toBe('E_RESERVATION REL-11');
    expect(out(fund(net, alice, carol, token, 100n).vault, 1n)).toBe('E_RESERVATION REL-11');
  });

  test('not on one under another payer key, which proves no total', () => {
    const own = makeExchange();
    const { funding, vault } = invented(own, own.alice, { payerKey: carol.key.publicKey });
    certifyStep(own.net, funding);
    const step = pay(own, 1n, { vault, total: 1n });
    expect(codeOf(verifyOffer(contextOf(own.net, step.items), proposalOf(own, step)))).toBe('E_RESERVATION REL-11');
  });

  test('not on one that another account funds under the payer key', () => {
    const own = makeExchange();
    const other = makeFundedDevice(own.net, 'other', own.canteen, own.token, 500n);
    const { funding, vault } = invented(own, other, { payerKey: own.alice.key.publicKey });
    certifyStep(own.net, funding);
    const step = pay(own, 1n, { vault, total: 1n });
    expect(codeOf(verifyOffer(contextOf(own.net, step.items), proposalOf(own, step)))).toBe('E_RESERVATION REL-11');
  });

  test('not on one that is not funded, or whose funding is not final', () => {
    expect(out(seed('no vault') as ChainId, 1n)).toBe('E_INCOMPLETE BND-2');
    const own = makeExchange();
    const { funding, vault } = invented(own, own.alice, {});
    const step = pay(own, 1n, { vault, total: 1n });
    const verdict = (): string => codeOf(verifyOffer(contextOf(own.net, step.items), proposalOf(own, step)));
    expect(verdict()).toBe('E_INCOMPLETE BND-2');
    certifyStep(own.net, funding);
    expect(verdict()).toBe('ok');
  });

  /** A reservation as a dishonest payer writes it: a funding state of its own making, and the vault's genesis. */
  function invented(own: Exchange, funder: Device, changes: Partial<VaultGenesis>) {
    const { operation, terms: honest } = fundOperation(own.net, funder, own.bob, own.token, 100n);
    const terms = { ...honest, ...changes };
    const genesis = makeReservation(suite, network.id, terms);
    const fund: Operation = { kind: 'account', operation: { ...operation, vault: genesis.body.chain } };
    const funding = forgeStep(own.net, funder, funder.key, { operation: fund });
    remember(own.net, [
      { type: 'body', body: genesis.body },
      { type: 'operation', operation: { kind: 'vault', operation: terms } },
      ...funding.items,
    ]);
    return { vault: genesis.body.chain, funding };
  }
});

describe('REL-12: an offer ends at E - margin at the latest', () => {
  const latest = reservation.terms.until - network.marginMs;
  const expiring = (until: number): string => offer(pay(fork(), 1n, { window: { from: net.nowMs, until } }));

  test('at that moment, and not a millisecond later', () => {
    expect(expiring(latest)).toBe('ok');
    expect(expiring(latest + 1)).toBe('E_WINDOW REL-12');
  });
});

describe('REL-4: what the relationship takes', () => {
  const taking = (grades: number, maxAmount: bigint | null = null) => {
    const rules = { grades, maxAmount, expiryMs: 2 * DAY_MS };
    const world = fork();
    const half = makeHalf(net, alice, bob, `grades ${grades} ${maxAmount}`, { rules });
    const states = [{ body: half.tip, operation: { kind: 'half', operation: rules } as unknown as Operation }];
    const of = { ...world, payer: { ...half, states } };
    return {
      reserved: () => codeOf(verifyOfferOf(of, pay(of, 10n))),
      provisional: () => codeOf(verifyOfferOf(of, payProvisionally(of, 10n))),
    };
  };
  const verifyOfferOf = (of: Exchange, step: TestStep) =>
    verifyOffer(contextOf(net, step.items), { ...proposalOf(of, step), half: of.payer.chain });

  test('grades are bits: 1 certified, 2 reserved, 4 provisional', () => {
    expect(GRADE_BITS).toEqual({ certified: 1, reserved: 2, provisional: 4 });
  });

  test.each([
    [0, 'E_POLICY REL-4', 'E_POLICY REL-4'],
    [1, 'E_POLICY REL-4', 'E_POLICY REL-4'],
    [2, 'ok', 'E_POLICY REL-4'],
    [4, 'E_POLICY REL-4', 'ok'],
    [6, 'ok', 'ok'],
    [7, 'ok', 'ok'],
  ])('grades %s: reserved %s, provisional %s', (grades, reserved, provisional) => {
    const of = taking(grades);
    expect([of.reserved(), of.provisional()]).toEqual([reserved, provisional]);
  });

  test('a limit binds provisional payments too', () => {
    expect(taking(7, 10n).provisional()).toBe('ok');
    expect(taking(7, 9n).provisional()).toBe('E_AMOUNT REL-4');
  });
});

describe('REL-13: older states of the half that come along', () => {
  test('are one chain, each with its operation', () => {
    const world = fork();
    for (let i = 1n; i <= 4n; i++) pay(world, i);
    const last = pay(world, 5n);
    expect(offer(last)).toBe('ok');
  });

  test('a state that names one of another chain below it is refused', () => {
    const world = fork();
    const first = pay(world, 1n);
    const stray = { ...first.body, index: 2, prev: stateHash(suite, alice.tip) };
    const writer: Half = { ...world.payer, tip: stray };
    const { operation } = first.operation as { operation: Pay };
    const step = takeStep(net, writer, alice.key, { kind: 'half', operation: { ...operation, total: 2n } });
    expect(offer(step)).toBe('E_LINK REL-13');
  });
});

describe('REL-2, CHN-12: whoever does not hold the key of the half cannot write on it', () => {
  const mallory = makeDevice(net, 'mallory');
  const genesis = nth(payer.states, 0);
  const terms = genesis.operation.operation as HalfGenesis;
  const invented = makeHalf(net, mallory, bob, 'invented', { ...terms, key: mallory.key.publicKey });

  test.each([
    ['a first state of its own under the chain id', 0, 'E_CHAIN CHN-4'],
    ['a later state of its own', 7, 'E_CHAIN CHN-12'],
  ])('%s', (_, index, expected) => {
    const parent = { ...genesis.body, index, root: invented.tip.root };
    const { operation } = pay(fork(), 500n).operation as { operation: Pay };
    const forged = forgeStep(net, { tip: parent, tree: invented.tree }, mallory.key, {
      operation: { kind: 'half', operation },
      witness: (tree) => tree,
    });
    expect(offer(forged)).toBe(expected);
  });
});

describe('REL-10: shapes', () => {
  const step = pay(fork(), 1n);
  const items = proposalCodec.toItem({ ...proposalOf(exchange, step), reference: REFERENCE }) as readonly Item[];

  test('a proposal is state, half and reference', () => {
    expect(codeOf(proposalCodec.fromItem(items, 'it'))).toBe('ok');
    expect(codeOf(proposalCodec.fromItem(items.with(2, null), 'it'))).toBe('ok');
    for (const at of items.keys())
      expect(codeOf(proposalCodec.fromItem(items.with(at, 7), 'it'))).toBe('E_FORMAT ENC-3');
  });

  test('an order has at most 64 bytes and no hidden characters', () => {
    const read = (order: string): string => codeOf(referenceCodec.fromItem([REFERENCE.salt, order, null], 'it'));
    expect(read('x'.repeat(64))).toBe('ok');
    expect(read('x'.repeat(65))).toBe('E_FORMAT ENC-3');
    expect(read('a\u202Eb')).toBe('E_FORMAT ENC-3');
  });
});
