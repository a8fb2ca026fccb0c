/** Votes of round 0: for what, once, and with which proof of a second state. */
import { evidenceListCodec, must, pathTo, verifyFile, verifyReceipt } from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  claim,
  copyDevice,
  countingSuite,
  fund,
  HOUR_MS,
  makeHalf,
  payOffline,
  signAccount,
  signTransfer,
  START_MS,
  submissionOf,
  suite,
  transfer,
  windowNow,
} from '../../../tests/kit/index.ts';
import {
  codeOf,
  failureOf,
  finalise,
  gatherFrom,
  get,
  itemsOf,
  openTestNode,
  placeOf,
  publish,
  publishRequest,
  receiptOf,
  submit,
  submitStep,
} from './support/nodes.ts';
import { net, meal, bob, carol, nodes, node, makePayer, makeKnownPayer, slotOf, openWorld } from './support/world.ts';

beforeAll(openWorld, 60_000);

describe('NET-15: votes', () => {
  test('a valid submission gets a receipt of the node for exactly this state', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const receipt = receiptOf(await submitStep(net, node, step));
    expect(receipt.node).toBe(0);
    must(verifyReceipt(net, { form: 'votes', ...placeOf(step), round: 0 }, receipt));
    expect(await slotOf(node, placeOf(step))).toMatchObject({
      state: 'open',
      vote: step.hash,
      promise: 0,
      final: null,
    });
  });

  test('the same submission again gets the very same receipt, whatever the log has grown to', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const first = must(await submitStep(net, node, step));
    await submitStep(net, node, signTransfer(net, makePayer(), bob.account, meal.token, 1n));
    expect(must(await submitStep(net, node, step))).toEqual(first);
  });

  test('NET-10: what the node knows already may be left out', async () => {
    const payer = makePayer();
    const first = signTransfer(net, payer, bob.account, meal.token, 1n);
    const certificate = must(await gatherFrom(net, nodes, first));
    must(await finalise(net, node, certificate, itemsOf(net, first)));
    const second = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submit(net, node, { state: second.hash, items: second.items, votes: [] }));
  });

  test('what the node knows to be final is not verified again, and no signature twice', async () => {
    const payer = makePayer();
    const first = transfer(net, payer, bob.account, meal.token, 1n);
    must(await finalise(net, node, first.certificate, itemsOf(net, first)));
    const counting = countingSuite();
    const watch = await openTestNode({ ...net, suite: counting }, 0, { disk: node.disk });
    const submission = submissionOf(net, signTransfer(net, payer, bob.account, meal.token, 1n));
    counting.reset();
    must(await submit(net, watch, submission));
    expect(counting.counts).toMatchObject({ verify: 1, sign: 1 });
  });

  test('a predecessor that is not final is E_PARENT and names the certificate that is missing', async () => {
    const payer = makePayer();
    const first = signTransfer(net, payer, bob.account, meal.token, 1n);
    const second = signTransfer(net, payer, bob.account, meal.token, 1n);
    const refused = await submitStep(net, node, second);
    expect(codeOf(refused)).toBe('E_PARENT NET-15');
    expect(failureOf(refused).missing).toEqual([
      `certificate ${Buffer.from(payer.account).toString('hex')} ${first.body.index}`,
    ]);
  });

  test('another state of one writer is refused with evidence that anybody can verify', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const one = signTransfer(net, payer, bob.account, meal.token, 9_000n);
    const other = signTransfer(net, clone, carol.account, meal.token, 8_000n);
    must(await submitStep(net, node, one));
    const refused = await submitStep(net, node, other);
    expect(codeOf(refused)).toBe('E_FORK NET-21');
    const evidence = failureOf(refused).evidence ?? new Uint8Array(0);
    expect(verifyFile(suite, net.network, evidence)).toMatchObject({ ok: true, kind: 'evidence' });
    const { files } = must(await get(node, pathTo.evidence(payer.account), evidenceListCodec));
    expect(files).toEqual([evidence]);
    expect(await slotOf(node, placeOf(one))).toMatchObject({ vote: one.hash });
  });

  test('the fork is proved after a Final of the other state too', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const one = transfer(net, payer, bob.account, meal.token, 9_000n);
    const other = signTransfer(net, clone, carol.account, meal.token, 8_000n);
    must(await finalise(net, node, one.certificate, itemsOf(net, one)));
    expect(codeOf(await submitStep(net, node, other))).toBe('E_FORK NET-21');
  });

  test('a node that has never seen the account can prove nothing: E_CONFLICT', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    must(await submitStep(net, node, signTransfer(net, payer, bob.account, meal.token, 1n)));
    const refused = await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n));
    expect(codeOf(refused)).toBe('E_CONFLICT NET-15');
  });

  test('a state that was seen before and not voted for proves a fork all the same; the vote stands', async () => {
    const watch = await openTestNode(net, 1);
    const payer = makePayer();
    const clone = copyDevice(payer);
    must(await publish(net, watch, publishRequest(payer)));
    const seen = signTransfer(net, payer, bob.account, meal.token, 1n);
    net.nowMs += 2 * HOUR_MS;
    expect(codeOf(await submitStep(net, watch, seen))).toBe('E_WINDOW NET-11');
    const voted = signTransfer(net, clone, carol.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, watch, voted))).toBe('ok');
    const { files } = must(await get(watch, pathTo.evidence(payer.account), evidenceListCodec));
    expect(files).toHaveLength(1);
    expect(await slotOf(watch, placeOf(voted))).toMatchObject({ seen: seen.hash, vote: voted.hash });
    net.nowMs = START_MS;
  });

  test('a restored device that waited until the first body was over by the gap has not forked: E_CONFLICT, no evidence', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const other = copyDevice(payer);
    const one = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submitStep(net, node, one));
    net.nowMs += 2 * HOUR_MS;
    const restored = signAccount(net, clone, { type: 'restored', window: windowNow(net) });
    const payment = signTransfer(net, other, bob.account, meal.token, 2n);
    net.nowMs = START_MS + 2 * HOUR_MS;
    const refused = [await submitStep(net, node, restored), await submitStep(net, node, payment)];
    net.nowMs = START_MS;
    expect(refused.map(codeOf)).toEqual(['E_CONFLICT NET-15', 'E_FORK NET-21']);
  });

  test('two claims of one reservation conflict and prove nothing', async () => {
    const reservation = fund(net, makePayer(), bob, meal.token, 5_000n);
    const half = makeHalf(net, reservation.payer, bob);
    payOffline(net, half, reservation, 100n);
    const later = { ...reservation };
    const one = claim(net, reservation, half);
    payOffline(net, half, later, 100n);
    const other = claim(net, later, half);
    must(await submit(net, node, { ...submissionOf(net, one) }));
    const refused = await submitStep(net, node, other);
    expect(codeOf(refused)).toBe('E_CONFLICT NET-15');
    expect(failureOf(refused).evidence).toBeUndefined();
  });
});
