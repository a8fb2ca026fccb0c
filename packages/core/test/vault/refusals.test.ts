/** One forged state for every rule of a reservation. */
import {
  amount,
  claimWindow,
  editLeaves,
  hashOperation,
  must,
  nameOf,
  pruneTree,
  releaseWindow,
  stateHash,
  stateMessage,
  totalLeaf,
  treeRoot,
  verifySubmission,
  verifyTransition,
  type Body,
  type BundleItem,
  type Claim,
  type NetworkId,
  type Operation,
  type Release,
  type StateHash,
  type VaultOperation,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  claim,
  contextOf,
  createToken,
  forgeStep,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  release,
  seed,
  signClaim,
  signItem,
  signRelease,
  strictContext,
  submissionOf,
  totalItems,
  type Reservation,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, nth } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const other = createToken(net, canteen, { symbol: 'OTHER' }).token;
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
const half = makeHalf(net, alice, bob);
const reservation = fund(net, alice, bob, token, 1_000n);
const { terms, vault } = reservation;
payOffline(net, half, reservation, 300n);
claim(net, reservation, half);
payOffline(net, half, reservation, 100n);
/** Claimed 300 of 1,000; the payer's newest total is 400. */
const total400 = totalItems(net, half, vault);

const forge = (
  operation: VaultOperation,
  own: readonly BundleItem[] = total400,
  of: Reservation = reservation,
): string => {
  const wrapped = { kind: 'vault', operation } as Operation;
  const forged = forgeStep(net, of, bob.key, { operation: wrapped, witness: (tree) => tree });
  return codeOf(verifyTransition(contextOf(net, [...forged.items, ...own]), forged.body));
};

const honestClaim: Claim = {
  type: 'claim',
  window: claimWindow(terms),
  to: bob.account,
  token,
  amount: 100n,
  total: 400n,
};
const honestRelease: Release = {
  type: 'release',
  window: releaseWindow(network, terms),
  to: alice.account,
  token,
  amount: 700n,
};

describe('a claim', () => {
  test('without a flaw is refused for the forged root alone', () => {
    expect(forge(honestClaim)).toBe('E_LINK CHN-11');
  });

  test.each<[string, Partial<Claim>, string]>([
    ['RES-2: of another token', { token: other }, 'E_TOKEN RES-2'],
    ['RES-4: with a window that begins later', { window: { from: 1, until: terms.until } }, 'E_WINDOW RES-4'],
    ['RES-4: with a window beyond E', { window: { from: 0, until: terms.until + 1 } }, 'E_WINDOW RES-4'],
    ['RES-4: with a window that ends before E', { window: { from: 0, until: terms.until - 1 } }, 'E_WINDOW RES-4'],
    ['RES-4: to the payer', { to: alice.account }, 'E_CHAIN RES-4'],
    ['RES-4: to a third account', { to: canteen.account }, 'E_CHAIN RES-4'],
    ['RES-4: of more than was set aside', { total: 1_001n, amount: 701n }, 'E_TOTAL RES-4'],
    ['RES-4: of a total that was claimed', { total: 300n, amount: 0n }, 'E_TOTAL RES-4'],
    ['RES-4: of a lower total', { total: 299n, amount: 1n }, 'E_TOTAL RES-4'],
    ['RES-4: of more than the difference', { amount: 101n }, 'E_AMOUNT RES-4'],
    ['RES-4: of less than the difference', { amount: 99n }, 'E_AMOUNT RES-4'],
    ['RES-4: of the whole total', { amount: 400n }, 'E_AMOUNT RES-4'],
    ['RES-3: of a total that nobody shows', { total: 401n, amount: 101n }, 'E_INCOMPLETE BND-2'],
  ])('%s', (_, change, expected) => {
    expect(forge({ ...honestClaim, ...change })).toBe(expected);
  });

  test('RES-5: after the rest was taken back', () => {
    const closed = { ...reservation };
    release(net, closed);
    expect(forge(honestClaim, total400, closed)).toBe('E_RESERVATION RES-5');
  });

  test('CHN-4: a genesis in the middle', () => {
    expect(forge(terms)).toBe('E_OPERATION CHN-4');
  });
});

describe('RES-3: the total of a claim', () => {
  const at = half.tip;
  const state = stateHash(suite, at);
  const signed = (body: Body, key = alice.key): readonly BundleItem[] => {
    const hash = stateHash(suite, body);
    return [{ type: 'body', body }, signItem(net, key, 'state', hash, stateMessage(net, body.chain, body.index, hash))];
  };
  /** The total shown by this state, with the witness of its root. */
  const shownBy = (body: Body, tree = half.tree, of = vault, key = alice.key): string =>
    forge(honestClaim, [
      { type: 'total', vault, total: 400n, state: stateHash(suite, body) },
      ...signed(body, key),
      { type: 'witness', tree: pruneTree(tree, [editPath(tree, of)]) },
    ]);
  const editPath = (tree: typeof half.tree, of: typeof vault): Uint8Array => {
    const leaves = editLeaves(suite, tree);
    must(leaves.read(totalLeaf(of), amount));
    return nth(leaves.touched(), 0);
  };

  test('is a state of the payer, its signature and the one leaf, each asked for by name', () => {
    const step = signClaim(net, { ...reservation }, half);
    const { items } = submissionOf(net, step);
    expect(codeOf(verifySubmission(strictContext(net, items), step.hash))).toBe('ok');
    for (const item of total400) {
      const name = nameOf(suite, item);
      const rest = items.filter((one) => nameOf(suite, one) !== name);
      expect(rest).toHaveLength(items.length - 1);
      const { code, missing } = expectFailure(verifySubmission(strictContext(net, rest), step.hash));
      expect([code, missing]).toEqual(['E_INCOMPLETE', [name]]);
    }
  });

  test('whose half it is and at which index does not matter', () => {
    const moved = { ...at, chain: seed('any half') as Body['chain'], index: 99, op: seed('hidden') };
    expect(shownBy(moved)).toBe('E_LINK CHN-11');
  });

  test('is signed by the payer key of the reservation', () => {
    expect(shownBy(at)).toBe('E_LINK CHN-11');
    expect(shownBy(at, half.tree, vault, bob.key)).toBe('E_SIGNATURE RES-3');
    expect(shownBy(at, half.tree, vault, alice.controller)).toBe('E_SIGNATURE RES-3');
  });

  test('stands in a half of a relationship, on this network', () => {
    expect(shownBy({ ...at, kind: 'account' })).toBe('E_CHAIN RES-3');
    expect(shownBy({ ...at, network: seed('elsewhere') as NetworkId })).toBe('E_NETWORK RES-3');
  });

  test('is exactly the total claimed', () => {
    const higher = { ...half };
    payOffline(net, higher, reservation, 1n);
    expect(shownBy(higher.tip, higher.tree)).toBe('E_TOTAL RES-3');
    expect(shownBy(at, half.tree, seed('another vault') as typeof vault)).toBe('E_WITNESS CHN-10');
    const empty = makeHalf(net, alice, bob, 'no totals');
    expect(shownBy(empty.tip, empty.tree)).toBe('E_TOTAL RES-3');
  });

  test('is shown without anything else', () => {
    const leaves = editLeaves(suite, half.tree);
    must(leaves.write(['secret'], amount, 7n));
    const body = { ...at, root: treeRoot(leaves.tree()) };
    const items: readonly BundleItem[] = [
      { type: 'total', vault, total: 400n, state: stateHash(suite, body) },
      ...signed(body),
      { type: 'witness', tree: leaves.tree() },
    ];
    expect(forge(honestClaim, items)).toBe('E_SURPLUS CHN-10');
  });

  test('a state under another hash than it was asked for by is refused', () => {
    const forged = forgeStep(net, reservation, bob.key, {
      operation: { kind: 'vault', operation: honestClaim },
      witness: (tree) => tree,
    });
    const context = contextOf(net, [...forged.items, ...total400]);
    const lying = {
      ...context.evidence,
      body: (hash: StateHash) =>
        hash.join() === state.join() ? { ...at, op: seed('other') } : context.evidence.body(hash),
    };
    expect(codeOf(verifyTransition({ ...context, evidence: lying }, forged.body))).toBe('E_LINK RES-3');
  });
});

describe('a release', () => {
  test('without a flaw is refused for the forged root alone', () => {
    expect(forge(honestRelease)).toBe('E_LINK CHN-11');
  });

  const { from } = releaseWindow(network, terms);
  test.each<[string, Partial<Release>, string]>([
    ['RES-2: of another token', { token: other }, 'E_TOKEN RES-2'],
    [
      'RES-5: before E + gap',
      { window: { from: from - 1, until: releaseWindow(network, terms).until } },
      'E_WINDOW RES-5',
    ],
    ['RES-5: from E on', { window: { from: terms.until, until: from } }, 'E_WINDOW RES-5'],
    ['RES-5: in the window of a claim', { window: claimWindow(terms) }, 'E_WINDOW RES-5'],
    ['RES-5: to the payee', { to: bob.account }, 'E_CHAIN RES-5'],
    ['RES-5: of more than the rest', { amount: 701n }, 'E_AMOUNT RES-5'],
    ['RES-5: of less than the rest', { amount: 699n }, 'E_AMOUNT RES-5'],
    ['RES-5: of everything, in spite of the claims', { amount: 1_000n }, 'E_AMOUNT RES-5'],
  ])('%s', (_, change, expected) => {
    expect(forge({ ...honestRelease, ...change })).toBe(expected);
  });

  test('RES-5: a second time', () => {
    const closed = { ...reservation };
    release(net, closed);
    expect(forge(honestRelease, [], closed)).toBe('E_RESERVATION RES-5');
  });

  test('RES-5: of nothing, when everything is claimed', () => {
    const whole = fund(net, alice, bob, token, 5n);
    payOffline(net, half, whole, 5n);
    claim(net, whole, half);
    expect(forge({ ...honestRelease, window: releaseWindow(network, whole.terms), amount: 0n }, [], whole)).toBe(
      'E_AMOUNT RES-5',
    );
  });

  test('CHN-12: is signed by the payer key of the terms, nobody else', () => {
    const step = signRelease(net, { ...reservation }, bob.key);
    expect(codeOf(verifyTransition(contextOf(net, step.items), step.body))).toBe('E_SIGNATURE CHN-12');
    const good = signRelease(net, { ...reservation });
    expect(codeOf(verifyTransition(contextOf(net, good.items), good.body))).toBe('ok');
    expect(hashOperation(suite, good.operation)).toEqual(good.body.op);
  });
});

describe('CHN-12: the terms in the root are those of the vault', () => {
  test('a parent that was invented with the claimant as payee is refused', () => {
    const mallory = makeDevice(net, 'mallory');
    const invented = fund(net, makeFundedDevice(net, 'payer', canteen, token, 10n), mallory, token, 10n);
    const parent = { ...reservation.tip, root: treeRoot(invented.tree) };
    const operation: Claim = { ...honestClaim, to: mallory.account };
    const forged = forgeStep(net, { tip: parent, tree: invented.tree }, mallory.key, {
      operation: { kind: 'vault', operation },
      witness: (tree) => tree,
    });
    expect(codeOf(verifyTransition(contextOf(net, [...forged.items, ...total400]), forged.body))).toBe(
      'E_CHAIN CHN-12',
    );
  });
});
