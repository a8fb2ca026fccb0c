/** What a node keeps, and the times at which it votes. */
import { balanceLeaf, must } from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  anyItem,
  forgeStep,
  HOUR_MS,
  makeDevice,
  makeReceipt,
  signTransfer,
  START_MS,
  submissionOf,
  windowNow,
} from '../../../tests/kit/index.ts';
import { codeOf, openTestNode, placeOf, submit, submitStep } from './support/nodes.ts';
import { net, meal, bob, makePayer, slotOf, openWorld } from './support/world.ts';

beforeAll(openWorld, 60_000);

describe('NET-20: what a node keeps', () => {
  test('nothing of what it refuses, and nothing that the verification did not use', async () => {
    const watch = await openTestNode(net, 3);
    const kept = () => (watch.disk.get('item') ?? []).length;
    const payer = makePayer();
    const poor = forgeStep(net, payer, payer.key, {
      operation: {
        kind: 'account',
        operation: {
          type: 'transfer',
          window: windowNow(net),
          token: meal.token,
          amount: 10_001n,
          to: bob.account,
          reference: null,
        },
      },
      edit: (leaves) => {
        leaves.read(['account'], anyItem);
        leaves.read(balanceLeaf(meal.token), anyItem);
      },
    });
    expect(codeOf(await submitStep(net, watch, poor))).toBe('E_BALANCE VAL-6');
    expect(kept()).toBe(0);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const submission = submissionOf(net, step);
    const stranger = makeDevice(net, 'stranger');
    must(await submit(net, watch, { ...submission, items: [...submission.items, ...stranger.card] }));
    expect(kept()).toBe(submission.items.length);
  });
});

describe('NET-11: windows', () => {
  const late = START_MS + 3 * HOUR_MS;

  test('a node votes while its clock is within the window and Δ on both sides', async () => {
    const clock = { nowMs: 0 };
    const watch = await openTestNode(net, 1, { clock: () => clock.nowMs });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const { from, until } = step.body.window;
    for (const nowMs of [from - 10_001, until + 10_001]) {
      clock.nowMs = nowMs;
      expect(codeOf(await submitStep(net, watch, step))).toBe('E_WINDOW NET-11');
    }
    clock.nowMs = from - 10_000;
    must(await submitStep(net, watch, step));
    const other = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    clock.nowMs = until + 10_000;
    must(await submitStep(net, watch, other));
  });

  test('f+1 votes of round 0 waive the clock; fewer, others and those of another state do not', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const other = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const watch = await openTestNode(net, 1, { clock: () => late });
    const statement = { form: 'votes', ...placeOf(step), round: 0 } as const;
    const receiptsOf = (...which: number[]) => which.map((i) => makeReceipt(net, i, statement));
    const submission = submissionOf(net, step);
    const withVotes = (votes: ReturnType<typeof receiptsOf>) => submit(net, watch, { ...submission, votes });
    expect(codeOf(await withVotes([]))).toBe('E_WINDOW NET-11');
    expect(codeOf(await withVotes(receiptsOf(0)))).toBe('E_CERTIFICATE NET-6');
    expect(codeOf(await withVotes(receiptsOf(0, 2, 3)))).toBe('E_SURPLUS NET-6');
    expect(codeOf(await withVotes(receiptsOf(2, 2)))).toBe('E_CERTIFICATE NET-6');
    const foreign = [0, 2].map((i) => makeReceipt(net, i, { form: 'votes', ...placeOf(other), round: 0 }));
    expect(codeOf(await withVotes(foreign))).toBe('E_CERTIFICATE NET-5');
    const acks = [0, 2].map((i) => makeReceipt(net, i, { ...statement, form: 'acks' }));
    expect(codeOf(await withVotes(acks))).toBe('E_CERTIFICATE NET-5');
    must(await withVotes(receiptsOf(0, 2)));
  });

  test('votes that nobody has checked waive nothing, even if the window closes while the node decides', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    let looks = 0;
    const watch = await openTestNode(net, 1, { clock: () => (++looks === 1 ? START_MS : late) });
    const votes = [0, 2].map((i) => makeReceipt(net, i, { form: 'acks', ...placeOf(step), round: 0 }));
    expect(codeOf(await submit(net, watch, { ...submissionOf(net, step), votes }))).toBe('E_WINDOW NET-11');
  });

  test('NET-23: a body whose time is over by the gap is shown as lapsed, with its signature', async () => {
    const clock = { nowMs: START_MS };
    const watch = await openTestNode(net, 1, { clock: () => clock.nowMs });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'empty', seen: null, items: [] });
    must(await submitStep(net, watch, step));
    clock.nowMs = step.body.window.until + net.network.gapMs;
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'open' });
    clock.nowMs += 1;
    const status = await slotOf(watch, placeOf(step));
    expect(status).toMatchObject({ state: 'lapsed', seen: step.hash, seenMs: START_MS, vote: step.hash });
    expect(status.items.map(({ type }) => type)).toEqual(['body', 'operation', 'signature']);
  });

  test('NET-23: a body that came too late for a vote is shown as lapsed too', async () => {
    const watch = await openTestNode(net, 1, { clock: () => late });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, watch, step))).toBe('E_WINDOW NET-11');
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'lapsed', seen: step.hash, vote: null });
  });
});
