/** One forged state for every rule of an account: correctly signed, refused all the same. */
import {
  amount,
  balanceLeaf,
  draftTransition,
  editLeaves,
  makeReservation,
  MAX_AMOUNT,
  MAX_TIME,
  must,
  reservationGenesis,
  treeRoot,
  verifyTransition,
  type AccountOperation,
  type BundleItem,
  type ChainId,
  type Fund,
  type NetworkId,
  type TokenId,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyByAcks,
  contextOf,
  copyDevice,
  createToken,
  DAY_MS,
  forgeStep,
  fundOperation,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makePolicy,
  mint,
  receive,
  receiveOperation,
  seed,
  signTransfer,
  transfer,
  windowNow,
  type Device,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure } from '../support/results.ts';

const net = makeNetwork(4, { settleMs: DAY_MS });
const canteen = makeDevice(net, 'canteen');
const { token, policy } = createToken(net, canteen, { cap: 20_000n });
const bound = createToken(net, canteen, { symbol: 'BOUND', transferable: false }).token;
const old = createToken(net, canteen, { symbol: 'OLD', expiresAt: net.nowMs + DAY_MS }).token;
const uncreated = makePolicy(net, canteen, { symbol: 'NONE' }).token;
const foreign = makePolicy(net, canteen, { symbol: 'FAR', network: seed('elsewhere') as NetworkId }).token;
const unknown = seed('unknown') as TokenId;
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
for (const other of [bound, old]) {
  mint(net, canteen, other, 100n);
  receive(net, alice, transfer(net, canteen, alice.account, other, 100n));
}
mint(net, canteen, token, 1_000n);
const toAlice = transfer(net, canteen, alice.account, token, 40n);
const toBob = transfer(net, canteen, bob.account, token, 50n);
const credited = transfer(net, canteen, alice.account, token, 60n);
receive(net, alice, credited);
const minted = mint(net, canteen, token, 5n);
const dave = makeFundedDevice(net, 'dave', canteen, token, 100n);
const uncertified = signTransfer(net, dave, alice.account, token, 10n);

const window = windowNow(net);
const refusal = (device: Device, operation: AccountOperation, own: readonly BundleItem[] = []): string => {
  const forged = forgeStep(net, device, device.key, {
    operation: { kind: 'account', operation },
    witness: (tree) => tree,
  });
  return codeOf(verifyTransition(contextOf(net, [...forged.items, ...own]), forged.body));
};

/** Refused alike, whoever writes it: the owner's own software drafts with the same function. */
type Row = readonly [string, Device, AccountOperation, string];
const table = (rows: readonly Row[]): void => {
  test.each(rows)('%s', (_, device, operation, expected) => {
    expect(refusal(device, operation)).toBe(expected);
  });
};

const value = { window, token, amount: 1n };
const payBob = { ...value, type: 'transfer', to: bob.account, reference: null } as const;

describe('every operation', () => {
  table([
    [
      'CHN-7: a window that ends before it begins',
      alice,
      { ...payBob, window: { from: 9, until: 8 } },
      'E_WINDOW CHN-7',
    ],
    [
      'VAL-3: a window longer than D',
      alice,
      { ...payBob, window: { from: net.nowMs, until: net.nowMs + DAY_MS + 1 } },
      'E_WINDOW VAL-3',
    ],
    ['VAL-3: all time', alice, { ...payBob, window: { from: 0, until: Number.MAX_SAFE_INTEGER } }, 'E_WINDOW VAL-3'],
  ]);

  test('CHN-7: nor does the owner draft one', () => {
    const operation = { ...payBob, window: { from: 9, until: 8 } };
    const drafted = draftTransition(contextOf(net), alice.tip, { kind: 'account', operation }, alice.tree);
    expect(codeOf(drafted)).toBe('E_WINDOW CHN-7');
  });

  test('VAL-3: a window of exactly D is admitted', () => {
    const whole = { from: net.nowMs, until: net.nowMs + DAY_MS };
    expect(refusal(alice, { ...payBob, window: whole })).toBe('E_LINK CHN-11');
  });
});

describe('createToken', () => {
  const create = (changes: Partial<typeof policy>): AccountOperation => ({
    type: 'createToken',
    window,
    policy: { ...policy, salt: seed('new').slice(0, 16), ...changes },
  });
  table([
    ['VAL-1: of another network', canteen, create({ network: seed('elsewhere') as NetworkId }), 'E_NETWORK VAL-1'],
    ['VAL-1: with a cap of zero', canteen, create({ cap: 0n }), 'E_AMOUNT VAL-1'],
    ['VAL-4: whose issuer is somebody else', alice, create({}), 'E_TOKEN VAL-4'],
    ['VAL-4: a second time', canteen, { type: 'createToken', window, policy }, 'E_EXISTS VAL-4'],
  ]);
});

describe.each(['mint', 'burn'] as const)('%s', (type) => {
  const operation = { ...value, type };
  table([
    ['VAL-4: by another account than the issuer', alice, operation, 'E_TOKEN VAL-4'],
    ['VAL-4: of a token that was not created', canteen, { ...operation, token: uncreated }, 'E_TOKEN VAL-4'],
    ['VAL-1: of a token of another network', canteen, { ...operation, token: foreign }, 'E_NETWORK VAL-1'],
    ['VAL-6: of nothing', canteen, { ...operation, amount: 0n }, 'E_AMOUNT VAL-6'],
    ['BND-2: of a token whose policy is not shown', canteen, { ...operation, token: unknown }, 'E_INCOMPLETE BND-2'],
  ]);
});

describe('mint and burn', () => {
  table([
    ['VAL-5: a mint above the cap', canteen, { ...value, type: 'mint', amount: 20_001n }, 'E_CAP VAL-5'],
    ['VAL-5: a mint of 2^128 - 1', canteen, { ...value, type: 'mint', amount: MAX_AMOUNT }, 'E_CAP VAL-5'],
    [
      'VAL-8: a mint whose window reaches the date of expiry',
      canteen,
      { ...value, type: 'mint', token: old, window: { from: net.nowMs, until: net.nowMs + DAY_MS } },
      'E_EXPIRED VAL-8',
    ],
    ['VAL-6: a burn above the balance', canteen, { ...value, type: 'burn', amount: 10_000n }, 'E_BALANCE VAL-6'],
  ]);
});

describe('transfer', () => {
  table([
    ['VAL-6: to oneself', alice, { ...payBob, to: alice.account }, 'E_SELF VAL-6'],
    ['VAL-6: of nothing', alice, { ...payBob, amount: 0n }, 'E_AMOUNT VAL-6'],
    ['VAL-6: of one base unit more than the balance', alice, { ...payBob, amount: 10_061n }, 'E_BALANCE VAL-6'],
    ['VAL-6: of 2^128 - 1', alice, { ...payBob, amount: MAX_AMOUNT }, 'E_BALANCE VAL-6'],
    ['VAL-6: of a token that the account does not hold', alice, { ...payBob, token: uncreated }, 'E_BALANCE VAL-6'],
    ['VAL-6: from an account that holds nothing', bob, { ...payBob, to: alice.account }, 'E_BALANCE VAL-6'],
    ['VAL-8: of a token that may not be passed on', alice, { ...payBob, token: bound }, 'E_TOKEN VAL-8'],
    [
      'VAL-8: of an expired token',
      alice,
      { ...payBob, token: old, window: { from: net.nowMs + DAY_MS, until: net.nowMs + DAY_MS + HOUR_MS } },
      'E_EXPIRED VAL-8',
    ],
    [
      'VAL-8: of a token that expires before the window ends',
      alice,
      { ...payBob, token: old, window: { from: net.nowMs, until: net.nowMs + DAY_MS } },
      'E_EXPIRED VAL-8',
    ],
    ['VAL-1: of a token of another network', alice, { ...payBob, token: foreign }, 'E_NETWORK VAL-1'],
    ['BND-2: of a token whose policy is not shown', alice, { ...payBob, token: unknown }, 'E_INCOMPLETE BND-2'],
  ]);
});

describe('receive', () => {
  const credit = (debit: TestStep, changes: Partial<AccountOperation> = {}): AccountOperation =>
    receiveOperation(net, debit, changes);
  table([
    ['VAL-7: what was credited before', alice, credit(credited), 'E_CREDITED VAL-7'],
    ['VAL-7: what was paid to somebody else', alice, credit(toBob), 'E_CHAIN VAL-7'],
    ['VAL-7: another amount', alice, credit(toAlice, { amount: 41n }), 'E_AMOUNT VAL-7'],
    ['VAL-7: nothing of a debit', alice, credit(toAlice, { amount: 0n }), 'E_AMOUNT VAL-7'],
    ['VAL-7: another token', alice, credit(toAlice, { token: bound }), 'E_TOKEN VAL-7'],
    ['VAL-7: another output', alice, credit(toAlice, { output: 1 }), 'E_OPERATION VAL-7'],
    [
      'VAL-7: from a state that pays nothing out',
      canteen,
      { ...value, type: 'receive', source: canteen.account, index: minted.body.index, output: 0, amount: 5n },
      'E_OPERATION VAL-7',
    ],
    ['NET-8: what is not final', alice, credit(uncertified), 'E_INCOMPLETE BND-2'],
    ['NET-8: from a place that does not exist', alice, credit(toAlice, { index: 999 }), 'E_INCOMPLETE BND-2'],
    ['NET-8: from a genesis', alice, credit(toAlice, { index: 0 }), 'E_INCOMPLETE BND-2'],
    ['NET-8: from another chain', alice, credit(toAlice, { source: seed('x') as ChainId }), 'E_INCOMPLETE BND-2'],
  ]);

  test('VAL-7: a debit is credited once, whatever certificate is shown for it', () => {
    const acks = certifyByAcks(net, { chain: credited.body.chain, index: credited.body.index, hash: credited.hash });
    expect(refusal(alice, credit(credited), [{ type: 'certificate', certificate: acks }])).toBe('E_CREDITED VAL-7');
    const other = copyDevice(alice);
    const first = certifyByAcks(net, { chain: toAlice.body.chain, index: toAlice.body.index, hash: toAlice.hash });
    expect(refusal(other, credit(toAlice), [{ type: 'certificate', certificate: first }])).toBe('E_LINK CHN-11');
    receive(net, other, toAlice);
    expect(refusal(other, credit(toAlice), [{ type: 'certificate', certificate: first }])).toBe('E_CREDITED VAL-7');
  });

  test('NET-8: the certificate of the source is asked for by name', () => {
    const forged = forgeStep(net, alice, alice.key, {
      operation: { kind: 'account', operation: credit(uncertified) },
      witness: (tree) => tree,
    });
    const { missing } = expectFailure(verifyTransition(contextOf(net, forged.items), forged.body));
    expect(missing).toEqual([`certificate ${Buffer.from(dave.account).toString('hex')} ${uncertified.body.index}`]);
  });

  test('VAL-6: a balance does not grow beyond 2^128 - 1', () => {
    const rich = copyDevice(alice);
    const leaves = editLeaves(net.suite, rich.tree);
    must(leaves.write(balanceLeaf(token), amount, MAX_AMOUNT - 39n));
    Object.assign(rich, { tree: leaves.tree(), tip: { ...rich.tip, root: treeRoot(leaves.tree()) } });
    expect(refusal(rich, credit(toAlice))).toBe('E_AMOUNT VAL-6');
  });
});

describe('fund', () => {
  const { operation } = fundOperation(net, alice, bob, token, 100n);
  /** Consistent terms: the vault id follows from the changed ones. */
  const consistent = (changes: Partial<Fund>): AccountOperation => {
    const changed = { ...operation, ...changes };
    const funding = { payer: alice.account, payerKey: alice.key.publicKey, index: alice.tip.index + 1 };
    const terms = reservationGenesis(funding, changed);
    return { ...changed, vault: makeReservation(net.suite, net.network.id, terms).body.chain };
  };
  table([
    ['VAL-6: for oneself', alice, consistent({ payee: alice.account }), 'E_SELF VAL-6'],
    ['VAL-6: of nothing', alice, consistent({ amount: 0n }), 'E_AMOUNT VAL-6'],
    ['VAL-6: above the balance', alice, consistent({ amount: 10_061n }), 'E_BALANCE VAL-6'],
    [
      'RES-1: under a vault id that does not follow',
      alice,
      { ...operation, vault: seed('x') as ChainId },
      'E_RESERVATION RES-1',
    ],
    ['RES-1: with another amount than its vault', alice, { ...operation, amount: 101n }, 'E_RESERVATION RES-1'],
    [
      'RES-1: with another date than its vault',
      alice,
      { ...operation, until: operation.until + 1 },
      'E_RESERVATION RES-1',
    ],
    ['RES-1: for another payee than its vault', alice, { ...operation, payee: dave.account }, 'E_RESERVATION RES-1'],
    [
      'RES-1: under another payee key than its vault',
      alice,
      { ...operation, payeeKey: dave.key.publicKey },
      'E_RESERVATION RES-1',
    ],
    ['RES-1: at another index than its vault says', dave, operation, 'E_RESERVATION RES-1'],
    ['RES-2: that ends before it is certain', alice, consistent({ until: window.until }), 'E_WINDOW RES-2'],
    ['RES-2: that could never be taken back', alice, consistent({ until: MAX_TIME }), 'E_WINDOW RES-2'],
    ['VAL-8: of a token that may not be passed on', alice, consistent({ token: bound }), 'E_TOKEN VAL-8'],
    [
      'VAL-8: of an expired token',
      alice,
      consistent({ token: old, window: { from: net.nowMs, until: net.nowMs + DAY_MS } }),
      'E_EXPIRED VAL-8',
    ],
    ['VAL-8: that outlives its token', alice, consistent({ token: old, until: net.nowMs + DAY_MS }), 'E_EXPIRED VAL-8'],
    ['VAL-1: of a token of another network', alice, consistent({ token: foreign }), 'E_NETWORK VAL-1'],
    ['BND-2: of a token whose policy is not shown', alice, consistent({ token: unknown }), 'E_INCOMPLETE BND-2'],
  ]);

  test('the consistent terms without a flaw are refused for the forged root alone', () => {
    expect(refusal(alice, consistent({}))).toBe('E_LINK CHN-11');
    expect(refusal(alice, consistent({ until: window.until + 1 }))).toBe('E_LINK CHN-11');
    expect(refusal(alice, consistent({ until: MAX_TIME - net.network.gapMs }))).toBe('E_LINK CHN-11');
  });

  test('VAL-8: to its issuer a token goes always', () => {
    expect(refusal(alice, consistent({ token: bound, payee: canteen.account }))).toBe('E_LINK CHN-11');
    expect(refusal(alice, consistent({ token: old, payee: canteen.account }))).toBe('E_LINK CHN-11');
    expect(refusal(alice, consistent({ token: old, until: net.nowMs + DAY_MS - 1 }))).toBe('E_LINK CHN-11');
  });
});
