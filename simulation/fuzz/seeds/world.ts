/** A small history made with the test kit: what genuine files, messages, certificates and submissions are cut from. */
import {
  evidenceFrom,
  hashReference,
  indexItems,
  makeVoid,
  must,
  orderFork,
  recordFinder,
  stateHash,
  stateMessage,
  type Accept,
  type Agreement,
  type Body,
  type BundleItem,
  type Context,
  type Fork,
  type Proposal,
  type Reference,
  type TokenId,
} from '@dsm/core';
import {
  certifyByAcks,
  claim,
  contextOf,
  copyDevice,
  createToken,
  fund,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  receiveOperation,
  seed,
  signAccount,
  signClaim,
  signItem,
  signRelease,
  signTransfer,
  takeStep,
  totalItems,
  transfer,
  windowNow,
  type Device,
  type Half,
  type Reservation,
  type TestNetwork,
  type TestStep,
} from '../../../tests/kit/index.ts';
import { makeFuzzSuite, type FuzzSuite } from '../suite.ts';

export interface World {
  readonly net: TestNetwork;
  readonly suite: FuzzSuite;
  readonly token: TokenId;
  readonly canteen: Device;
  readonly alice: Device;
  readonly bob: Device;
  /** An account whose keys are SLH-DSA. */
  readonly slow: Device;
  readonly payer: Half;
  readonly payee: Half;
  readonly reservation: Reservation;
  /** Certified and credited by nobody yet. */
  readonly debit: TestStep;
  readonly receiving: TestStep;
  /** A payment out of the reservation with its accept. */
  readonly paid: TestStep;
  readonly accepted: TestStep;
  readonly agreement: Agreement;
  readonly ack: BundleItem;
  /** The items that show the total of the claim that is final. */
  readonly totals: readonly BundleItem[];
  readonly claimed: TestStep;
  readonly released: TestStep;
  /** Two uncertified transfers, the accept of the second, and a rival of the first. */
  readonly run: readonly [TestStep, TestStep];
  readonly runAccept: TestStep;
  readonly provisional: Agreement;
  readonly fork: Fork;
  /** A state that says that the device began anew. */
  readonly restored: TestStep;
  /** The void in the place of the disputed state, and that of a reservation; certified. */
  readonly voids: readonly TestStep[];
}

const tipOf = (net: TestNetwork, body: Body) => ({ index: body.index, hash: stateHash(net.suite, body) });

function acceptStep(net: TestNetwork, payee: Half, payer: Half, { body, hash }: TestStep): TestStep {
  const operation: Accept = {
    type: 'accept',
    window: body.window,
    salt: seed('salt', payee.tip.index, payee.owner.name).slice(0, 16),
    seen: body.kind === 'half' ? { index: body.index - 1, hash: body.prev } : tipOf(net, payer.tip),
    precommit: body.precommit,
    state: hash,
    outcomes: [{ precommit: seed('earlier'), outcome: 'delivered' }],
  };
  return takeStep(net, payee, payee.owner.key, { kind: 'half', operation });
}

/** With its Final by the acks of round 1: that is what stands for a signature. */
function makeVoidStep(net: TestNetwork, { tip, tree }: Pick<Device, 'tip' | 'tree'>): TestStep {
  const { body, hash, operation, items } = must(makeVoid(contextOf(net), tip, tree));
  const certificate = certifyByAcks(net, { chain: body.chain, index: body.index, hash }, 1);
  return { body, hash, operation, items: [...items, { type: 'certificate', certificate }] };
}

const REFERENCE: Reference = { salt: seed('reference').slice(0, 16), order: 'soup', refundOf: null };

const payProvisionally = (net: TestNetwork, from: Device, to: Device, token: TokenId, amount: bigint): TestStep =>
  signAccount(net, from, {
    type: 'transfer',
    window: windowNow(net),
    token,
    amount,
    to: to.account,
    reference: hashReference(net.suite, REFERENCE),
  });

export function makeWorld(): World {
  const suite = makeFuzzSuite();
  const net = makeNetwork(4, { name: 'fuzz' }, suite);
  const canteen = makeDevice(net, 'canteen');
  const { token } = createToken(net, canteen);
  const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
  const bob = makeDevice(net, 'bob');
  const slow = makeDevice(net, 'slow', { algorithm: 'slh-dsa-sha2-128s' });
  const payer = makeHalf(net, alice, bob);
  const payee = makeHalf(net, bob, alice);
  const reservation = fund(net, alice, bob, token, 2_000n, net.nowMs + 48 * HOUR_MS);
  const debit = transfer(net, alice, bob.account, token, 30n);
  const receiving = signAccount(net, copyDevice(bob), receiveOperation(net, debit));
  acceptStep(net, payee, payer, payOffline(net, payer, reservation, 100n, payee));
  claim(net, reservation, payer);
  const totals = totalItems(net, payer, reservation.vault);
  const paid = payOffline(net, payer, reservation, 25n, payee);
  const accepted = acceptStep(net, payee, payer, paid);
  const ack = signItem(net, bob.key, 'ack', paid.hash, stateMessage(net, paid.body.chain, paid.body.index, paid.hash));
  const claimed = signClaim(net, { ...reservation }, payer);
  const released = signRelease(net, { ...reservation });
  const twin = copyDevice(alice);
  const twinBefore = copyDevice(alice);
  const run = [payProvisionally(net, alice, bob, token, 10n), payProvisionally(net, alice, bob, token, 20n)] as const;
  const rival = signTransfer(net, twin, bob.account, token, 99n);
  const restored = signAccount(net, copyDevice(canteen), { type: 'restored', window: windowNow(net) });
  const voids = [makeVoidStep(net, twinBefore), makeVoidStep(net, reservation)];
  const runAccept = acceptStep(net, { ...payee }, payer, run[1]);
  const proposal: Proposal = { state: run[1].hash, half: payer.chain, reference: REFERENCE };
  return {
    net,
    suite,
    token,
    canteen,
    alice,
    bob,
    slow,
    payer,
    payee,
    reservation,
    debit,
    receiving,
    paid,
    accepted,
    agreement: { proposal: { state: paid.hash, half: payer.chain, reference: null }, accept: accepted.hash },
    ack,
    totals,
    claimed,
    released,
    run,
    runAccept,
    provisional: { proposal, accept: runAccept.hash },
    fork: orderFork(alice.account, rival.body.index, run[0].hash, rival.hash),
    restored,
    voids,
  };
}

/** Exactly the items that this verification uses; `own` go before those of the world. */
export function usedItems(
  { net }: World,
  own: readonly BundleItem[],
  verify: (context: Context) => unknown,
): readonly BundleItem[] {
  const first = indexItems(net.suite, own);
  const recorder = recordFinder((name) => first.get(name) ?? net.items.get(name));
  verify({ suite: net.suite, network: net.network, evidence: evidenceFrom(recorder.find) });
  return recorder.used();
}
