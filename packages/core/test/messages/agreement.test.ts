import {
  acceptanceCodec,
  acknowledgementCodec,
  agreementCodec,
  stateHash,
  stateMessage,
  verifyAccept,
  verifyAck,
  verifyCommit,
  verifyRequest,
  type Accept,
  type Agreement,
  type Body,
  type BundleItem,
  type ChainId,
  type Context,
  type HalfGenesis,
  type Item,
  type KeyPair,
  type NetworkId,
  type Purpose,
  type StateHash,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  contextOf,
  forgeStep,
  fund,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  seed,
  signItem,
  takeStep,
  windowNow,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import {
  accept,
  agreementOf,
  copyHalf,
  makeExchange,
  pay,
  payProvisionally,
  proposalOf,
  type Exchange,
} from '../support/exchange.ts';
import { codeOf, expectFailure, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange();
const { net, alice, bob, canteen, token, payer, payee } = exchange;
const { suite } = net;
const carol = makeFundedDevice(net, 'carol', canteen, token, 500n);

const fork = (): Exchange => ({ ...exchange, alice: { ...alice }, payer: copyHalf(payer), payee: copyHalf(payee) });
const itemsOf = (...steps: readonly TestStep[]): readonly BundleItem[] => steps.flatMap(({ items }) => items);

/** The same evidence without this signature. */
const without = (context: Context, purpose: Purpose, hash: StateHash): Context => ({
  ...context,
  evidence: {
    ...context.evidence,
    signature: (given, subject, position) =>
      given === purpose && subject.join() === hash.join()
        ? undefined
        : context.evidence.signature(given, subject, position),
  },
});

describe('REL-15: an accept is a signed state of a half', () => {
  const world = fork();
  const payment = pay(world, 100n);
  const accepted = accept(world, payment);
  const verify = (hash: StateHash, own: readonly BundleItem[] = accepted.items): string =>
    codeOf(verifyAccept(contextOf(net, own), hash));

  test('that names the pre-commitment and the successor', () => {
    const facts = expectOk(verifyAccept(contextOf(net, accepted.items), accepted.hash));
    expect(facts.operation).toMatchObject({ precommit: payment.body.precommit, state: payment.hash });
    expect(facts.half.owner).toEqual(bob.account);
  });

  test('a payment, a state of an account, or nothing is none', () => {
    expect(verify(payment.hash, payment.items)).toBe('E_OPERATION REL-15');
    expect(verify(stateHash(suite, alice.tip))).toBe('E_CHAIN REL-15');
    expect(verify(seed('nothing') as StateHash)).toBe('E_INCOMPLETE BND-2');
  });

  test('is signed by the writer of the half', () => {
    const message = stateMessage(net, accepted.body.chain, accepted.body.index, accepted.hash);
    const by = (key: KeyPair, purpose: Purpose = 'state'): string => {
      const { signature } = signItem(net, key, purpose, accepted.hash, message) as { signature: Uint8Array };
      const item: BundleItem = { type: 'signature', purpose: 'state', subject: accepted.hash, position: 0, signature };
      return verify(accepted.hash, [...accepted.items, item]);
    };
    expect(by(bob.key)).toBe('ok');
    expect(by(alice.key)).toBe('E_SIGNATURE CHN-12');
    expect(by(bob.key, 'ack')).toBe('E_SIGNATURE CHN-12');
    const unsigned = without(contextOf(net, accepted.items), 'state', accepted.hash);
    expect(codeOf(verifyAccept(unsigned, accepted.hash))).toBe('E_INCOMPLETE BND-2');
  });

  test('REL-2, CHN-12: nobody accepts in the name of another by inventing the state below', () => {
    const mallory = makeDevice(net, 'mallory');
    const genesis = nth(payee.states, 0);
    const terms = genesis.operation.operation as HalfGenesis;
    const invented = makeHalf(net, mallory, alice, 'invented', { ...terms, key: mallory.key.publicKey });
    for (const [index, expected] of [
      [0, 'E_CHAIN CHN-4'],
      [3, 'E_CHAIN CHN-12'],
    ] as const) {
      const parent: Body = { ...genesis.body, index, root: invented.tip.root };
      const forged = forgeStep(net, { tip: parent, tree: invented.tree }, mallory.key, {
        operation: accepted.operation,
        witness: (tree) => tree,
      });
      expect(verify(forged.hash, forged.items)).toBe(expected);
    }
  });

  test('REL-13: older states of the half that come along are one chain', () => {
    const own = fork();
    const states = [1n, 2n, 3n].map((amount) => accept(own, pay(own, amount)));
    const last = nth(states, 2);
    expect(verify(last.hash, last.items)).toBe('ok');
    const stray = { ...last.body, prev: stateHash(suite, bob.tip) };
    const writer = { ...own.payee, tip: stray };
    const step = takeStep(net, writer, bob.key, { kind: 'half', operation: last.operation.operation as Accept });
    expect(verify(step.hash, step.items)).toBe('E_LINK REL-13');
  });
});

describe.each(['reserved', 'provisional'] as const)('REL-16, REL-17, REL-18: a %s payment', (grade) => {
  const propose = (world: Exchange, amount = 100n): TestStep =>
    grade === 'reserved' ? pay(world, amount) : payProvisionally(world, amount);
  const world = fork();
  const payment = propose(world);
  const accepted = accept(world, payment);
  const agreement = agreementOf(exchange, payment, accepted);
  const items = itemsOf(payment, accepted);

  test('REL-18: a commit is the proposal, its accept and the signature of the payer', () => {
    const facts = expectOk(verifyCommit(contextOf(net, items), agreement));
    expect(facts.offer).toMatchObject({ grade, amount: 100n });
    expect(facts.accept.operation.state).toEqual(payment.hash);
  });

  test('REL-17: a request waits for that signature', () => {
    const unsigned = without(contextOf(net, items), 'state', payment.hash);
    expect(codeOf(verifyRequest(unsigned, agreement))).toBe('ok');
    expect(expectFailure(verifyCommit(unsigned, agreement)).missing).toEqual([
      `signature state ${Buffer.from(payment.hash).toString('hex')} 0`,
    ]);
  });

  test('REL-18: signed by another, or for another purpose, it is no commit', () => {
    const message = stateMessage(net, payment.body.chain, payment.body.index, payment.hash);
    for (const [key, purpose] of [
      [bob.key, 'state'],
      [alice.key, 'ack'],
      [alice.key, 'claim'],
      [alice.controller, 'state'],
    ] as const) {
      const { signature } = signItem(net, key, purpose, payment.hash, message) as { signature: Uint8Array };
      const item: BundleItem = { type: 'signature', purpose: 'state', subject: payment.hash, position: 0, signature };
      expect(codeOf(verifyCommit(contextOf(net, [...items, item]), agreement))).toBe('E_SIGNATURE CHN-12');
    }
  });

  const matching = (changes: Partial<Accept>, other: Exchange = fork()): string => {
    const step = propose(other);
    const given = accept(other, step, changes);
    return codeOf(verifyRequest(contextOf(net, itemsOf(step, given)), agreementOf(exchange, step, given)));
  };

  test.each<[string, Partial<Accept>, string]>([
    ['another pre-commitment', { precommit: seed('other') }, 'E_MISMATCH REL-16'],
    ['another successor', { state: seed('other') as StateHash }, 'E_MISMATCH REL-16'],
    ['a window that outlives the offer', { window: windowNow(net, HOUR_MS + 1) }, 'E_WINDOW REL-16'],
    ['a window that ends earlier', { window: windowNow(net, HOUR_MS - 1) }, 'ok'],
  ])('REL-16: an accept with %s', (_, changes, expected) => {
    expect(matching(changes)).toBe(expected);
  });

  test('REL-16: an accept of another payment does not do', () => {
    const other = fork();
    const [first, second] = [propose(other, 1n), propose(other, 2n)];
    const given = accept(other, first);
    const mixed = agreementOf(exchange, second, given);
    expect(codeOf(verifyRequest(contextOf(net, itemsOf(first, second, given)), mixed))).toBe('E_MISMATCH REL-16');
  });

  test('REL-16: an accept of another relationship does not do', () => {
    const chess = { ...makeHalf(net, bob, alice, 'chess'), states: [] };
    const other = fork();
    const step = propose(other);
    const given = accept({ ...other, payee: chess }, step);
    const mixed = agreementOf(exchange, step, given);
    expect(codeOf(verifyRequest(contextOf(net, itemsOf(step, given)), mixed))).toBe('E_MISMATCH REL-16');
    const third = { ...makeHalf(net, carol, alice), states: [] };
    const foreign = accept({ ...other, payee: third }, step);
    const stranger = agreementOf(exchange, step, foreign);
    expect(codeOf(verifyRequest(contextOf(net, itemsOf(step, foreign)), stranger))).toBe('E_MISMATCH REL-16');
  });

  test('REL-16: an accept of the payer itself does not do', () => {
    const other = fork();
    const step = propose(other);
    const given = accept({ ...other, payee: other.payer }, step);
    const own = agreementOf(exchange, step, given);
    expect(codeOf(verifyRequest(contextOf(net, itemsOf(step, given)), own))).toBe('E_MISMATCH REL-16');
  });
});

describe('REL-11, REL-12: what an accept rests on', () => {
  test('REL-11: a reservation whose claims the payee cannot sign is no reserved payment', () => {
    const own = makeExchange();
    const impostor = { ...own.bob, key: makeDevice(own.net, 'impostor').key };
    const trap = fund(own.net, own.alice, impostor, own.token, 100n);
    const step = pay(own, 10n, { vault: trap.vault, total: 10n });
    const given = accept(own, step);
    const context = contextOf(own.net, itemsOf(step, given));
    expect(codeOf(verifyCommit(context, agreementOf(own, step, given)))).toBe('E_RESERVATION REL-11');
  });

  test('REL-12: an accept does not outlive the first state of an uncertified run', () => {
    const own = fork();
    const first = payProvisionally(own, 1n, { window: windowNow(net, HOUR_MS) });
    const second = payProvisionally(own, 2n, { window: windowNow(net, 3 * HOUR_MS) });
    const verdict = (lengthMs: number): string => {
      const given = accept({ ...own, payee: copyHalf(own.payee) }, second, { window: windowNow(net, lengthMs) });
      const context = contextOf(net, itemsOf(first, second, given));
      return codeOf(verifyCommit(context, agreementOf(exchange, second, given)));
    };
    expect(verdict(HOUR_MS)).toBe('ok');
    expect(verdict(HOUR_MS + 1)).toBe('E_WINDOW REL-12');
  });
});

describe('REL-19: an ack is the signature of the payee that the commit arrived', () => {
  const world = fork();
  const payment = pay(world, 100n);
  const message = stateMessage(net, payment.body.chain, payment.body.index, payment.hash);
  const ack = { state: payment.hash, half: payee.chain };
  const signed = (key: KeyPair, purpose: Purpose = 'ack', changes: Partial<typeof message> = {}): string => {
    const { signature } = signItem(net, key, purpose, payment.hash, { ...message, ...changes }) as {
      signature: Uint8Array;
    };
    const item: BundleItem = { type: 'signature', purpose: 'ack', subject: payment.hash, position: 0, signature };
    return codeOf(verifyAck(contextOf(net, [...payment.items, item]), ack));
  };

  test('under the key of its half', () => {
    expect(signed(bob.key)).toBe('ok');
    expect(signed(alice.key)).toBe('E_SIGNATURE REL-19');
    expect(signed(bob.key, 'state')).toBe('E_SIGNATURE REL-19');
    for (const change of [
      { from: 0 },
      { to: 9 },
      { chain: payee.chain },
      { hash: seed('x') },
      { network: seed('x') as NetworkId },
    ]) {
      expect(signed(bob.key, 'ack', change)).toBe('E_SIGNATURE REL-19');
    }
  });

  test('that is missing, or whose state or half is missing, is incomplete', () => {
    const context = contextOf(net, payment.items);
    expect(expectFailure(verifyAck(context, ack)).missing).toEqual([
      `signature ack ${Buffer.from(payment.hash).toString('hex')} 0`,
    ]);
    expect(codeOf(verifyAck(context, { ...ack, state: seed('x') as StateHash }))).toBe('E_INCOMPLETE BND-2');
    expect(codeOf(verifyAck(context, { ...ack, half: seed('x') as ChainId }))).toBe('E_INCOMPLETE BND-2');
  });

  test('a state of another network is not acknowledged', () => {
    const body = { ...payment.body, network: seed('elsewhere') as NetworkId };
    const hash = stateHash(suite, body);
    const item = signItem(net, bob.key, 'ack', hash, stateMessage(net, body.chain, body.index, hash));
    const context = contextOf(net, [{ type: 'body', body }, item]);
    expect(codeOf(verifyAck(context, { state: hash, half: payee.chain }))).toBe('E_NETWORK REL-19');
  });
});

test('REL-15 to REL-19: shapes', () => {
  const world = fork();
  const payment = pay(world, 1n);
  const agreement: Agreement = { proposal: proposalOf(exchange, payment), accept: seed('a') as StateHash };
  const items = agreementCodec.toItem(agreement) as readonly Item[];
  expect(expectOk(agreementCodec.fromItem(items, 'it'))).toEqual(agreement);
  expect(codeOf(agreementCodec.fromItem(items.with(1, null), 'it'))).toBe('E_FORMAT ENC-3');
  expect(codeOf(agreementCodec.fromItem(items.slice(1), 'it'))).toBe('E_FORMAT ENC-3');
  expect(codeOf(acceptanceCodec.fromItem([], 'it'))).toBe('E_FORMAT ENC-3');
  expect(codeOf(acknowledgementCodec.fromItem([seed('a')], 'it'))).toBe('E_FORMAT ENC-3');
});
