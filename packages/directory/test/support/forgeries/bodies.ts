/** Valid payments whose body, signature, witness or evidence is not what it must be. */
import { balanceLeaf, itemNames, must, treeRoot, type Body, type BundleItem } from '@dsm/core';
import { anyItem, forgeStep, HOUR_MS, signItem, windowNow, type TestStep } from '../../../../../tests/kit/index.ts';
import { net, alice, bob, meal, show, ACCOUNT, forge, pay, type Row, entryOf, paid, without, random } from './world.ts';

export const replaceBody = (body: Partial<Body>) => (): TestStep => paid({ body });

export const BODIES: Row[] = [
  ['E_NETWORK NET-1', 'another network', replaceBody({ network: random as never })],
  ['E_CHAIN CHN-3', 'another chain', replaceBody({ chain: random as never })],
  ['E_CHAIN CHN-3', 'another kind of chain', replaceBody({ kind: 'vault' })],
  ['E_CHAIN NET-3', 'a kind of chain that is never certified', replaceBody({ kind: 'half' })],
  ['E_LINK CHN-3', 'an index that is not the next', () => paid({ body: { index: alice.tip.index + 2 } })],
  ['E_INCOMPLETE BND-2', 'a predecessor that nobody shows', replaceBody({ prev: random as never })],
  ['E_LINK CHN-5', 'another entropy', replaceBody({ entropy: random })],
  ['E_LINK CHN-6', 'another pre-commitment', replaceBody({ precommit: random })],
  ['E_LINK CHN-11', 'another root', replaceBody({ root: random })],
  ['E_LINK CHN-11', 'another skip', replaceBody({ skip: random as never })],
  ['E_LINK CHN-11', 'another window than the operation', () => paid({ body: { window: windowNow(net, HOUR_MS + 1) } })],
  [
    'E_LINK CHN-11',
    'a balance that the operation does not lead to',
    () =>
      paid({
        edit: (leaves) => {
          show(leaves, ACCOUNT);
          must(leaves.read(balanceLeaf(meal.token), anyItem));
          must(leaves.write(balanceLeaf(meal.token), anyItem, 1_000_000));
        },
      }),
  ],
  ['E_SIGNATURE CHN-12', 'a signature of another key', () => paid({}, bob.key)],
  ['E_SIGNATURE CHN-12', 'a signature of the controller instead of the device', () => paid({}, alice.controller)],
  [
    'E_SIGNATURE CHN-12',
    'a signature over another range',
    () => {
      const step = paid();
      const { chain, index } = step.body;
      const message = { network: net.network.id, chain, from: index - 1, to: index, hash: step.hash };
      return resigned(step, 'state', message);
    },
  ],
  [
    'E_SIGNATURE CHN-12',
    'a signature of another purpose',
    () => {
      const step = paid();
      const { chain, index } = step.body;
      const message = { network: net.network.id, chain, from: index, to: index, hash: step.hash };
      const item = signItem(net, alice.key, 'ack', step.hash, message);
      return {
        ...without(step, 'signature'),
        items: [...without(step, 'signature').items, { ...item, purpose: 'state' } as BundleItem],
      };
    },
  ],
  ['E_INCOMPLETE BND-2', 'no signature', () => without(paid(), 'signature')],
  [
    'E_INCOMPLETE BND-2',
    'no witness',
    () => without(forge(bob, pay({ to: alice.account }), [balanceLeaf(meal.token)]), 'witness'),
  ],
  ['E_SURPLUS CHN-10', 'a witness that shows more than is needed', () => paid({ witness: (tree) => tree })],
  [
    'E_WITNESS CHN-10',
    'a witness that shows less than is needed',
    () => paid({ witness: (tree) => ({ kind: 'stub', hash: treeRoot(tree) }) }),
  ],
  [
    'E_OPERATION CHN-2',
    'an operation of another kind of chain',
    () =>
      forgeStep(net, alice, alice.key, {
        operation: {
          kind: 'vault',
          operation: { type: 'release', window: windowNow(net), to: alice.account, token: meal.token, amount: 1n },
        },
        edit: (leaves) => show(leaves, ACCOUNT),
      }),
  ],
  [
    'E_OPERATION CHN-4',
    'a genesis in the middle of the chain',
    () => {
      const genesis = entryOf(itemNames.genesis(alice.account));
      const operation = genesis.type === 'body' ? entryOf(itemNames.operation(genesis.body.op)) : genesis;
      if (operation.type !== 'operation') throw new Error('an operation is expected');
      return forgeStep(net, alice, alice.key, { operation: operation.operation });
    },
  ],
];

export function resigned(step: TestStep, purpose: 'state', message: Parameters<typeof signItem>[4]): TestStep {
  const items = step.items.filter(({ type }) => type !== 'signature');
  return { ...step, items: [...items, signItem(net, alice.key, purpose, step.hash, message)] };
}
