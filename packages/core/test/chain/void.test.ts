import {
  balanceLeaf,
  checkAdmissible,
  creditLeaf,
  draftTransition,
  editLeaves,
  equalBytes,
  amount,
  flag,
  hashOperation,
  isVoid,
  itemNames,
  makeVoid,
  nameOf,
  operationCodec,
  outputsOf,
  roundsBeginMs,
  stateHash,
  verifyCandidate,
  verifyLinks,
  verifyProvenance,
  verifySubmission,
  verifyTransition,
  voidBody,
  voidOperation,
  type Body,
  type BundleItem,
  type Operation,
  type Window,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyByAcks,
  certifyStep,
  certifyVoid,
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
  nullifierOf,
  payOffline,
  receive,
  release,
  remember,
  signClaim,
  signItem,
  signRelease,
  signTransfer,
  strictContext,
  submissionOf,
  takeVoid,
  transfer,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, expectOk } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const bob = makeDevice(net, 'bob');
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const reservation = fund(net, alice, bob, token, 500n);
const half = makeHalf(net, alice, bob);
payOffline(net, half, reservation, 100n);

const parent = alice.tip;
net.nowMs += HOUR_MS;
const lapsed = signTransfer(net, copyDevice(alice), bob.account, token, 9_000n);
/** The void of the place, and what it takes to verify it but its Final. */
const empty = expectOk(makeVoid(contextOf(net), parent, alice.tree));

describe('CHN-14: the void of a place', () => {
  test('changes nothing, pays nothing out, and has the window of its parent', () => {
    expect(empty.body).toMatchObject({ index: parent.index + 1, root: parent.root, window: parent.window });
    expect(outputsOf(empty.operation)).toEqual([]);
    expect(expectOk(verifyLinks(suite, [parent, empty.body], 64))).toEqual(empty.hash);
  });

  test('there is exactly one: it follows from the parent and k alone', () => {
    expect(expectOk(voidBody(suite, parent, 64))).toEqual(empty.body);
    expect(expectOk(voidOperation(parent))).toEqual(empty.operation);
    expect(codeOf(voidBody(suite, half.tip, 64))).toBe('E_CHAIN CHN-14');
  });

  test('whoever has a witness of any state of the place has that of its void', () => {
    for (const step of [lapsed, signTransfer(net, copyDevice(alice), canteen.account, token, 1n)]) {
      const shown = step.items.find((item) => item.type === 'witness');
      const made = expectOk(makeVoid(contextOf(net), parent, (shown as Extract<BundleItem, { type: 'witness' }>).tree));
      expect(made).toEqual(empty);
    }
  });

  test('is told by its body, and no other state is', () => {
    expect(isVoid(suite, empty.body)).toBe(true);
    for (const body of [lapsed.body, parent, half.tip, reservation.tip]) expect(isVoid(suite, body)).toBe(false);
    expect(isVoid(suite, { ...empty.body, window: lapsed.body.window })).toBe(false);
  });

  test('another window is refused', () => {
    for (const window of [lapsed.body.window, { from: 0, until: parent.window.until }]) {
      const operation: Operation = { kind: 'account', operation: { type: 'void', window } };
      expect(codeOf(draftTransition(contextOf(net), parent, operation, alice.tree))).toBe('E_WINDOW CHN-14');
    }
  });

  test('halves and identities have none', () => {
    for (const kind of ['half', 'identity'] as const) {
      expect(codeOf(voidOperation({ kind, window: parent.window }))).toBe('E_CHAIN CHN-14');
    }
    expect(codeOf(makeVoid(contextOf(net), half.tip, half.tree))).toBe('E_CHAIN CHN-14');
  });

  test('numbers 10 of accounts and 4 of vaults', () => {
    const window: Window = { from: 1, until: 2 };
    expect(operationCodec.toItem({ kind: 'account', operation: { type: 'void', window } })).toEqual([2, [10, [1, 2]]]);
    expect(operationCodec.toItem({ kind: 'vault', operation: { type: 'void', window } })).toEqual([4, [4, [1, 2]]]);
  });
});

describe('CHN-14: a void stands by its Final', () => {
  const certificate = (round: number): BundleItem => ({
    type: 'certificate',
    certificate: certifyByAcks(net, { chain: alice.account, index: empty.body.index, hash: empty.hash }, round),
  });
  const transition = (...own: readonly BundleItem[]): string =>
    codeOf(verifyTransition(contextOf(net, [...empty.items, ...own]), empty.body));

  test('a transition needs the certificate instead of a signature', () => {
    const { code, missing } = expectFailure(verifyTransition(contextOf(net, empty.items), empty.body));
    expect(code).toBe('E_INCOMPLETE');
    expect(missing).toEqual([itemNames.certificate(alice.account, empty.body.index)]);
    for (const round of [0, 1, 7]) expect(transition(certificate(round))).toBe('ok');
  });

  test('a Final of another state of the place is none of the void', () => {
    const other = certifyByAcks(net, { chain: alice.account, index: empty.body.index, hash: lapsed.hash }, 1);
    expect(transition({ type: 'certificate', certificate: other })).toBe('E_CONFLICT NET-8');
  });

  test('its owner may sign it as often as it likes', () => {
    const { chain, index } = empty.body;
    const message = { network: network.id, chain, from: index, to: index, hash: empty.hash };
    const signature = signItem(net, alice.key, 'state', empty.hash, message);
    expect(transition(signature)).toBe('E_INCOMPLETE BND-2');
  });

  test('it is never submitted, with a certificate or without', () => {
    const submit = (...own: readonly BundleItem[]) =>
      codeOf(verifySubmission(contextOf(net, [...empty.items, ...own]), empty.hash));
    expect(submit()).toBe('E_OPERATION CHN-14');
    expect(submit(certificate(1))).toBe('E_OPERATION CHN-14');
  });

  test('NET-27: a round may choose it without a Final, but above a final parent only', () => {
    expect(codeOf(verifyCandidate(contextOf(net, empty.items), empty.hash))).toBe('ok');
    expect(codeOf(verifyCandidate(contextOf(net, lapsed.items), lapsed.hash))).toBe('ok');
    const device = copyDevice(alice);
    signTransfer(net, device, bob.account, token, 1n);
    const open = expectOk(makeVoid(contextOf(net), device.tip, device.tree));
    expect(codeOf(verifyCandidate(contextOf(net, open.items), open.hash))).toBe('E_INCOMPLETE BND-2');
  });

  test('NET-27: nor one that does not follow from its parent', () => {
    const forge = (body: Body): string => {
      const items: BundleItem[] = [...empty.items.filter((item) => item.type !== 'body'), { type: 'body', body }];
      return codeOf(verifyCandidate(contextOf(net, items), stateHash(suite, body)));
    };
    expect(forge({ ...empty.body, root: lapsed.body.root })).toBe('E_LINK CHN-11');
    expect(forge({ ...empty.body, skip: empty.hash })).toBe('E_LINK CHN-11');
  });
});

describe('CHN-14: a void is a parent like any other', () => {
  const device = makeFundedDevice(net, 'frank', canteen, token, 9_500n);
  const before = device.tip;
  const gone = certifyVoid(net, takeVoid(net, device));
  const next = signTransfer(net, device, bob.account, token, 9_000n);

  test('of a submission, which shows its certificate and not its witness', () => {
    const { items } = submissionOf(net, next);
    expect(codeOf(verifySubmission(strictContext(net, items), next.hash))).toBe('ok');
    expect(items.filter((item) => item.type === 'witness')).toHaveLength(1);
    for (const item of items) {
      const rest = items.filter((one) => one !== item);
      const name = nameOf(suite, item);
      expect(expectFailure(verifySubmission(strictContext(net, rest), next.hash)).code, name).toBe('E_INCOMPLETE');
    }
  });

  test('the balance is what it was before', () => {
    const held = expectOk(editLeaves(suite, device.tree).read(balanceLeaf(token), amount));
    expect(held).toBe(500n);
    expect(equalBytes(gone.body.root, before.root)).toBe(true);
  });

  test('provenance over a void needs its certificate, and grades a void at the tip as certified', () => {
    expect(expectOk(verifyProvenance(contextOf(net, next.items), next.hash))).toMatchObject({ grade: 'provisional' });
    expect(expectOk(verifyProvenance(contextOf(net), gone.hash))).toMatchObject({ grade: 'certified' });
    const name = itemNames.certificate(device.account, gone.body.index);
    const { evidence, ...rest } = contextOf(net, next.items);
    const without = {
      ...rest,
      evidence: {
        ...evidence,
        certificate: (chain: Body['chain'], index: number) =>
          itemNames.certificate(chain, index) === name ? undefined : evidence.certificate(chain, index),
      },
    };
    for (const tip of [next.hash, gone.hash]) {
      expect(expectFailure(verifyProvenance(without, tip))).toMatchObject({ code: 'E_INCOMPLETE', missing: [name] });
    }
  });

  test('a credit that came to nothing is taken again above the void', () => {
    const dora = makeFundedDevice(net, 'dora', canteen, token, 100n);
    const payee = makeDevice(net, 'carol');
    const debit = transfer(net, dora, payee.account, token, 10n);
    const first = copyDevice(payee);
    receive(net, first, debit);
    certifyVoid(net, takeVoid(net, payee));
    expect(receive(net, payee, debit).body.index).toBe(2);
    const leaf = editLeaves(suite, payee.tree).read(creditLeaf(nullifierOf(net, debit)), flag);
    expect(expectOk(leaf)).toBe(true);
  });
});

describe('CHN-14, RES-4: vaults', () => {
  const vault = () => ({ ...reservation });

  test('a claim survives a void: its signature covers vault and total, and its body is made anew', () => {
    const before = vault();
    const first = signClaim(net, before, half);
    const signed = first.items.find((item) => item.type === 'signature') as Extract<BundleItem, { type: 'signature' }>;
    const after = vault();
    certifyVoid(net, takeVoid(net, after));
    const again = signClaim(net, { ...after }, half);
    expect(hashOperation(suite, again.operation)).toEqual(hashOperation(suite, first.operation));
    expect(again.hash).not.toEqual(first.hash);
    // The very signature of the claim that came to nothing, for the new place.
    const items = again.items.map((item) =>
      item.type === 'signature' && item.purpose === 'claim' ? { ...item, signature: signed.signature } : item,
    );
    expect(codeOf(verifySubmission(contextOf(net, items), again.hash))).toBe('ok');
  });

  test('the void has the witness of a claim as it is', () => {
    const step = signClaim(net, vault(), half);
    const shown = step.items.find((item) => item.type === 'witness') as Extract<BundleItem, { type: 'witness' }>;
    const made = expectOk(makeVoid(contextOf(net), reservation.tip, shown.tree));
    expect(codeOf(verifyCandidate(contextOf(net, made.items), made.hash))).toBe('ok');
    expect(outputsOf(made.operation)).toEqual([]);
  });

  test('RES-5: after a release there is none', () => {
    const over = vault();
    claim(net, over, half);
    release(net, over);
    expect(codeOf(makeVoid(contextOf(net), over.tip, over.tree))).toBe('E_RESERVATION RES-5');
  });

  test('NET-27: admissible from E + gap − Δ on, when no claim is any more', () => {
    const made = expectOk(makeVoid(contextOf(net), reservation.tip, reservation.tree));
    const candidate = expectOk(verifyCandidate(contextOf(net, made.items), made.hash));
    const signed = signClaim(net, vault(), half);
    const claimed = expectOk(verifyCandidate(contextOf(net, signed.items), signed.hash));
    const last = reservation.terms.until + network.gapMs - network.deltaMs;
    const at = (nowMs: number, transition = candidate) => codeOf(checkAdmissible(net, transition, nowMs));
    expect([at(net.nowMs), at(last - 1), at(last)]).toEqual(['E_TOO_EARLY NET-27', 'E_TOO_EARLY NET-27', 'ok']);
    expect([at(net.nowMs, claimed), at(last, claimed)]).toEqual(['ok', 'E_WINDOW NET-11']);
    expect(expectOk(roundsBeginMs(net, claimed))).toBe(last);
    const back = signRelease(net, vault());
    const released = expectOk(verifyCandidate(contextOf(net, back.items), back.hash));
    expect([at(last - 1, released), at(last, released)]).toEqual(['E_WINDOW NET-11', 'ok']);
  });

  test('NET-27: of an account it is admissible at any time', () => {
    const candidate = expectOk(verifyCandidate(contextOf(net, empty.items), empty.hash));
    for (const nowMs of [0, net.nowMs, 2 * net.nowMs]) {
      expect(codeOf(checkAdmissible(net, candidate, nowMs))).toBe('ok');
    }
    const signed = expectOk(verifyCandidate(contextOf(net, lapsed.items), lapsed.hash));
    expect(expectOk(roundsBeginMs(net, signed))).toBe(lapsed.body.window.until + network.gapMs);
  });

  test('CHN-12: terms of another chain in an invented parent are refused', () => {
    const invented: Body = { ...reservation.tip, chain: alice.account };
    expect(codeOf(makeVoid(contextOf(net), invented, reservation.tree))).toBe('E_CHAIN CHN-12');
  });
});

test('RES-1: a place whose funding came to nothing funds no vault', () => {
  const payer = makeFundedDevice(net, 'erin', canteen, token, 100n);
  const clone = copyDevice(payer);
  const funded = fund(net, payer, bob, token, 50n);
  const gone = certifyVoid(net, takeVoid(net, clone));
  expect(gone.body.index).toBe(funded.funding.body.index);
  const payment = makeHalf(net, payer, bob);
  payOffline(net, payment, funded, 10n);
  const step = signClaim(net, funded, payment);
  expect(
    codeOf(
      verifySubmission(
        contextOf(net, [...step.items, { type: 'certificate', certificate: gone.certificate }]),
        step.hash,
      ),
    ),
  ).toBe('E_RESERVATION RES-1');
  remember(net, [{ type: 'certificate', certificate: funded.funding.certificate }]);
  expect(codeOf(verifySubmission(contextOf(net, step.items), step.hash))).toBe('ok');
  expect(certifyStep(net, step).hash).toEqual(step.hash);
});
