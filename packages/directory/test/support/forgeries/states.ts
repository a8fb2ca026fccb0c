/** Every node refuses a correctly signed state of an account that breaks a rule. */
import { itemNames, stateHash, type StateHash } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  copyDevice,
  entry,
  makeFundedDevice,
  receiveOperation,
  signAccount,
  signTransfer,
  suite,
  transfer,
} from '../../../../../tests/kit/index.ts';
import { codeOf } from '../nodes.ts';
import { CREDITS, FUNDS, TOKENS, TRANSFERS, WINDOWS } from './accounts.ts';
import { BODIES } from './bodies.ts';
import { net, nodes, canteen, alice, bob, meal, uncredited, refusal, type Row, entryOf, paid } from './world.ts';

export function describeStates(): void {
  describe('every node refuses a correctly signed state that breaks a rule', () => {
    describe.each<[string, Row[]]>([
      ['VAL-3: windows', WINDOWS],
      ['VAL-1, VAL-4, VAL-5: tokens', TOKENS],
      ['VAL-6, VAL-8: payments', TRANSFERS],
      ['VAL-7: credits', CREDITS],
      ['RES-1, RES-2: funding', FUNDS],
      ['CHN-2 to CHN-12: body, witness, signature', BODIES],
    ])('%s', (_, rows) => {
      test.each(rows)('%s: %s', async (code, _what, make) => {
        expect(await refusal(make())).toBe(code);
      });
    });

    test('the same states without the fault are accepted by all nodes', async () => {
      expect(await refusal(paid())).toBe('ok');
      expect(await refusal(signAccount(net, copyDevice(bob), receiveOperation(net, uncredited)))).toBe('ok');
    });

    test('NET-3: a genesis is not submitted', async () => {
      const genesis = entryOf(itemNames.genesis(alice.account));
      if (genesis.type !== 'body') throw new Error('a body is expected');
      const state: StateHash = stateHash(suite, genesis.body);
      const answers = await nodes.submitToAll({ state, items: alice.card, votes: [] });
      expect(answers.map(codeOf)).toEqual(Array.from({ length: 4 }, () => 'E_OPERATION NET-3'));
    });

    test('NET-8: a predecessor beside which another state is final is refused', async () => {
      const payer = makeFundedDevice(net, 'erin', canteen, meal.token, 100n);
      const clone = copyDevice(payer);
      const wrong = signTransfer(net, clone, bob.account, meal.token, 3n);
      const next = signTransfer(net, clone, bob.account, meal.token, 1n);
      const right = transfer(net, payer, bob.account, meal.token, 4n);
      expect(wrong.hash).not.toEqual(right.hash);
      expect(await refusal(next)).toBe('E_CONFLICT NET-8');
    });

    test('BND-3: an item that comes twice is refused', async () => {
      const step = paid();
      expect(await refusal(step, [entry(step.items, 0)])).toBe('E_SURPLUS BND-3');
    });
  });
}
