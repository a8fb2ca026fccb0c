import {
  accountOperationCodec,
  ANCHOR_LEAF,
  anchoredCodec,
  decodeWith,
  editLeaves,
  encodeItem,
  outputsOf,
  type AccountOperation,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { certifyStep, makeDevice, makeNetwork, seed, signAccount, windowNow } from '../../../../tests/kit/index.ts';
import { codeOf, expectOk } from '../support/results.ts';

const net = makeNetwork();
const alice = makeDevice(net, 'alice');
const value = seed('root of an application');
const operation: AccountOperation = { type: 'anchor', window: windowNow(net), value };

describe("VAL-10: 32 bytes of an application's own", () => {
  test('the operation is [8, window, value], pays nothing, and writes place and value into the leaf', () => {
    const { from, until } = operation.window;
    expect(accountOperationCodec.toItem(operation)).toEqual([8, [from, until], value]);
    expect(outputsOf({ kind: 'account', operation })).toEqual([]);
    const step = signAccount(net, alice, operation);
    const leaf = expectOk(editLeaves(net.suite, alice.tree).read(ANCHOR_LEAF, anchoredCodec));
    expect(leaf).toEqual({ index: step.body.index, value });
    certifyStep(net, step);
  });

  test('the same value again is another state with another root', () => {
    const before = alice.tip;
    const step = signAccount(net, alice, operation);
    expect(step.body.root).not.toEqual(before.root);
    certifyStep(net, step);
  });

  test.each([31, 33, 0])('%i bytes are E_FORMAT', (length) => {
    const bytes = encodeItem([8, [0, 1], new Uint8Array(length)]);
    expect(codeOf(decodeWith(accountOperationCodec, bytes, 'operation'))).toBe('E_FORMAT ENC-3');
  });
});
