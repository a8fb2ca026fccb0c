/** NET-30: hurry at the wrong moment, the last round, and proposals for something else. */
import { advanceUnlocking, equalBytes, fail, LIMITS, ok, startUnlocking, type UnlockProgress } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { entry } from '../../../../tests/kit/index.ts';
import {
  A,
  B,
  drive,
  finalOf,
  HonestNode,
  net,
  owner,
  roundsOf,
  signProposal,
  slot,
  VOID,
  type Behaviour,
  type World,
} from './slot-nodes.ts';

/** Four nodes with these votes, asked until the step is reached. */
function driveTo(step: UnlockProgress['unlocking']['step']): UnlockProgress {
  const world: World = { nowMs: 1_000_000, refused: [] };
  const nodes = [A, A, B, B].map((vote, node) => new HonestNode(world, node, vote));
  let progress = startUnlocking(net, { ...slot, candidates: [A, VOID], notBeforeMs: 0 });
  const queue = [...progress.asks];
  while (progress.unlocking.step !== step) {
    const ask = queue.shift();
    if (!ask) {
      world.nowMs += net.network.roundMs;
      progress = advanceUnlocking(net, progress.unlocking, { type: 'continue' });
    } else {
      const answer = entry(nodes, ask.node).answer(ask);
      progress = advanceUnlocking(net, progress.unlocking, { type: 'answer', ask, answer });
    }
    queue.push(...progress.asks);
  }
  return progress;
}

describe('a hurry', () => {
  test.each(['propose', 'wait'] as const)('changes nothing where there is nobody else to wait for: %s', (step) => {
    const { unlocking } = driveTo(step);
    const hurried = advanceUnlocking(net, unlocking, { type: 'hurry', trip: unlocking.trip });
    expect(hurried).toEqual({ unlocking: { ...unlocking, hurried: true }, asks: [] });
  });
});

test('where f + 1 nodes have promised the last round, none is left: E_PENDING', () => {
  const last: Behaviour = (ask, node) => {
    node.promise = LIMITS.rounds + 1;
    return node.answer(ask);
  };
  const driven = drive({ votes: [A, A, B, B], nodes: { 0: last, 1: last } });
  expect(finalOf(driven)).toBe('E_PENDING');
  expect(roundsOf(driven)).toEqual([]);
});

test.each([
  ['round', (round: number) => ({ round: round + 1 })],
  ['slot', () => ({ index: slot.index + 1 })],
])('an owner that signs a proposal for another %s costs one round', (_, change) => {
  const elsewhere: Behaviour = (ask, node) =>
    ask.type === 'propose'
      ? ok({ type: 'proposal', proposal: { ...signProposal(ask.proposal), ...change(ask.proposal.round) } })
      : node.answer(ask);
  const driven = drive({ votes: [A, A, B, B], nodes: { [owner(1)]: elsewhere } });
  expect(['a', 'b']).toContain(finalOf(driven));
  expect(roundsOf(driven)).toEqual([1, 2]);
});

test('what f + 1 voters refuse is not proposed again, where the choice is free', () => {
  const refusing: Behaviour = (ask, node) =>
    ask.type === 'vote' && equalBytes(ask.proposal.hash, A) ? fail('E_WINDOW', 'NET-11', 'too late') : node.answer(ask);
  const driven = drive({ votes: [A, null, null, null], nodes: { 0: refusing, 1: refusing } });
  expect(finalOf(driven)).toBe('void');
});
