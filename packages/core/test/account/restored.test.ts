import {
  accountOperationCodec,
  editLeaves,
  outputsOf,
  RESTORED_LEAF,
  stateHash,
  uint,
  verifyHalf,
  type AccountOperation,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyStep,
  contextOf,
  makeDevice,
  makeHalf,
  makeNetwork,
  signAccount,
  windowNow,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectOk } from '../support/results.ts';

const net = makeNetwork();
const alice = makeDevice(net, 'alice');
const bob = makeDevice(net, 'bob');
const operation: AccountOperation = { type: 'restored', window: windowNow(net) };

describe('VAL-30: a device begins anew from a backup', () => {
  test('the operation is [9, window], pays nothing, and writes the place into the leaf', () => {
    expect(accountOperationCodec.toItem(operation)).toEqual([9, [operation.window.from, operation.window.until]]);
    expect(outputsOf({ kind: 'account', operation })).toEqual([]);
    const before = alice.tip;
    const step = signAccount(net, alice, operation);
    const leaf = expectOk(editLeaves(net.suite, alice.tree).read(RESTORED_LEAF, uint()));
    expect(leaf).toBe(step.body.index);
    expect(step.body.root).not.toEqual(before.root);
    certifyStep(net, step);
  });

  test('VAL-3: its window is that of any state of an account', () => {
    const { from } = windowNow(net);
    const long = { from, until: from + net.network.settleMs + 1 };
    expect(() => signAccount(net, alice, { type: 'restored', window: long })).toThrow('VAL-3');
  });

  test('REL-1: a half may stand on it once it is final', () => {
    const base = { index: alice.tip.index, hash: stateHash(net.suite, alice.tip) };
    const half = (changes: Partial<typeof base>): string => {
      const made = makeHalf(net, alice, bob, `base ${Object.keys(changes).join()}`, { base: { ...base, ...changes } });
      return codeOf(verifyHalf(contextOf(net), made.chain));
    };
    expect(half({})).toBe('ok');
    expect(half({ hash: stateHash(net.suite, bob.tip) })).toBe('E_CHAIN REL-1');
    const open = signAccount(net, alice, { type: 'restored', window: windowNow(net) });
    expect(half({ index: open.body.index, hash: open.hash })).toBe('E_INCOMPLETE BND-2');
  });
});
