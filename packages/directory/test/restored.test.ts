import { chainTipCodec, pathTo } from '@dsm/core';
import { expect, test } from 'vitest';
import { certifyStep, makeDevice, makeNetwork, signAccount, windowNow } from '../../../tests/kit/index.ts';
import { codeOf, finalise, get, itemsOf, openTestNode } from './support/nodes.ts';

test('NET-50: a node serves the newest final state by which an account was restored, and nothing else', async () => {
  const net = makeNetwork();
  const alice = makeDevice(net, 'alice');
  const node = await openTestNode(net, 0);
  const ask = () => get(node, pathTo.restored(alice.account), chainTipCodec);
  const restore = async () => {
    const step = certifyStep(net, signAccount(net, alice, { type: 'restored', window: windowNow(net) }));
    return { step, answer: await finalise(net, node, step.certificate, itemsOf(net, step)) };
  };
  expect(codeOf(await ask())).toBe('E_NOT_FOUND NET-22');
  const first = await restore();
  expect(first.answer).toMatchObject({ ok: true });
  expect(await ask()).toEqual({
    ok: true,
    value: { index: 1, hash: first.step.hash, certificate: first.step.certificate },
  });
  const second = await restore();
  expect(await ask()).toMatchObject({ value: { index: 2, hash: second.step.hash } });
});
