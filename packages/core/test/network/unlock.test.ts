import { advanceUnlocking, equalBytes, fail, ok, startUnlocking, toHex, type UnlockAsk } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { certifyByAcks } from '../../../../tests/kit/index.ts';
import {
  net,
  slot,
  A,
  B,
  VOID,
  SILENCE,
  type Answer,
  HonestNode,
  signReport,
  signProposal,
  receipt,
  type Behaviour,
  silent,
  type World,
  MAX_EVENTS,
  drive,
  driveOn,
  finalOf,
  roundsOf,
  owner,
  others,
} from './slot-nodes.ts';

describe('NET-30: driving a slot', () => {
  test.each([[A], [B]])('votes split two and two end in one of the two, whoever drives', (wanted) => {
    const driven = drive({ votes: [A, A, B, B], candidates: [wanted, VOID] });
    expect(finalOf(driven)).toBe(equalBytes(wanted, A) ? 'a' : 'b');
    expect(driven.asked.filter(({ type }) => type === 'start')).not.toHaveLength(0);
  });

  test('two clients that drive at once never get two Finals', () => {
    const world: World = { nowMs: 1_000_000, refused: [] };
    const nodes = [A, A, B, B].map((vote, node) => new HonestNode(world, node, vote));
    const clients = [A, B].map((wanted) => startUnlocking(net, { ...slot, candidates: [wanted], notBeforeMs: 0 }));
    const queues = clients.map(({ asks }) => [...asks]);
    for (let turn = 0; clients.some(({ outcome }) => !outcome) && turn < MAX_EVENTS; turn++) {
      for (const [i, client] of clients.entries()) {
        if (client.outcome) continue;
        const ask = queues[i]?.shift();
        if (client.wait) world.nowMs = Math.max(world.nowMs, client.wait.untilMs ?? 0);
        const next = client.wait
          ? advanceUnlocking(net, client.unlocking, { type: 'continue' })
          : ask &&
            advanceUnlocking(net, client.unlocking, {
              type: 'answer',
              ask,
              answer: nodes[ask.node]?.answer(ask) ?? SILENCE,
            });
        if (!next) continue;
        clients[i] = next;
        queues[i]?.push(...next.asks);
      }
    }
    const finals = clients.map(({ outcome }) => (outcome?.ok ? toHex(outcome.value.hash) : outcome?.error.code));
    expect(new Set(finals).size).toBe(1);
    expect([toHex(A), toHex(B)]).toContain(finals[0]);
  });

  test('n − f votes force their state, though the client wants another', () => {
    expect(finalOf(drive({ votes: [B, B, B, null], candidates: [A, VOID] }))).toBe('b');
  });

  test('a lock forces its state before any votes', () => {
    const world: World = { nowMs: 1_000_000, refused: [] };
    const nodes = [A, A, A, B].map((vote, node) => new HonestNode(world, node, vote));
    const votes = [0, 1, 2].map((node) => receipt(node, 'votes', 0, A));
    nodes[3]?.answer({
      type: 'ack',
      trip: 0,
      node: 3,
      quorum: { form: 'votes', ...slot, round: 0, hash: A, receipts: votes },
    });
    expect(finalOf(driveOn(world, nodes, {}, [B, VOID], 0, 9))).toBe('a');
  });

  test('where the choice is free the first candidate stands that the owner admits', () => {
    expect(finalOf(drive({ votes: [null, null, null, null] }))).toBe('a');
    const late = drive({ votes: [A, null, null, null], refused: [A] });
    expect(finalOf(late)).toBe('void');
    expect(roundsOf(late)).toEqual([1]);
  });

  test('while no candidate is admitted it is E_PENDING, after f + 1 owners have said so', () => {
    const driven = drive({ votes: [null, null, null, null], refused: [A, VOID] });
    expect(finalOf(driven)).toBe('E_PENDING');
    expect(roundsOf(driven)).toEqual([1, 2]);
  });

  test('it waits until the round is open at q nodes, by what they say of the slot', () => {
    const driven = drive({ votes: [A, A, B, B] });
    expect(driven.waited).toEqual([{ round: 1, untilMs: 1_000_000 + net.network.roundMs }]);
    const lapsed = drive({ votes: [A, A, B, B], notBeforeMs: 9_000_000 });
    expect(lapsed.waited[0]).toEqual({ round: 1, untilMs: 9_000_000 + net.network.roundMs });
  });

  test('nodes that have seen nothing of the slot say when after the start', () => {
    const { waited, last } = drive({ votes: [null, null, null, null], waits: 2 });
    expect(waited[0]).toEqual({ round: 1, untilMs: null });
    expect(last.outcome?.ok).toBe(true);
  });

  test('what was begun before is gone on with: reports are repeated, no round is wasted', () => {
    const world: World = { nowMs: 1_000_000, refused: [] };
    const nodes = [A, A, B, B].map((vote, node) => new HonestNode(world, node, vote));
    world.nowMs += 100 * net.network.roundMs;
    for (const node of nodes) node.answer({ type: 'start', trip: 0, node: node.node, round: 5 });
    const driven = driveOn(world, nodes, {}, [A], 0, 0);
    expect(finalOf(driven)).toBe('a');
    expect(roundsOf(driven)).toEqual([5]);
  });

  test('a node that has promised more is left behind or gone after', () => {
    const world: World = { nowMs: 1_000_000, refused: [] };
    const nodes = [A, A, B, B].map((vote, node) => new HonestNode(world, node, vote));
    world.nowMs += 100 * net.network.roundMs;
    nodes[2]?.answer({ type: 'start', trip: 0, node: 2, round: 4 });
    const driven = driveOn(world, nodes, { 3: silent }, [A], 0, 0);
    expect(finalOf(driven)).toBe('a');
    expect(roundsOf(driven)).toEqual([1, 2, 3, 4]);
  });

  test('without q nodes nothing is begun', () => {
    const driven = drive({ votes: [A, A, B, B], nodes: { 0: silent, 1: silent } });
    expect(finalOf(driven)).toBe('E_PENDING');
    expect(driven.asked.map(({ type }) => type)).toEqual(['status', 'status', 'status', 'status']);
  });

  test('a hurry goes on with q, and an old one does nothing', () => {
    let progress = startUnlocking(net, { ...slot, candidates: [A], notBeforeMs: 0 });
    const world: World = { nowMs: 1_000_000, refused: [] };
    const node = new HonestNode(world, 0, A);
    const { trip } = progress.unlocking;
    for (const ask of progress.asks.slice(0, 3)) {
      progress = advanceUnlocking(net, progress.unlocking, { type: 'answer', ask, answer: node.answer(ask) });
      expect(progress.asks).toEqual([]);
    }
    progress = advanceUnlocking(net, progress.unlocking, { type: 'hurry', trip });
    expect(progress.asks.map(({ type }) => type)).toEqual(['start', 'start', 'start', 'start']);
    expect(advanceUnlocking(net, progress.unlocking, { type: 'hurry', trip })).toEqual({
      unlocking: progress.unlocking,
      asks: [],
    });
    expect(advanceUnlocking(net, progress.unlocking, { type: 'continue' }).asks).toEqual([]);
  });
});

describe('NET-30: up to f nodes that lie', () => {
  test('an answer to something else than was asked counts for nothing: E_CERTIFICATE', () => {
    const { asks, unlocking } = startUnlocking(net, { ...slot, candidates: [A], notBeforeMs: 0 });
    const [ask] = asks as [UnlockAsk];
    const answer: Answer = ok({ type: 'report', report: signReport(0, { round: 1, lock: null, vote: A }) });
    const [told] = advanceUnlocking(net, unlocking, { type: 'answer', ask, answer }).unlocking.nodes;
    expect(told).toMatchObject({ failure: { code: 'E_CERTIFICATE', rule: 'NET-30' }, report: null });
  });

  const f = (node: number, behaviour: Behaviour) => ({ votes: [A, A, B, B], nodes: { [node]: behaviour } });

  test('a silent node, whoever it is', () => {
    for (const node of [0, 1, 2, 3]) expect(['a', 'b']).toContain(finalOf(drive(f(node, silent))));
  });

  test('an owner that is silent, or proposes what the reports forbid, costs one round', () => {
    const forbidding: Behaviour = (ask, node) =>
      ask.type === 'propose'
        ? ok({ type: 'proposal', proposal: signProposal({ ...ask.proposal, hash: VOID }) })
        : node.answer(ask);
    for (const behaviour of [silent, forbidding]) {
      const driven = drive(f(owner(1), behaviour));
      expect(['a', 'b']).toContain(finalOf(driven));
      expect(roundsOf(driven)).toEqual([1, 2]);
    }
  });

  test('an owner that proposes one thing to this client and another to others', () => {
    const bad = owner(1);
    const [first = 0] = others(bad);
    const world: World = { nowMs: 1_000_000, refused: [] };
    const nodes = [null, null, null, null].map((vote, node) => new HonestNode(world, node, vote));
    const equivocating: Behaviour = (ask, node) => {
      if (ask.type !== 'propose') return node.answer(ask);
      // Meanwhile somebody else has shown another proposal of the same round to one honest node.
      nodes[first]?.answer({
        type: 'vote',
        trip: 0,
        node: first,
        proposal: signProposal({ ...ask.proposal, hash: B }),
      });
      return ok({ type: 'proposal', proposal: signProposal(ask.proposal) });
    };
    const voting: Behaviour = (ask, node) =>
      ask.type === 'vote' && ask.proposal.round === 1 ? SILENCE : equivocating(ask, node);
    const driven = driveOn(world, nodes, { [bad]: voting }, [A, VOID], 0, 9);
    expect(finalOf(driven)).toBe('a');
    expect(roundsOf(driven)).toEqual([1, 2]);
  });

  test.each([
    [
      'reports of another round',
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'start'
          ? ok({ type: 'report', report: signReport(node.node, { round: ask.round + 1, lock: null, vote: null }) })
          : node.answer(ask),
    ],
    [
      'a report that another node signed',
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'start'
          ? ok({ type: 'report', report: signReport((node.node + 1) % 4, { round: ask.round, lock: null, vote: B }) })
          : node.answer(ask),
    ],
    [
      'a report with a lock that has no quorum',
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'start'
          ? ok({
              type: 'report',
              report: signReport(node.node, {
                round: ask.round,
                lock: { form: 'votes', ...slot, round: 0, hash: B, receipts: [receipt(node.node, 'votes', 0, B)] },
                vote: null,
              }),
            })
          : node.answer(ask),
    ],
    [
      'votes and acks for another state',
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'vote' || ask.type === 'ack'
          ? ok({
              type: ask.type,
              receipt: receipt(node.node, ask.type === 'vote' ? 'votes' : 'acks', 1, VOID),
            } as never)
          : node.answer(ask),
    ],
    [
      "another node's votes",
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'vote'
          ? ok({ type: 'vote', receipt: receipt((node.node + 1) % 4, 'votes', ask.proposal.round, ask.proposal.hash) })
          : node.answer(ask),
    ],
    [
      'answers to other questions',
      (ask: UnlockAsk, node: HonestNode): Answer =>
        ask.type === 'status' ? node.answer(ask) : node.answer({ type: 'status', trip: 0, node: node.node }),
    ],
    [
      'a Final that is none',
      (): Answer => ok({ type: 'final', certificate: { ...certifyByAcks(net, { ...slot, hash: VOID }), round: 3 } }),
    ],
    [
      'the Final of another slot',
      (): Answer => ok({ type: 'final', certificate: certifyByAcks(net, { ...slot, index: 8, hash: VOID }) }),
    ],
    [
      'promises of the last round',
      (ask: UnlockAsk, node: HonestNode): Answer => {
        const answer = node.answer(ask);
        return ask.type === 'status' && answer.ok ? ok({ ...answer.value, promise: 1_024 } as never) : answer;
      },
    ],
    [
      'that a round is not open for a thousand years',
      (ask: UnlockAsk, node: HonestNode): Answer => {
        if (ask.type === 'start') return fail('E_TOO_EARLY', 'NET-25', 'not yet');
        const answer = node.answer(ask);
        return ask.type === 'status' && answer.ok ? ok({ ...answer.value, seenMs: 9e15 } as never) : answer;
      },
    ],
    ['conflicts', (): Answer => fail('E_CONFLICT', 'NET-25', 'no')],
    ['that the state is worth nothing', (): Answer => fail('E_BALANCE', 'VAL-6', 'no')],
  ] as const)('%s', (_, behaviour) => {
    for (const node of [0, 3]) {
      const driven = drive(f(node, behaviour));
      expect(['a', 'b']).toContain(finalOf(driven));
      for (const { untilMs } of driven.waited) expect(untilMs ?? 0).toBeLessThan(1_000_000_000);
    }
  });

  test('a node that says it has left every round cannot make the client go on for ever', () => {
    const conflict: Behaviour = (ask, node) =>
      ask.type === 'start' ? fail('E_CONFLICT', 'NET-25', 'no') : node.answer(ask);
    const driven = drive({ votes: [A, A, B, B], nodes: { 0: silent, 1: conflict }, waits: 40 });
    expect(finalOf(driven)).toBe('E_PENDING');
    expect(roundsOf(driven).length).toBeLessThanOrEqual(9);
  });

  test('a refusal that f + 1 nodes share is the answer', () => {
    const bad: Behaviour = (ask, node) =>
      ask.type === 'start' ? fail('E_SIGNATURE', 'CHN-12', 'no') : node.answer(ask);
    expect(finalOf(drive({ votes: [A, A, B, B], nodes: { 0: bad, 1: bad } }))).toBe('E_SIGNATURE');
  });
});

describe('NET-30: any f nodes, at random', () => {
  /** Numbers below `n` that follow from a seed. */
  function makeDice(seedOf: number): (n: number) => number {
    let state = seedOf;
    return (n) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
  }

  const pick = <T>(dice: (n: number) => number, list: readonly T[]): T => list.at(dice(list.length)) as T;

  /** Answers honestly, not at all, from an older self, or with something that it may sign and must not. */
  const erratic =
    (dice: (n: number) => number): Behaviour =>
    (ask, node) => {
      const lies: (() => Answer)[] = [
        () => node.answer(ask),
        () => node.answer(ask),
        () => SILENCE,
        () => fail('E_CONFLICT', 'NET-29', 'no'),
        () => fail('E_TOO_EARLY', 'NET-25', 'not yet'),
        () => fail('E_WINDOW', 'NET-11', 'too late'),
        () => node.answer({ type: 'status', trip: ask.trip, node: node.node }),
        () =>
          ask.type === 'start'
            ? ok({
                type: 'report',
                report: signReport(node.node, { round: ask.round, lock: null, vote: pick(dice, [A, B, null]) }),
              })
            : SILENCE,
        () =>
          ask.type === 'propose'
            ? ok({ type: 'proposal', proposal: signProposal({ ...ask.proposal, hash: pick(dice, [A, B, VOID]) }) })
            : SILENCE,
        () =>
          ask.type === 'vote'
            ? ok({ type: 'vote', receipt: receipt(node.node, 'votes', ask.proposal.round, ask.proposal.hash) })
            : SILENCE,
        () =>
          ask.type === 'ack'
            ? ok({ type: 'ack', receipt: receipt(node.node, 'acks', ask.quorum.round, ask.quorum.hash) })
            : SILENCE,
      ];
      return pick(dice, lies)();
    };

  test('every client gets a Final, and all the same', () => {
    for (let run = 1; run <= 150; run++) {
      const dice = makeDice(run);
      const world: World = { nowMs: 1_000_000, refused: dice(3) === 0 ? [A] : [] };
      const nodes = [0, 1, 2, 3].map((node) => new HonestNode(world, node, pick(dice, [A, B, null])));
      const bad = { [dice(4)]: erratic(dice) };
      const clients = [A, B, VOID].map((wanted) => finalOf(driveOn(world, nodes, bad, [wanted, VOID], 0, 60)));
      expect({ run, finals: [...new Set(clients)] }).toEqual({ run, finals: [expect.stringMatching(/^(a|b|void)$/)] });
    }
  });
});

describe('NET-30: a Final from anyone', () => {
  const certificate = certifyByAcks(net, { ...slot, hash: B });

  test('ends it in the status, whatever state it is for', () => {
    const knowing: Behaviour = (ask, node) => {
      const answer = node.answer(ask);
      return ask.type === 'status' && answer.ok ? ok({ ...answer.value, final: certificate } as never) : answer;
    };
    const driven = drive({ votes: [A, A, null, null], nodes: { 2: knowing } });
    expect(finalOf(driven)).toBe('b');
  });

  test.each(['start', 'propose', 'vote', 'ack'] as const)('ends it as the answer to %s', (type) => {
    const knowing: Behaviour = (ask, node) =>
      ask.type === type ? ok({ type: 'final', certificate } as never) : node.answer(ask);
    const nodes = { 0: knowing, 1: knowing, 2: knowing, 3: knowing };
    expect(finalOf(drive({ votes: [A, A, null, null], nodes }))).toBe('b');
  });

  test('ends it when it comes late', () => {
    const start = startUnlocking(net, { ...slot, candidates: [A], notBeforeMs: 0 });
    const [ask] = start.asks as [UnlockAsk];
    const late = { ...ask, trip: 0 };
    const progress = advanceUnlocking(net, start.unlocking, {
      type: 'answer',
      ask: late,
      answer: ok({ type: 'final', certificate }),
    });
    expect(progress.outcome).toEqual(ok(certificate));
  });

  test('other answers that come late, or from a node that does not exist, do no harm', () => {
    const start = startUnlocking(net, { ...slot, candidates: [A], notBeforeMs: 0 });
    const [ask] = start.asks as [UnlockAsk];
    for (const stray of [{ ...ask, trip: 9 }, { ...ask, node: 9 }, { ...ask, type: 'start', round: 1 } as UnlockAsk]) {
      const event = { type: 'answer', ask: stray, answer: SILENCE } as const;
      expect(advanceUnlocking(net, start.unlocking, event)).toEqual({ unlocking: start.unlocking, asks: [] });
    }
  });
});
