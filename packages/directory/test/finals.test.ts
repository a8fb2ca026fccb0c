/** Locks, Finals and the credits that follow from them. */
import { chainTipCodec, creditPageCodec, must, pathTo, verifyCertificate, verifyReceipt } from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  certify,
  claim,
  copyDevice,
  entry,
  fund,
  makeDevice,
  makeHalf,
  makeQuorum,
  makeReceipt,
  payOffline,
  receive,
  signTransfer,
  transfer,
} from '../../../tests/kit/index.ts';
import {
  codeOf,
  finalise,
  gatherFrom,
  get,
  itemsOf,
  lock,
  openTestNode,
  placeOf,
  receiptOf,
  submitStep,
} from './support/nodes.ts';
import { net, meal, bob, carol, nodes, node, makePayer, makeKnownPayer, slotOf, openWorld } from './support/world.ts';

beforeAll(openWorld, 60_000);

describe('NET-16: locks', () => {
  test('a quorum is acked, by a node that has never heard of the state too, and the ack is repeated', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const first = must(await lock(net, node, { quorum, items: [] }));
    expect(first.type).toBe('ack');
    must(verifyReceipt(net, { form: 'acks', ...placeOf(step), round: 0 }, receiptOf({ ok: true, value: first })));
    expect(must(await lock(net, node, { quorum, items: [] }))).toEqual(first);
    expect(await slotOf(node, placeOf(step))).toMatchObject({ state: 'open', quorum });
  });

  test('the state that comes along is kept for serving; one that is not the locked state is refused', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const stranger = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await lock(net, node, { quorum, items: itemsOf(net, stranger) }));
    const other = signTransfer(net, clone, carol.account, meal.token, 2n);
    must(await lock(net, entry(nodes, 1), { quorum, items: itemsOf(net, step) }));
    expect(codeOf(await submitStep(net, entry(nodes, 1), other))).toBe('E_FORK NET-21');
  });

  test('anything but q votes of one statement is refused', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const { receipts } = quorum;
    const lockWith = async (changes: Partial<typeof quorum>) =>
      codeOf(await lock(net, node, { quorum: { ...quorum, ...changes }, items: [] }));
    expect(await lockWith({ receipts: receipts.slice(1) })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: receipts.toReversed() })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: [...receipts.slice(1), entry(receipts, 2)] })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: [...receipts, makeReceipt(net, 3, quorum)] })).toBe('E_SURPLUS NET-6');
    expect(await lockWith({ form: 'acks' })).toBe('E_CERTIFICATE NET-7');
    expect(await lockWith({ round: 1 })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ index: quorum.index + 1 })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ hash: entry(receipts, 0).head.root as never })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ index: 0 })).toBe('E_CERTIFICATE NET-8');
  });

  test('a voter for another state acks the quorum', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n)));
    const answer = must(await lock(net, node, { quorum: makeQuorum(net, placeOf(step)), items: [] }));
    expect(answer.type).toBe('ack');
  });
});

describe('NET-17: Finals', () => {
  test('four nodes make a Final in one trip, three in two', async () => {
    const payer = makePayer();
    const one = signTransfer(net, payer, bob.account, meal.token, 1n);
    const inOne = must(await gatherFrom(net, nodes, one));
    expect(inOne.form).toBe('votes');
    must(verifyCertificate(net, inOne));
    for (const at of nodes) must(await finalise(net, at, inOne, itemsOf(net, one)));
    const two = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const inTwo = must(await gatherFrom(net, [undefined, ...nodes.slice(1)], two));
    expect(inTwo.form).toBe('acks');
    must(verifyCertificate(net, inTwo));
  });

  test('two nodes of four are too few', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(codeOf(await gatherFrom(net, [undefined, undefined, ...nodes.slice(2)], step))).toBe('E_PENDING NET-14');
  });

  test('a Final from anyone overrides the vote of the node, and is answered from then on', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const voted = signTransfer(net, clone, carol.account, meal.token, 1n);
    must(await submitStep(net, node, voted));
    const step = transfer(net, payer, bob.account, meal.token, 2n);
    const tip = { index: step.body.index, hash: step.hash, certificate: step.certificate };
    expect(must(await finalise(net, node, step.certificate, itemsOf(net, step)))).toEqual(tip);
    expect(must(await submitStep(net, node, step))).toEqual({ type: 'final', certificate: step.certificate });
    const quorum = makeQuorum(net, placeOf(step));
    expect(must(await lock(net, node, { quorum, items: [] }))).toEqual({
      type: 'final',
      certificate: step.certificate,
    });
    expect(codeOf(await submitStep(net, node, voted))).toBe('E_FORK NET-21');
    expect(codeOf(await lock(net, node, { quorum: makeQuorum(net, placeOf(voted)), items: [] }))).toMatch(
      /^E_(FORK|CONFLICT)/,
    );
    expect(must(await get(node, pathTo.tip(payer.account), chainTipCodec))).toEqual(tip);
  });

  test('places below a Final are closed, even where the node missed what is final there', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const missed = transfer(net, payer, bob.account, meal.token, 1n);
    const step = transfer(net, payer, bob.account, meal.token, 1n);
    must(
      await finalise(
        net,
        node,
        step.certificate,
        step.items.filter(({ type }) => type !== 'certificate'),
      ),
    );
    const other = signTransfer(net, clone, carol.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, node, other))).toBe('E_CONFLICT NET-17');
    must(await finalise(net, node, missed.certificate, itemsOf(net, missed)));
    expect(must(await get(node, pathTo.tip(payer.account), chainTipCodec)).index).toBe(step.body.index);
  });

  test('where one is final, another one is refused: only more than f dishonest nodes can make both', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const one = signTransfer(net, payer, bob.account, meal.token, 1n);
    const other = signTransfer(net, clone, carol.account, meal.token, 2n);
    must(await finalise(net, node, certify(net, placeOf(one)), itemsOf(net, one)));
    const second = await finalise(net, node, certify(net, placeOf(other)), itemsOf(net, other));
    expect(codeOf(second)).toBe('E_CONFLICT NET-17');
  });

  test('a Final whose body or operation nobody brought is E_INCOMPLETE', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 17n);
    const only = (type: string) => step.items.filter((item) => item.type === type);
    expect(codeOf(await finalise(net, node, step.certificate, []))).toBe('E_INCOMPLETE BND-2');
    expect(codeOf(await finalise(net, node, step.certificate, only('body')))).toBe('E_INCOMPLETE BND-2');
    must(await finalise(net, node, step.certificate, [...only('body'), ...only('operation')]));
  });

  test('a certificate that proves nothing changes nothing', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    const { certificate } = step;
    const items = itemsOf(net, step);
    const finalWith = async (changes: Partial<typeof certificate>) =>
      codeOf(await finalise(net, node, { ...certificate, ...changes }, items));
    expect(await finalWith({ receipts: certificate.receipts.slice(1) })).toBe('E_CERTIFICATE NET-6');
    expect(await finalWith({ round: 1 })).toBe('E_CERTIFICATE NET-8');
    expect(await finalWith({ form: 'acks' })).toBe('E_SURPLUS NET-6');
    expect(await finalWith({ form: 'acks', receipts: certificate.receipts.slice(1) })).toBe('E_CERTIFICATE NET-5');
    expect(await slotOf(node, placeOf(step))).toMatchObject({ state: 'empty', final: null });
  });

  test('a certificate of another place with this body is refused', async () => {
    const payer = makePayer();
    const step = transfer(net, payer, bob.account, meal.token, 1n);
    const elsewhere = makeQuorum(net, { ...placeOf(step), index: step.body.index + 1 });
    const acked = {
      ...elsewhere,
      form: 'acks',
      receipts: elsewhere.receipts.map(({ node }) => makeReceipt(net, node, { ...elsewhere, form: 'acks' })),
    } as const;
    expect(codeOf(await finalise(net, node, acked, itemsOf(net, step)))).toBe('E_CERTIFICATE NET-8');
  });

  test('a node learns the Finals that a submission proves on its way', async () => {
    const payer = makePayer();
    const before = transfer(net, payer, bob.account, meal.token, 7n);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const lagging = await openTestNode(net, 2);
    must(await submitStep(net, lagging, step));
    const tip = must(await get(lagging, pathTo.tip(payer.account), chainTipCodec));
    expect(tip).toMatchObject({ index: before.body.index, hash: before.hash });
    expect(codeOf(await finalise(net, lagging, before.certificate, itemsOf(net, before)))).toBe('ok');
    const { credits } = must(await get(lagging, pathTo.credits(bob.account), creditPageCodec));
    expect(credits.filter(({ source }) => Buffer.compare(source, payer.account) === 0)).toHaveLength(1);
  });
});

describe('NET-17: credits', () => {
  test('certified debits are listed once under their payee, in the order of arrival, after a cursor', async () => {
    const dave = makeDevice(net, 'dave');
    const payer = makePayer();
    const steps = [1n, 2n, 3n].map((amount) => transfer(net, payer, dave.account, meal.token, amount));
    for (const step of [...steps, ...steps]) {
      must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    }
    const list = async (after: number) =>
      must(await get(node, pathTo.credits(dave.account, after), creditPageCodec)).credits;
    const all = await list(0);
    expect(all.map(({ cursor, amount, index }) => ({ cursor, amount, index }))).toEqual(
      steps.map((step, i) => ({ cursor: i + 1, amount: BigInt(i + 1), index: step.body.index })),
    );
    expect(all[0]).toMatchObject({ source: payer.account, output: 0, token: meal.token });
    expect(await list(2)).toEqual(all.slice(2));
    expect(await list(3)).toEqual([]);
  });

  test('what a claim pays is listed under the payee', async () => {
    const erin = makeDevice(net, 'erin');
    const reservation = fund(net, makePayer(), erin, meal.token, 5_000n);
    const half = makeHalf(net, reservation.payer, erin);
    payOffline(net, half, reservation, 100n);
    const step = claim(net, reservation, half);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const { credits } = must(await get(node, pathTo.credits(erin.account), creditPageCodec));
    expect(credits).toMatchObject([{ source: reservation.vault, index: 1, amount: 100n }]);
    must(await submitStep(net, node, receive(net, erin, step)));
  });
});
