/** What a node serves proves itself. */
import {
  chainTipCodec,
  decodeFile,
  evidenceListCodec,
  must,
  pathTo,
  stateAnswerCodec,
  cardCodec,
  verifyAccountGenesis,
  verifySubmission,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  copyDevice,
  DAY_MS,
  entry,
  fundOperation,
  makeDevice,
  makeNetwork,
  makePolicy,
  signAccount,
  signTransfer,
  strictContext,
  suite,
  transfer,
  windowNow,
} from '../../../tests/kit/index.ts';
import { codeOf, finalise, get, itemsOf, openTestNode, publish, publishRequest, submitStep } from './support/nodes.ts';
import { net, meal, bob, carol, node, makePayer, makeKnownPayer, openWorld } from './support/world.ts';

beforeAll(openWorld, 60_000);

describe('NET-22: what a node serves proves itself', () => {
  test('an account is found by its id and by that of its identity, with its proof', async () => {
    const frank = makeDevice(net, 'frank');
    expect(codeOf(await get(node, pathTo.card(frank.account), cardCodec(suite)))).toBe('E_NOT_FOUND NET-22');
    must(await publish(net, node, publishRequest(frank)));
    for (const id of [frank.account, frank.identity]) {
      const card = must(await get(node, pathTo.card(id), cardCodec(suite)));
      expect(card.accounts).toEqual([frank.account]);
      must(verifyAccountGenesis(strictContext(net, card.items), frank.account));
    }
    const tip = must(await get(node, pathTo.tip(frank.account), chainTipCodec));
    expect(tip).toMatchObject({ index: 0, certificate: null });
  });

  test('an account without its identity, or with a broken one, is not published', async () => {
    const grace = makeDevice(net, 'grace');
    const items = grace.card.filter((item) => item.type !== 'signature');
    expect(codeOf(await publish(net, node, { account: grace.account, items }))).toBe('E_INCOMPLETE BND-2');
    const mallory = makeDevice(net, 'mallory');
    const stolen = grace.card.map((item) => {
      const other = mallory.card.find((candidate) => candidate.type === 'signature');
      return item.type === 'signature' && other?.type === 'signature' ? { ...item, signature: other.signature } : item;
    });
    expect(codeOf(await publish(net, node, { account: grace.account, items: stolen }))).toBe('E_SIGNATURE IDN-2');
    expect(codeOf(await get(node, pathTo.card(grace.account), cardCodec(suite)))).toBe('E_NOT_FOUND NET-22');
  });

  test('an account of another network is not published', async () => {
    const elsewhere = makeNetwork(4, { name: 'elsewhere' });
    const heidi = makeDevice(elsewhere, 'heidi');
    expect(codeOf(await publish(net, node, publishRequest(heidi)))).toBe('E_NETWORK NET-1');
  });

  test('a submission of the first state makes the account known', async () => {
    const issuer = makeDevice(net, 'ivan');
    const { policy } = makePolicy(net, issuer);
    const first = signAccount(net, issuer, { type: 'createToken', window: windowNow(net), policy });
    must(await submitStep(net, node, first));
    must(await get(node, pathTo.card(issuer.account), cardCodec(suite)));
  });

  test('a final state is served with everything that verifies it', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { state, items } = must(await get(node, path, stateAnswerCodec(suite)));
    expect(state).toEqual(step.hash);
    must(verifySubmission(strictContext(net, items), state));
    expect(items.some((item) => item.type === 'certificate' && item.certificate.index === step.body.index)).toBe(true);
  });

  test('a state that became final against the vote of the node is served with its own proof', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const voted = signAccount(net, clone, fundOperation(net, clone, carol, meal.token, 5n).operation);
    must(await submitStep(net, node, voted));
    const step = transfer(net, payer, bob.account, meal.token, 3n);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { state, items } = must(await get(node, path, stateAnswerCodec(suite)));
    must(verifySubmission(strictContext(net, items), state));
  });

  test('a final state of which only body and operation came is served with these and its certificate', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    const bare = step.items.filter(
      (item) => item.type === 'operation' || (item.type === 'body' && item.body.index === step.body.index),
    );
    const fresh = await openTestNode(net, 2);
    must(await finalise(net, fresh, step.certificate, bare));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { items } = must(await get(fresh, path, stateAnswerCodec(suite)));
    expect(items.map(({ type }) => type).toSorted()).toEqual(['body', 'certificate', 'operation']);
  });

  test('nothing is served for what is not final', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await submitStep(net, node, step));
    const path = pathTo.state(step.body.chain, step.body.index);
    expect(codeOf(await get(node, path, stateAnswerCodec(suite)))).toBe('E_NOT_FOUND NET-22');
  });

  test('evidence is a file', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    must(await submitStep(net, node, signTransfer(net, payer, bob.account, meal.token, 1n)));
    await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n));
    const { files } = must(await get(node, pathTo.evidence(payer.account), evidenceListCodec));
    const file = must(decodeFile(suite, entry(files, 0)));
    expect(file).toMatchObject({ kind: 'evidence', content: { chain: payer.account } });
  });
});

test('a day is longer than any window', () => expect(net.network.settleMs).toBe(DAY_MS));
