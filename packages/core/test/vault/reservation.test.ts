import {
  amount,
  CLAIMED_LEAF,
  claimMessage,
  claimWindow,
  editLeaves,
  hashItem,
  isWindowOpen,
  MAX_TIME,
  outputsOf,
  RELEASED_LEAF,
  releaseWindow,
  reservationTermsCodec,
  signMessage,
  vaultOperationCodec,
  verifyProvenance,
  verifySubmission,
  verifyTransition,
  type BundleItem,
  type Tree,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
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
  receive,
  release,
  signClaim,
  stepContext,
  strictContext,
  submissionOf,
  type Reservation,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
const E = net.nowMs + 48 * HOUR_MS;

const read = (tree: Tree, name: typeof CLAIMED_LEAF): bigint | undefined =>
  expectOk(editLeaves(suite, tree).read(name, amount));
const vaultItems = ({ tip, terms }: Reservation): readonly BundleItem[] => [
  { type: 'body', body: tip },
  { type: 'operation', operation: { kind: 'vault', operation: terms } },
];

describe('RES-1: what a funding state sets up', () => {
  test('terms that follow from it alone', () => {
    const reservation = fund(net, alice, bob, token, 2_000n, E);
    const { funding, terms, vault } = reservation;
    expect(terms).toEqual({
      type: 'genesis',
      k: 64,
      payer: alice.account,
      payerKey: alice.key.publicKey,
      payee: bob.account,
      payeeKey: bob.key.publicKey,
      token,
      funded: 2_000n,
      until: E,
      fundingIndex: funding.body.index,
      fundingOutput: 0,
    });
    expect(reservation.tip.chain).toEqual(vault);
    expect(funding.operation.operation).toMatchObject({ type: 'fund', vault });
  });

  test('two of the same terms at two places are two reservations', () => {
    const first = fund(net, alice, bob, token, 1n, E);
    const second = fund(net, alice, bob, token, 1n, E);
    expect(first.vault).not.toEqual(second.vault);
    expect({ ...first.terms, fundingIndex: second.terms.fundingIndex }).toEqual(second.terms);
  });
});

test('RES-2: the terms leaf holds a genesis and nothing else', () => {
  const { terms } = fund(net, alice, bob, token, 1n, E);
  expect(expectOk(reservationTermsCodec.fromItem(reservationTermsCodec.toItem(terms), 'leaf'))).toEqual(terms);
  const claimed = vaultOperationCodec.toItem({
    type: 'claim',
    window: claimWindow(terms),
    to: bob.account,
    token,
    amount: 1n,
    total: 1n,
  });
  expect(codeOf(reservationTermsCodec.fromItem(claimed, 'leaf'))).toBe('E_FORMAT RES-1');
  expect(codeOf(reservationTermsCodec.fromItem(7, 'leaf'))).toBe('E_FORMAT ENC-3');
});

describe('RES-4, RES-5: claims until E, the rest after', () => {
  const reservation = fund(net, alice, bob, token, 2_000n, E);
  const half = makeHalf(net, alice, bob);

  test('a claim pays the difference to the payee', () => {
    payOffline(net, half, reservation, 300n);
    const first = claim(net, reservation, half);
    expect(outputsOf(first.operation)).toEqual([{ to: bob.account, token, amount: 300n }]);
    payOffline(net, half, reservation, 450n);
    payOffline(net, half, reservation, 50n);
    const second = claim(net, reservation, half);
    expect(outputsOf(second.operation)).toEqual([{ to: bob.account, token, amount: 500n }]);
    expect([read(reservation.tree, CLAIMED_LEAF), read(reservation.tree, RELEASED_LEAF)]).toEqual([800n, undefined]);
    for (const step of [first, second]) {
      expect(codeOf(verifyTransition(stepContext(net, step), step.body))).toBe('ok');
      expect(codeOf(verifySubmission(strictContext(net, submissionOf(net, step).items), step.hash))).toBe('ok');
      receive(net, bob, step);
    }
  });

  test('CHN-13: the chain of a vault with two claims is proved from its funding on, each claim by its own total', () => {
    const other = fund(net, alice, bob, token, 500n, E);
    const genesis = vaultItems(other);
    const purse = makeHalf(net, alice, bob, 'two claims');
    const claims = [200n, 300n].map((value) => {
      payOffline(net, purse, other, value);
      return claim(net, other, purse);
    });
    const own = [...genesis, ...claims.flatMap(({ items }) => items)];
    const totals = own.filter(({ type }) => type === 'total');
    expect(totals).toHaveLength(2);
    const found = expectOk(verifyProvenance(contextOf(net, own), nth(claims, 1).hash));
    expect([found.kind, found.states, found.grade]).toEqual(['vault', 3, 'certified']);
  });

  test('a release takes back exactly the rest, once and for all', () => {
    const back = release(net, reservation);
    expect(outputsOf(back.operation)).toEqual([{ to: alice.account, token, amount: 1_200n }]);
    expect(read(reservation.tree, RELEASED_LEAF)).toBe(1_200n);
    expect(codeOf(verifySubmission(contextOf(net, back.items), back.hash))).toBe('ok');
    receive(net, alice, back);
  });

  test('without any claim everything goes back', () => {
    const untouched = fund(net, alice, bob, token, 77n, E);
    expect(outputsOf(release(net, untouched).operation)).toEqual([{ to: alice.account, token, amount: 77n }]);
  });

  test('claimed whole, nothing goes back', () => {
    const whole = fund(net, alice, bob, token, 77n, E);
    const purse = makeHalf(net, alice, bob, 'whole');
    payOffline(net, purse, whole, 77n);
    claim(net, whole, purse);
    expect(() => release(net, whole)).toThrow('E_AMOUNT (RES-5): nothing is left');
  });
});

describe('RES-4: a claim signs the vault and the total, not the place', () => {
  test('message: [network, vault, 0, 0, H("claim", [vault, total])]', () => {
    const { vault } = fund(net, alice, bob, token, 1n, E);
    expect(claimMessage(net, vault, 7n)).toEqual({
      network: network.id,
      chain: vault,
      from: 0,
      to: 0,
      hash: hashItem(suite, 'claim', [vault, 7n]),
    });
  });

  test('the signature outlives a slot that came to nothing: it serves at the next place too', () => {
    const reservation = fund(net, alice, bob, token, 100n, E);
    const half = makeHalf(net, alice, bob, 'outlives');
    payOffline(net, half, reservation, 10n);
    const early = { ...reservation };
    const halfThen = { ...half };
    payOffline(net, half, reservation, 20n);
    const direct = signClaim(net, { ...reservation }, half);
    const signature = direct.items.find((item) => item.type === 'signature' && item.purpose === 'claim');
    expect(direct.body.index).toBe(1);

    claim(net, early, halfThen);
    const later = signClaim(net, early, half);
    expect(later.body.index).toBe(2);
    expect(later.hash).not.toEqual(direct.hash);
    const reused = later.items.map((item): BundleItem =>
      item.type === 'signature' && item.purpose === 'claim' && signature?.type === 'signature'
        ? { ...item, signature: signature.signature }
        : item,
    );
    expect(codeOf(verifyTransition(contextOf(net, reused), later.body))).toBe('ok');
  });

  test('the body is canonical: two devices of the payee make the same claim', () => {
    const reservation = fund(net, alice, bob, token, 100n, E);
    const half = makeHalf(net, alice, bob, 'canonical');
    payOffline(net, half, reservation, 10n);
    const [a, b] = [1, 2].map(() => signClaim(net, { ...reservation }, half));
    expect(a?.hash).toEqual(b?.hash);
  });

  test('whoever carries it, only the payee key signs it', () => {
    const reservation = fund(net, alice, bob, token, 100n, E);
    const half = makeHalf(net, alice, bob, 'carried');
    payOffline(net, half, reservation, 10n);
    const step = signClaim(net, reservation, half);
    const message = claimMessage(net, reservation.vault, 10n);
    const signed = (signature: Uint8Array): string =>
      codeOf(
        verifyTransition(
          contextOf(net, [
            ...step.items,
            { type: 'signature', purpose: 'claim', subject: step.hash, position: 0, signature },
          ]),
          step.body,
        ),
      );
    const sign = (...[key, purpose, of]: readonly [typeof bob.key, 'claim' | 'state', typeof message]): Uint8Array =>
      signMessage(suite, key.secretKey, purpose, of);
    expect(signed(sign(bob.key, 'claim', message))).toBe('ok');
    expect(signed(sign(alice.key, 'claim', message))).toBe('E_SIGNATURE CHN-12');
    expect(signed(sign(bob.key, 'state', message))).toBe('E_SIGNATURE CHN-12');
    expect(signed(sign(bob.key, 'claim', claimMessage(net, reservation.vault, 11n)))).toBe('E_SIGNATURE CHN-12');
    expect(signed(sign(bob.key, 'claim', claimMessage(net, alice.account, 10n)))).toBe('E_SIGNATURE CHN-12');
    expect(signed(sign(bob.key, 'claim', { ...message, from: 1, to: 1 }))).toBe('E_SIGNATURE CHN-12');
  });
});

describe('RES-4, RES-5, NET-11: no honest clock admits a claim and another a release at once', () => {
  const { terms } = fund(net, copyDevice(alice), bob, token, 1n, E);

  test('a claim runs to E, a release from E + gap', () => {
    expect(claimWindow(terms)).toEqual({ from: 0, until: E });
    expect(releaseWindow(network, terms)).toEqual({ from: E + network.gapMs, until: MAX_TIME });
  });

  test('a node votes for a claim until E + Δ and for a release from E + gap - Δ', () => {
    const { deltaMs, gapMs } = network;
    const open = (nowMs: number): readonly boolean[] =>
      [claimWindow(terms), releaseWindow(network, terms)].map((window) => isWindowOpen(network, window, nowMs));
    expect(open(0)).toEqual([true, false]);
    expect(open(E + deltaMs)).toEqual([true, false]);
    expect(open(E + deltaMs + 1)).toEqual([false, false]);
    expect(open(E + gapMs - deltaMs - 1)).toEqual([false, false]);
    expect(open(E + gapMs - deltaMs)).toEqual([false, true]);
    // Two honest clocks differ by at most Δ.
    for (let nowMs = E - gapMs; nowMs < E + 2 * gapMs; nowMs += 1_000) {
      expect(open(nowMs)[0] && open(nowMs + deltaMs)[1]).toBe(false);
    }
  });
});
