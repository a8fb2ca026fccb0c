import {
  decideFinal,
  decideLock,
  decidePropose,
  decideRoundVote,
  decideStart,
  decideVote,
  EMPTY_SLOT,
  slotCodec,
  type RoundCandidate,
  type SlotRecord,
  type Starting,
} from '@dsm/directory';
import {
  decodeWith,
  encodeWith,
  fail,
  roundOpensMs,
  toHex,
  type Certificate,
  type ChainId,
  type Failure,
  type StateHash,
  type UnsignedRoundProposal,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeNetwork, makeQuorum, seed } from '../../../tests/kit/index.ts';

const chain = seed('chain') as ChainId;
const [h, g, k] = ['h', 'g', 'k'].map((name) => seed(name) as StateHash) as [StateHash, StateHash, StateHash];
const place = { chain, index: 5 };
const net = makeNetwork();
const { network } = net;
const { roundMs } = network;
const around = { tipIndex: 4, nextLeaf: 7, nowMs: 1_000_000 };
const quorums = new Map<string, Certificate>();
function quorumOf(hash: StateHash, round: number): Certificate {
  const name = `${toHex(hash)} ${round}`;
  const quorum = quorums.get(name) ?? makeQuorum(net, { ...place, hash }, round);
  quorums.set(name, quorum);
  return quorum;
}

const voted = (hash: StateHash): SlotRecord =>
  decideVote(EMPTY_SLOT, { ...place, hash, isOpen: true }, { ...around, nowMs: 1_000 }).record;
const locked = (hash: StateHash, round = 0, before = EMPTY_SLOT): SlotRecord =>
  decideLock(before, quorumOf(hash, round), around).record;
const starting = (round: number, changes: Partial<Starting> = {}): Starting => ({
  ...place,
  round,
  hash: h,
  beginsMs: 0,
  forked: false,
  rivals: false,
  other: null,
  ...changes,
});
const start = (record: SlotRecord, round: number, changes: Partial<Starting> = {}, nowMs = around.nowMs) =>
  decideStart(record, starting(round, changes), { ...around, nowMs }, network);
const refusal = (code: string, rule: string, message = '') => ({
  type: 'refused',
  failure: { code, rule, message: expect.stringContaining(message) as string },
});

describe('NET-25: starts', () => {
  test('a promise and its report: nothing said, a vote, a lock and a vote', () => {
    const nothing = start({ ...EMPTY_SLOT, seen: h, seenMs: 1_000 }, 1);
    expect(nothing.reply).toEqual({ type: 'reported', report: { round: 1, lock: null }, vote: null });
    expect(nothing.record).toMatchObject({ promise: 1, report: { round: 1, lock: null }, votes: [] });
    expect(nothing.append).toBeNull();
    expect(start(voted(g), 2).reply).toEqual({ type: 'reported', report: { round: 2, lock: null }, vote: g });
    const lock = quorumOf(h, 0);
    expect(start(locked(h, 0, voted(g)), 3).reply).toEqual({ type: 'reported', report: { round: 3, lock }, vote: g });
  });

  test('NET-26: a report tells what the node voted for in round 0, never a vote of a later round', () => {
    const later = decideRoundVote(voted(h), { ...place, round: 2, hash: g, refusal: null }, around).record;
    expect(start(later, 3).reply).toMatchObject({ type: 'reported', vote: h });
    const only = decideRoundVote(EMPTY_SLOT, { ...place, round: 2, hash: g, refusal: null }, around).record;
    expect(start({ ...only, seen: h, seenMs: 1_000 }, 3).reply).toMatchObject({ type: 'reported', vote: null });
  });

  test('the same round again: the same report for ever, whatever was locked, voted or shown since', () => {
    const first = start(voted(g), 2);
    const later = locked(h, 2, first.record);
    expect(later).toMatchObject({ promise: 2, lock: { round: 2 } });
    for (const record of [first.record, later]) {
      const again = start(record, 2, { hash: k, beginsMs: Number.MAX_SAFE_INTEGER }, 0);
      expect(again).toEqual({ record, append: null, reply: first.reply });
    }
  });

  test('a round below the promise, or one promised without a report, names the promise', () => {
    const { record } = start(voted(g), 3);
    for (const round of [1, 2]) {
      expect(start(record, round).reply).toEqual(refusal('E_CONFLICT', 'NET-25', 'round 3'));
    }
    const byQuorum = locked(h, 2, voted(h));
    for (const round of [1, 2]) {
      expect(start(byQuorum, round).reply).toEqual(refusal('E_CONFLICT', 'NET-25', 'round 2'));
    }
    expect(start(byQuorum, 3).reply).toMatchObject({ type: 'reported', report: { lock: { round: 2, hash: h } } });
    const byVote = decideRoundVote(voted(h), { ...place, round: 4, hash: h, refusal: null }, around).record;
    expect(start(byVote, 4).reply).toEqual(refusal('E_CONFLICT', 'NET-25', 'round 4'));
  });

  test('round r opens τ·Σ 2^⌊i/n⌋ after the state was first seen, and the start counts as seeing it', () => {
    const fresh = start(EMPTY_SLOT, 1);
    expect(fresh.reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${around.nowMs + roundMs}`));
    expect(fresh.record).toEqual({ ...EMPTY_SLOT, seen: h, seenMs: around.nowMs });
    for (const round of [1, 2, 4, 9]) {
      const opensMs = roundOpensMs(network, around.nowMs, round);
      expect(start(fresh.record, round, {}, opensMs - 1).reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${opensMs}`));
      expect(start(fresh.record, round, {}, opensMs).reply).toMatchObject({ type: 'reported' });
    }
  });

  test('NET-24: waits count from the reason, where it came later than the state', () => {
    const seenLongAgo: SlotRecord = { ...EMPTY_SLOT, seen: h, seenMs: 1 };
    const beginsMs = around.nowMs;
    const at = (round: number, afterMs: number) => start(seenLongAgo, round, { beginsMs }, beginsMs + afterMs).reply;
    expect(at(1, 0)).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${beginsMs}`));
    expect(at(1, roundMs - 1)).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${beginsMs + roundMs}`));
    expect(at(1, roundMs)).toMatchObject({ type: 'reported' });
    expect(at(2, roundMs)).toMatchObject(refusal('E_TOO_EARLY', 'NET-25'));
  });

  test('NET-24: on an account a proved fork is a reason, from when the node met the second state', () => {
    const beginsMs = 10 * around.nowMs;
    const fork = { beginsMs, forked: true };
    const firstMs = around.nowMs + roundMs;
    // Met by a vote, shown by the start, or proved by what the node has locked without ever seeing a state.
    const met = decideVote(voted(h), { ...place, hash: g, isOpen: true }, around).record;
    const shown = start(voted(h), 1, { ...fork, other: g });
    expect(shown.reply).toMatchObject(refusal('E_TOO_EARLY', 'NET-25'));
    const onlyLocked = start(locked(g), 1, fork);
    expect(onlyLocked.reply).toMatchObject(refusal('E_TOO_EARLY', 'NET-25'));
    for (const record of [met, shown.record, onlyLocked.record]) {
      expect(start(record, 1, fork, firstMs - 1).reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${firstMs}`));
      expect(start(record, 2, fork, firstMs).reply).toMatchObject(refusal('E_TOO_EARLY', 'NET-25'));
      expect(start(record, 1, fork, firstMs).reply).toMatchObject({ type: 'reported' });
    }
    // A state that has lapsed needs no fork.
    expect(start(met, 1, { ...fork, beginsMs: 5_000 }, 5_000 + roundMs).reply).toMatchObject({ type: 'reported' });
  });

  test('on a vault two states are a reason, from when the second was met; on an account they are none', () => {
    const beginsMs = 10 * around.nowMs;
    const met = decideVote(voted(h), { ...place, hash: g, isOpen: true }, around).record;
    expect(met.rival).toEqual({ hash: g, atMs: around.nowMs });
    const opensMs = around.nowMs + roundMs;
    const vault = { beginsMs, rivals: true };
    expect(start(met, 1, vault, opensMs - 1).reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${opensMs}`));
    expect(start(met, 1, vault, opensMs).reply).toMatchObject({ type: 'reported', vote: h });
    expect(start(met, 1, { beginsMs }, opensMs).reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${beginsMs}`));
    expect(start(voted(h), 1, vault, opensMs).reply).toEqual(refusal('E_TOO_EARLY', 'NET-25', `${beginsMs}`));
  });

  test('a start that shows both states of a vault makes the second one met', () => {
    const shown = start(voted(h), 1, { beginsMs: Number.MAX_SAFE_INTEGER, rivals: true, other: g });
    expect(shown.reply).toMatchObject(refusal('E_TOO_EARLY', 'NET-25'));
    expect(shown.record.rival).toEqual({ hash: g, atMs: around.nowMs });
    const again = start(shown.record, 1, { beginsMs: Number.MAX_SAFE_INTEGER, rivals: true }, around.nowMs + roundMs);
    expect(again.reply).toMatchObject({ type: 'reported' });
  });

  test('a Final ends it, and a place below one is closed', () => {
    const final = decideFinal(voted(g), h).record;
    expect(start(final, 1)).toEqual({ record: final, append: null, reply: { type: 'final', hash: h } });
    for (const tipIndex of [5, 6]) {
      expect(decideStart(voted(g), starting(1), { ...around, tipIndex }, network).reply).toEqual(
        refusal('E_CONFLICT', 'NET-17'),
      );
    }
  });

  test('NET-15: after a promise there is no vote of round 0; one that was given is repeated', () => {
    const { record } = start({ ...EMPTY_SLOT, seen: h, seenMs: 1_000 }, 1);
    expect(decideVote(record, { ...place, hash: h, isOpen: true }, around)).toMatchObject({
      append: null,
      reply: refusal('E_CONFLICT', 'NET-15', 'round 1'),
    });
    expect(decideVote(start(voted(h), 1).record, { ...place, hash: h, isOpen: true }, around).reply).toEqual({
      type: 'given',
      leaf: 7,
    });
  });

  test('NET-16: after a promise no quorum below it is acked: it is kept and served', () => {
    const { record } = start(voted(h), 1);
    const late = decideLock(record, quorumOf(h, 0), around);
    expect(late).toMatchObject({ append: null, reply: refusal('E_CONFLICT', 'NET-16', 'round 1') });
    expect(late.record.late).toEqual(quorumOf(h, 0));
    expect(late.record.lock).toBeNull();
    expect(start(late.record, 1).reply).toMatchObject({ type: 'reported', report: { lock: null } });
  });
});

const candidate = (round: number, hash: StateHash, refused: Failure | null = null): RoundCandidate => ({
  ...place,
  round,
  hash,
  refusal: refused,
});
const inRound = (record: SlotRecord, round: number, hash: StateHash, refused: Failure | null = null) =>
  decideRoundVote(record, candidate(round, hash, refused), around);
const closedWindow = fail('E_WINDOW', 'NET-11', 'closed').error;

describe('NET-29: votes of a round', () => {
  test.each([
    ['that reported for it', start(voted(h), 2).record],
    ['that was never asked', EMPTY_SLOT],
    ['that voted for another state in round 0', voted(g)],
    ['that has locked another state in a lower round', locked(g, 1)],
    ['that has locked this state', locked(h, 1, voted(h))],
  ])('of a node %s: a promise, a leaf, a vote', (_, record) => {
    const decision = inRound(record, 2, h);
    expect(decision.reply).toEqual({ type: 'given', leaf: 7 });
    expect(decision.append).toEqual({ form: 'votes', ...place, round: 2, hash: h });
    expect(decision.record).toMatchObject({ promise: 2, lock: record.lock });
    expect(decision.record.votes).toEqual([...record.votes, { round: 2, hash: h, leaf: 7 }]);
  });

  test('again: the same answer, even where the state would be refused by now', () => {
    const { record } = inRound(EMPTY_SLOT, 2, h);
    const promised = { ...record, promise: 9 };
    for (const one of [record, promised]) {
      const again = decideRoundVote(one, candidate(2, h, closedWindow), { ...around, nextLeaf: 99 });
      expect(again).toEqual({ record: one, append: null, reply: { type: 'given', leaf: 7 } });
    }
  });

  test('the second proposal of an equivocating owner gets none', () => {
    const { record } = inRound(EMPTY_SLOT, 2, h);
    expect(inRound(record, 2, g)).toEqual({ record, append: null, reply: { type: 'conflict', with: h } });
    expect(inRound(locked(h, 2), 2, g)).toMatchObject({ append: null, reply: { type: 'conflict', with: h } });
    expect(inRound(locked(h, 2), 2, h).reply).toEqual({ type: 'given', leaf: 7 });
  });

  test('below the promise there is none', () => {
    const record = start(voted(h), 3).record;
    for (const round of [1, 2]) {
      const decision = inRound(record, round, h);
      expect(decision).toEqual({ record, append: null, reply: refusal('E_CONFLICT', 'NET-29', 'round 3') });
    }
  });

  test('a state that the node must not choose by itself is refused with the reason and leaves no trace', () => {
    expect(inRound(voted(h), 1, g, closedWindow)).toEqual({
      record: voted(h),
      append: null,
      reply: { type: 'refused', failure: closedWindow },
    });
  });

  test('a Final ends it, and a place below one is closed', () => {
    const final = decideFinal(voted(g), h).record;
    expect(inRound(final, 1, h)).toMatchObject({ append: null, reply: { type: 'final', hash: h } });
    expect(inRound(final, 1, g)).toMatchObject({ append: null, reply: { type: 'conflict', with: h } });
    expect(decideRoundVote(EMPTY_SLOT, candidate(1, h), { ...around, tipIndex: 5 }).reply).toEqual(
      refusal('E_CONFLICT', 'NET-17'),
    );
  });
});

describe('NET-28: proposals', () => {
  const asked = (hash: StateHash): UnsignedRoundProposal => ({ ...place, round: 1, hash, reports: [] });

  test('the first that the reports allow is the only one', () => {
    expect(decidePropose(EMPTY_SLOT, undefined, asked(h), null, around)).toEqual({
      type: 'proposed',
      proposal: asked(h),
    });
    for (const refused of [null, closedWindow]) {
      expect(decidePropose(EMPTY_SLOT, asked(h), asked(g), refused, around)).toEqual({
        type: 'proposed',
        proposal: asked(h),
      });
    }
  });

  test('what is inadmissible does not use up the round', () => {
    expect(decidePropose(EMPTY_SLOT, undefined, asked(h), closedWindow, around)).toEqual({
      type: 'refused',
      failure: closedWindow,
    });
  });

  test('a Final ends it, and a place below one is closed', () => {
    const final = decideFinal(EMPTY_SLOT, h).record;
    expect(decidePropose(final, asked(g), asked(g), null, around)).toEqual({ type: 'final', hash: h });
    expect(decidePropose(EMPTY_SLOT, undefined, asked(g), null, { ...around, tipIndex: 5 })).toEqual(
      refusal('E_CONFLICT', 'NET-17'),
    );
  });
});

test('NET-25: a record with a report, a rival and votes of several rounds survives the store', () => {
  const rounds = inRound(start(locked(h, 1, voted(h)), 3).record, 3, g).record;
  const slot: SlotRecord = { ...rounds, rival: { hash: g, atMs: 17 }, late: quorumOf(g, 0) };
  expect(decodeWith(slotCodec, encodeWith(slotCodec, slot), 'slot')).toEqual({ ok: true, value: slot });
});
