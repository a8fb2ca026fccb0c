import {
  accountOperationCodec,
  amount,
  balanceLeaf,
  creditLeaf,
  creditNullifier,
  draftTransition,
  editLeaves,
  EMPTY_TREE,
  flag,
  fundedLeaf,
  hashItem,
  issuedCodec,
  issuedLeaf,
  MAX_AMOUNT,
  outputsOf,
  policyCodec,
  tokenId,
  treeRoot,
  verifyTransition,
  type AccountOperation,
  type ChainId,
  type Issued,
  type Item,
  type TokenId,
  type TokenPolicy,
  type Transfer,
  type Tree,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  burn,
  certifyStep,
  contextOf,
  createToken,
  fund,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  mint,
  receive,
  signAccount,
  signTransfer,
  stepContext,
  transfer,
  windowNow,
  type Device,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectOk } from '../support/results.ts';

const net = makeNetwork();
const { suite } = net;
const canteen = makeDevice(net, 'canteen');
const { token, policy } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');

const leavesOf = (device: { readonly tree: Tree }) => editLeaves(suite, device.tree);
const balanceOf = (device: Device, of: TokenId = token): bigint =>
  expectOk(leavesOf(device).read(balanceLeaf(of), amount)) ?? 0n;
const issuedOf = (device: Device, of: TokenId = token): Issued | undefined =>
  expectOk(leavesOf(device).read(issuedLeaf(of), issuedCodec));

describe('VAL-2: operations of an account', () => {
  const window = { from: 1, until: 2 };
  const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
  const [a, b, c] = [filled(1) as TokenId, filled(2) as ChainId, filled(3) as ChainId];
  const key = alice.key.publicKey;
  const rows: readonly (readonly [AccountOperation, Item])[] = [
    [{ type: 'createToken', window, policy }, [1, [1, 2], policyCodec.toItem(policy)]],
    [{ type: 'mint', window, token: a, amount: 5n }, [2, [1, 2], a, 5n]],
    [{ type: 'burn', window, token: a, amount: 5n }, [3, [1, 2], a, 5n]],
    [{ type: 'transfer', window, token: a, amount: 5n, to: b, reference: c }, [4, [1, 2], a, 5n, b, c]],
    [{ type: 'transfer', window, token: a, amount: 5n, to: b, reference: null }, [4, [1, 2], a, 5n, b, null]],
    [{ type: 'receive', window, token: a, amount: 5n, source: b, index: 6, output: 7 }, [5, [1, 2], a, 5n, b, 6, 7]],
    [
      { type: 'fund', window, token: a, amount: 5n, payee: b, payeeKey: key, until: 9, vault: c },
      [6, [1, 2], a, 5n, b, [3, key.bytes], 9, c],
    ],
  ];

  test.each(rows)('$0.type is its number, its window and its fields', (operation, item) => {
    expect(accountOperationCodec.toItem(operation)).toEqual(item);
    expect(expectOk(accountOperationCodec.fromItem(item, 'operation'))).toEqual(operation);
    const fields = item as readonly Item[];
    for (const at of fields.keys()) {
      expect(codeOf(accountOperationCodec.fromItem(fields.with(at, 'x'), 'operation'))).toBe('E_FORMAT ENC-3');
    }
    expect(codeOf(accountOperationCodec.fromItem(fields.slice(0, -1), 'operation'))).toBe('E_FORMAT ENC-3');
    expect(codeOf(accountOperationCodec.fromItem([...fields, 0], 'operation'))).toBe('E_FORMAT ENC-3');
  });

  test.each([7, 8, 11, 255])('number %s is kept for later or unknown', (number) => {
    expect(codeOf(accountOperationCodec.fromItem([number, [1, 2]], 'operation'))).toBe('E_FORMAT ENC-3');
  });
});

describe('VAL-4, VAL-5: what an issuer does', () => {
  test('createToken opens the count at nothing', () => {
    const made = createToken(net, canteen, { symbol: 'SOUP', cap: 5n });
    expect(issuedOf(canteen, made.token)).toEqual({ minted: 0n, burned: 0n });
    expect(balanceOf(canteen, made.token)).toBe(0n);
    expect(made.token).toEqual(hashItem(suite, 'token', policyCodec.toItem(made.policy)));
  });

  test('mint adds to what was minted and to the balance, up to the cap', () => {
    const made = createToken(net, canteen, { symbol: 'TEA', cap: 5n });
    mint(net, canteen, made.token, 3n);
    const step = mint(net, canteen, made.token, 2n);
    expect([balanceOf(canteen, made.token), issuedOf(canteen, made.token)]).toEqual([5n, { minted: 5n, burned: 0n }]);
    expect(codeOf(verifyTransition(stepContext(net, step), step.body))).toBe('ok');
    expect(outputsOf(step.operation)).toEqual([]);
  });

  test('burn takes from the balance; the cap bounds all that ever was', () => {
    const made = createToken(net, canteen, { symbol: 'CAKE', cap: 5n });
    mint(net, canteen, made.token, 5n);
    burn(net, canteen, made.token, 4n);
    expect([balanceOf(canteen, made.token), issuedOf(canteen, made.token)]).toEqual([1n, { minted: 5n, burned: 4n }]);
    const more: AccountOperation = { type: 'mint', window: windowNow(net), token: made.token, amount: 1n };
    const again = draftTransition(contextOf(net), canteen.tip, { kind: 'account', operation: more }, canteen.tree);
    expect(codeOf(again)).toBe('E_CAP VAL-5');
  });

  test('VAL-1: a cap of 2^128 - 1 can be minted whole', () => {
    const made = createToken(net, canteen, { symbol: 'ALL', cap: MAX_AMOUNT });
    mint(net, canteen, made.token, MAX_AMOUNT);
    expect(balanceOf(canteen, made.token)).toBe(MAX_AMOUNT);
  });
});

describe('VAL-6, VAL-7: value that moves between accounts', () => {
  test('transfer takes it from the payer and names one destination', () => {
    const before = balanceOf(alice);
    const step = transfer(net, alice, bob.account, token, 250n);
    expect(balanceOf(alice)).toBe(before - 250n);
    expect(outputsOf(step.operation)).toEqual([{ to: bob.account, token, amount: 250n }]);
    expect(codeOf(verifyTransition(stepContext(net, step), step.body))).toBe('ok');
  });

  test('the whole balance can be paid, and the leaf stays as zero (CHN-9)', () => {
    const carol = makeFundedDevice(net, 'carol', canteen, token, 7n);
    transfer(net, carol, bob.account, token, 7n);
    expect(expectOk(leavesOf(carol).read(balanceLeaf(token), amount))).toBe(0n);
  });

  test('receive credits the debit under H("credit", [source, index, output])', () => {
    const debit = transfer(net, alice, bob.account, token, 30n);
    const before = balanceOf(bob);
    const step = receive(net, bob, debit);
    const nullifier = creditNullifier(suite, alice.account, debit.body.index, 0);
    expect(nullifier).toEqual(hashItem(suite, 'credit', [alice.account, debit.body.index, 0]));
    expect(balanceOf(bob)).toBe(before + 30n);
    expect(expectOk(leavesOf(bob).read(creditLeaf(nullifier), flag))).toBe(true);
    expect(outputsOf(step.operation)).toEqual([]);
    expect(codeOf(verifyTransition(stepContext(net, step), step.body))).toBe('ok');
  });

  test('VAL-2: fund sets value aside for a vault whose id follows from the terms', () => {
    const before = balanceOf(alice);
    const reservation = fund(net, alice, bob, token, 500n);
    expect(balanceOf(alice)).toBe(before - 500n);
    expect(expectOk(leavesOf(alice).read(fundedLeaf(reservation.vault), flag))).toBe(true);
    expect(outputsOf(reservation.funding.operation)).toEqual([{ to: reservation.vault, token, amount: 500n }]);
  });

  test('VAL-9: value that was debited and not credited belongs to no balance', () => {
    const before = balanceOf(bob);
    transfer(net, alice, bob.account, token, 1n);
    expect(balanceOf(bob)).toBe(before);
  });
});

describe('VAL-8: what may move where and when', () => {
  const expiry = { expiresAt: net.nowMs + 10_000, symbol: 'OLD' };
  const closing = { from: net.nowMs, until: expiry.expiresAt - 1 };
  const late = { from: net.nowMs, until: expiry.expiresAt };
  const old = createToken(net, canteen, expiry).token;
  const bound = createToken(net, canteen, { transferable: false, symbol: 'MINE' }).token;
  signAccount(net, canteen, { type: 'mint', window: closing, token: old, amount: 100n });
  mint(net, canteen, bound, 100n);

  const draft = (device: Device, operation: AccountOperation): string =>
    codeOf(draftTransition(contextOf(net), device.tip, { kind: 'account', operation }, device.tree));
  const pay = (to: Device, of: TokenId, window = closing): AccountOperation => ({
    type: 'transfer',
    window,
    token: of,
    amount: 1n,
    to: to.account,
    reference: null,
  });

  test('the issuer hands out a token that holders may not pass on; it goes back to the issuer always', () => {
    const carol = makeDevice(net, 'carol of VAL-8');
    receive(net, carol, transfer(net, canteen, carol.account, bound, 10n));
    expect(draft(carol, pay(bob, bound))).toBe('E_TOKEN VAL-8');
    expect(draft(carol, pay(canteen, bound))).toBe('ok');
  });

  test('the window of a payment ends before the token expires, but for the way back', () => {
    const carol = makeDevice(net, 'carol of VAL-8');
    const given: AccountOperation = { ...(pay(carol, old) as Transfer), amount: 10n };
    receive(net, carol, certifyStep(net, signAccount(net, canteen, given)));
    expect(draft(carol, pay(bob, old, closing))).toBe('ok');
    expect(draft(carol, pay(bob, old, late))).toBe('E_EXPIRED VAL-8');
    expect(draft(carol, pay(canteen, old, late))).toBe('ok');
    expect(draft(canteen, pay(bob, old, late))).toBe('E_EXPIRED VAL-8');
  });

  test('minting ends with it, burning does not', () => {
    const mintOld = { type: 'mint', token: old, amount: 1n } as const;
    expect(draft(canteen, { ...mintOld, window: closing })).toBe('ok');
    expect(draft(canteen, { ...mintOld, window: late })).toBe('E_EXPIRED VAL-8');
    expect(draft(canteen, { ...mintOld, type: 'burn', window: late })).toBe('ok');
  });
});

describe('VAL-1: a token is its policy', () => {
  const read = (change: Partial<TokenPolicy>): string =>
    codeOf(policyCodec.fromItem(policyCodec.toItem({ ...policy, ...change }), 'policy'));

  test('any changed field is another token', () => {
    const changes: Partial<TokenPolicy>[] = [
      { network: bob.account as never },
      { issuer: bob.account },
      { symbol: 'MEAN' },
      { decimals: 3 },
      { cap: 1n },
      { expiresAt: 1 },
      { transferable: false },
      { salt: new Uint8Array(16) },
    ];
    const ids = changes.map((change) => tokenId(suite, { ...policy, ...change }).join());
    expect(new Set([...ids, token.join()]).size).toBe(changes.length + 1);
  });

  test.each(['M', 'MEAL', 'A1.2', 'ABCDEFGHIJKL'])('%s is a symbol', (symbol) => {
    expect(read({ symbol })).toBe('ok');
  });

  test.each(['', 'meal', '1A', '.A', 'ABCDEFGHIJKLM', 'M\u00C9AL', '\u041C\u0415', 'A B', 'A\n', 'A-B'])(
    '%j is none',
    (symbol) => {
      expect(read({ symbol })).toBe('E_TOKEN VAL-1');
    },
  );

  test('a symbol that is no text, too many digits, a cap over 2^128, a short salt', () => {
    const items = policyCodec.toItem(policy) as readonly Item[];
    expect(codeOf(policyCodec.fromItem(items.with(2, 7), 'policy'))).toBe('E_TOKEN VAL-1');
    expect(read({ decimals: 18 })).toBe('ok');
    expect(read({ decimals: 19 })).toBe('E_FORMAT ENC-3');
    expect(read({ cap: MAX_AMOUNT + 1n })).toBe('E_AMOUNT ENC-4');
    expect(read({ salt: new Uint8Array(15) })).toBe('E_FORMAT ENC-3');
  });
});

test('CHN-10: an account without its terms leaf is none', () => {
  const tip = { ...alice.tip, root: treeRoot(EMPTY_TREE) };
  const operation: AccountOperation = { type: 'burn', window: windowNow(net), token, amount: 1n };
  expect(codeOf(draftTransition(contextOf(net), tip, { kind: 'account', operation }, EMPTY_TREE))).toBe(
    'E_WITNESS CHN-10',
  );
});

test('a payment that nobody certified is drafted like any other: finality is a question of its own', () => {
  const step = signTransfer(net, alice, bob.account, token, 1n);
  expect(codeOf(verifyTransition(stepContext(net, step), step.body))).toBe('ok');
});
