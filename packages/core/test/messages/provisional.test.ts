import { hashItem, hashReference, LIMITS, verifyOffer, type BundleItem, type Proposal } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  contextOf,
  createToken,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  mint,
  receive,
  seed,
  signAccount,
  transfer,
  windowNow,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import {
  copyHalf,
  makeExchange,
  pay,
  payProvisionally,
  proposalOf,
  REFERENCE,
  unsigned,
  type Exchange,
} from '../support/exchange.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange();
const { net, alice, bob, canteen, token, payer, payee } = exchange;
const { suite, network } = net;
const carol = makeFundedDevice(net, 'carol', canteen, token, 500n);

/** The exchange as it is now, to go on from there without leaving a trace. */
const fork = (): Exchange => ({ ...exchange, alice: { ...alice }, payer: copyHalf(payer), payee: copyHalf(payee) });
const verify = (proposal: Proposal, own: readonly BundleItem[] = []): string =>
  codeOf(verifyOffer(contextOf(net, own), proposal));
const offer = (step: TestStep, changes: Partial<Proposal> = {}): string =>
  verify({ ...proposalOf(exchange, step), ...changes }, step.items);

describe('REL-14: a provisional offer shows the whole uncertified run', () => {
  test('each state but the proposed one signed; good until the smallest window', () => {
    const world = fork();
    const first = payProvisionally(world, 10n, { window: windowNow(net, HOUR_MS) });
    const second = payProvisionally(world, 20n, { window: windowNow(net, 2 * HOUR_MS) });
    const facts = expectOk(
      verifyOffer(contextOf(net, [...first.items, ...second.items]), proposalOf(exchange, second)),
    );
    expect(facts).toMatchObject({ grade: 'provisional', amount: 20n, order: 'soup', goodUntil: net.nowMs + HOUR_MS });
    expect(facts.run.map(({ hash }) => hash)).toEqual([first.hash, second.hash]);
    expect(facts.reservation).toBeUndefined();
  });

  const own = (...steps: readonly TestStep[]) => steps.flatMap(({ items }) => items);
  const run = (...steps: readonly TestStep[]): string =>
    verify(proposalOf(exchange, nth(steps, steps.length - 1)), own(...steps));

  test('a state below that is not signed is incomplete', () => {
    const world = fork();
    const [first, second] = [payProvisionally(world, 10n), payProvisionally(world, 20n)];
    const context = contextOf(net, own(first, second));
    const proposal = proposalOf(exchange, second);
    expect(codeOf(verifyOffer(unsigned(context, second.hash), proposal))).toBe('ok');
    expect(codeOf(verifyOffer(unsigned(context, first.hash), proposal))).toBe('E_INCOMPLETE BND-2');
  });

  test('nothing but plain payments', () => {
    const world = fork();
    const between = [
      signAccount(net, world.alice, { type: 'createToken', window: windowNow(net), policy: makePolicyOf() }),
      payProvisionally(world, 20n),
    ];
    expect(run(...between)).toBe('E_OPERATION REL-14');
    const other = fork();
    expect(
      run(signAccount(net, other.alice, { type: 'createToken', window: windowNow(net), policy: makePolicyOf() })),
    ).toBe('E_OPERATION REL-14');
  });

  const makePolicyOf = () => ({
    network: network.id,
    issuer: alice.account,
    symbol: 'OWN',
    decimals: 0,
    cap: 1n,
    expiresAt: 0,
    transferable: true,
    approvers: [],
    threshold: 0,
    salt: seed('own').slice(0, 16),
  });

  test(`at most ${LIMITS.uncertifiedRun} of them`, () => {
    const world = fork();
    const steps = Array.from({ length: LIMITS.uncertifiedRun + 1 }, () => payProvisionally(world, 1n));
    expect(run(...steps.slice(0, -1))).toBe('ok');
    expect(run(...steps)).toBe('E_LIMIT REL-14');
  });

  test('windows that are open together at some moment', () => {
    const at = (from: number, until: number) => ({ window: { from, until } });
    const world = fork();
    const first = payProvisionally(world, 1n, at(net.nowMs + HOUR_MS, net.nowMs + 2 * HOUR_MS));
    const touching = payProvisionally({ ...world, alice: { ...world.alice } }, 1n, at(net.nowMs, net.nowMs + HOUR_MS));
    const apart = payProvisionally({ ...world, alice: { ...world.alice } }, 1n, at(net.nowMs, net.nowMs + HOUR_MS - 1));
    expect(run(first, touching)).toBe('ok');
    expect(run(first, apart)).toBe('E_WINDOW REL-14');
  });

  test('on a final state: one whose certificate is wrong is none, one without is part of the run', () => {
    const world = fork();
    const dave = makeDevice(net, 'dave');
    mint(net, canteen, token, 100n);
    receive(net, dave, transfer(net, canteen, dave.account, token, 100n));
    const ofDave = { ...world, alice: dave, payer: { ...makeHalf(net, dave, bob), states: [] } };
    const step = payProvisionally(ofDave, 5n);
    const proposal = { ...proposalOf(exchange, step), half: ofDave.payer.chain };
    const parent = `certificate ${Buffer.from(dave.account).toString('hex')} ${step.body.index - 1}`;
    const good = net.items.get(parent) as Extract<BundleItem, { type: 'certificate' }>;
    expect(verify(proposal, step.items)).toBe('ok');
    const broken = { ...good, certificate: { ...good.certificate, receipts: good.certificate.receipts.slice(1) } };
    expect(verify(proposal, [...step.items, broken])).toBe('E_CERTIFICATE NET-6');
    net.items.delete(parent);
    expect(verify(proposal, step.items)).toMatch(/^E_(OPERATION REL-14|INCOMPLETE BND-2)$/);
    net.items.set(parent, good);
  });

  test('VAL-9: value that was not credited yet is not in the balance from which it pays', () => {
    const poor = makeDevice(net, 'poor');
    transfer(net, alice, poor.account, token, 50n);
    const ofPoor = { ...fork(), alice: poor };
    expect(() => payProvisionally(ofPoor, 1n)).toThrow('E_BALANCE (VAL-6)');
  });
});

describe('REL-10: a provisional offer names payer, payee and reference', () => {
  test('the account is that of the half, the payee its peer', () => {
    const step = payProvisionally(fork(), 10n);
    expect(offer(step, { half: makeHalf(net, carol, bob).chain })).toBe('E_CHAIN REL-10');
    expect(offer(step, { half: makeHalf(net, alice, carol).chain })).toBe('E_CHAIN REL-10');
    expect(offer(payProvisionally(fork(), 10n, { to: carol.account }))).toBe('E_CHAIN REL-10');
  });

  test('the reference opens what the transfer commits to: H("reference", [salt, order, refundOf])', () => {
    expect(hashReference(suite, REFERENCE)).toEqual(hashItem(suite, 'reference', [REFERENCE.salt, 'soup', null]));
    const step = payProvisionally(fork(), 10n);
    expect(offer(step)).toBe('ok');
    expect(offer(step, { reference: { ...REFERENCE, order: 'cake' } })).toBe('E_MISMATCH REL-10');
    expect(offer(step, { reference: { ...REFERENCE, refundOf: seed('x') } })).toBe('E_MISMATCH REL-10');
    expect(offer(step, { reference: { ...REFERENCE, salt: new Uint8Array(16) } })).toBe('E_MISMATCH REL-10');
    expect(offer(step, { reference: null })).toBe('E_MISMATCH REL-10');
    const plain = payProvisionally(fork(), 10n, {}, null);
    expect(offer(plain, { reference: null })).toBe('ok');
    expect(offer(plain)).toBe('E_MISMATCH REL-10');
  });

  test('a payment of another network, or in a token of one, is refused', () => {
    const far = createToken(net, canteen, { symbol: 'FAR' });
    const policy = { ...far.policy, network: seed('elsewhere') as typeof network.id };
    const step = payProvisionally(fork(), 10n);
    const context = contextOf(net, step.items);
    const lying = { ...context, evidence: { ...context.evidence, policy: () => policy } };
    expect(codeOf(verifyOffer(lying, proposalOf(exchange, step)))).toBe('E_NETWORK VAL-1');
    const reserved = pay(fork(), 10n);
    const other = contextOf(net, reserved.items);
    const context2 = { ...other, evidence: { ...other.evidence, policy: () => policy } };
    expect(codeOf(verifyOffer(context2, proposalOf(exchange, reserved)))).toBe('E_NETWORK VAL-1');
  });
});
