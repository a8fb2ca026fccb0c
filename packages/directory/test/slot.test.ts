import {
  decideFinal,
  decideLock,
  decideVote,
  EMPTY_SLOT,
  slotCodec,
  type Candidate,
  type SlotRecord,
} from '@dsm/directory';
import { decodeWith, encodeWith, toHex, type Certificate, type ChainId, type StateHash } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeNetwork, makeQuorum, seed } from '../../../tests/kit/index.ts';

const chain = seed('chain') as ChainId;
const h = seed('h') as StateHash;
const g = seed('g') as StateHash;
const place = { chain, index: 5 };
const around = { tipIndex: 4, nextLeaf: 7, nowMs: 1_000 };
const net = makeNetwork();
/** Hedged signatures differ from call to call, so each quorum is made once. */
const quorums = new Map<string, Certificate>();
function quorumOf(hash: StateHash, round = 0): Certificate {
  const name = `${toHex(hash)} ${round}`;
  const quorum = quorums.get(name) ?? makeQuorum(net, { ...place, hash }, round);
  quorums.set(name, quorum);
  return quorum;
}
const candidate = (hash: StateHash, isOpen = true): Candidate => ({ ...place, hash, isOpen });

const vote = (slot: SlotRecord, hash: StateHash, isOpen = true) => decideVote(slot, candidate(hash, isOpen), around);
const voted = vote(EMPTY_SLOT, h).record;
const locked = decideLock(EMPTY_SLOT, quorumOf(h), around).record;
const promised: SlotRecord = { ...EMPTY_SLOT, promise: 2 };
const final = decideFinal(EMPTY_SLOT, h).record;
const refusal = (code: string, rule: string) => ({ type: 'refused', failure: { code, rule } });

describe('NET-15: one vote a slot', () => {
  test('an unvoted slot whose window is open gets a vote, and the vote a leaf of the log', () => {
    const { record, append, reply } = vote(EMPTY_SLOT, h);
    expect(reply).toEqual({ type: 'given', leaf: 7 });
    expect(append).toEqual({ form: 'votes', ...place, round: 0, hash: h });
    expect(record.votes).toEqual([{ round: 0, hash: h, leaf: 7 }]);
  });

  test('the same state again gets the same answer and no second leaf', () => {
    const again = decideVote(voted, candidate(h), { ...around, nextLeaf: 99 });
    expect(again).toEqual({ record: voted, append: null, reply: { type: 'given', leaf: 7 } });
  });

  test('the same state again gets the same answer even after its window', () => {
    expect(vote(voted, h, false).reply).toEqual({ type: 'given', leaf: 7 });
  });

  test('another state is refused, and the answer names the one voted for', () => {
    const met = { ...voted, rival: { hash: g, atMs: 1_000 } };
    expect(vote(voted, g)).toEqual({ record: met, append: null, reply: { type: 'conflict', with: h } });
    expect(decideVote(met, candidate(g), { ...around, nowMs: 9_000 })).toEqual(vote(voted, g));
  });

  test('no vote of round 0 after a promise', () => {
    const { record, append, reply } = vote(promised, h);
    expect(append).toBeNull();
    expect(reply).toMatchObject(refusal('E_CONFLICT', 'NET-15'));
    expect(record.votes).toEqual([]);
  });

  test('a vote that was given before a promise is given again', () => {
    expect(vote({ ...voted, promise: 1 }, h).reply).toEqual({ type: 'given', leaf: 7 });
  });

  test('no vote against a lock; a vote for what is locked', () => {
    expect(vote(locked, g)).toMatchObject({ append: null, reply: { type: 'conflict', with: h } });
    expect(vote(locked, h)).toMatchObject({ reply: { type: 'given' } });
  });
});

describe('NET-11: the window', () => {
  test('outside of the window there is no vote, but the node remembers what it saw and when', () => {
    const { record, append, reply } = vote(EMPTY_SLOT, h, false);
    expect(append).toBeNull();
    expect(reply).toMatchObject(refusal('E_WINDOW', 'NET-11'));
    expect(record).toEqual({ ...EMPTY_SLOT, seen: h, seenMs: 1_000 });
  });

  test('the first body seen stays the first, whatever is voted for later', () => {
    const { record } = vote(EMPTY_SLOT, h, false);
    const later = decideVote(record, candidate(g), { ...around, nowMs: 2_000 });
    expect(later.record).toMatchObject({ seen: h, seenMs: 1_000, votes: [{ hash: g }] });
  });
});

describe('NET-16: locks and acks', () => {
  test('a quorum is locked, promised and acked, by a node that voted, by one that did not, and by one that voted otherwise', () => {
    for (const slot of [EMPTY_SLOT, voted, vote(EMPTY_SLOT, g).record]) {
      const quorum = quorumOf(h, 3);
      const { record, append, reply } = decideLock(slot, quorum, around);
      expect(reply).toEqual({ type: 'given', leaf: 7 });
      expect(append).toEqual({ form: 'acks', ...place, round: 3, hash: h });
      expect(record).toMatchObject({ promise: 3, lock: quorum, acks: [{ round: 3, hash: h, leaf: 7 }] });
    }
  });

  test('the same quorum again gets the same ack', () => {
    const again = decideLock(locked, quorumOf(h), { ...around, nextLeaf: 99 });
    expect(again).toEqual({ record: locked, append: null, reply: { type: 'given', leaf: 7 } });
  });

  test('below the promise a quorum is kept and served, never acked', () => {
    const quorum = quorumOf(h, 1);
    const { record, append, reply } = decideLock(promised, quorum, around);
    expect(append).toBeNull();
    expect(reply).toMatchObject(refusal('E_CONFLICT', 'NET-16'));
    expect(record).toEqual({ ...promised, late: quorum });
  });

  test('of several quorums below the promise the newest is kept', () => {
    const newer = decideLock(promised, quorumOf(h, 1), around).record;
    expect(decideLock(newer, quorumOf(g, 0), around).record).toEqual(newer);
    expect(decideLock(decideLock(promised, quorumOf(g, 0), around).record, quorumOf(h, 1), around).record).toEqual(
      newer,
    );
  });

  test('a quorum of a higher round replaces the lock', () => {
    const { record } = decideLock(locked, quorumOf(g, 1), { ...around, nextLeaf: 8 });
    expect(record).toMatchObject({ promise: 1, lock: { round: 1, hash: g } });
    expect(record.acks.map(({ round }) => round)).toEqual([0, 1]);
  });

  test('after that the earlier ack is not repeated: it is below the promise', () => {
    const { record } = decideLock(locked, quorumOf(g, 1), around);
    expect(decideLock(record, quorumOf(h, 0), around).reply).toMatchObject(refusal('E_CONFLICT', 'NET-16'));
  });

  test('a second quorum of one round is refused', () => {
    const { record, append } = decideLock(locked, quorumOf(g), around);
    expect({ record, append }).toEqual({ record: locked, append: null });
  });
});

describe('NET-17: Final', () => {
  test('overrides what the node voted for and locked', () => {
    const slot = decideLock(vote(EMPTY_SLOT, g).record, quorumOf(g), around).record;
    expect(decideFinal(slot, h)).toEqual({
      record: { ...slot, final: h },
      append: null,
      reply: { type: 'final', hash: h },
    });
  });

  test('answers the same state with Final, any other with a conflict, whatever the window and the promise', () => {
    expect(vote(final, h, false)).toMatchObject({ append: null, reply: { type: 'final', hash: h } });
    expect(vote({ ...final, promise: 9 }, g)).toMatchObject({ append: null, reply: { type: 'conflict', with: h } });
    expect(decideLock(final, quorumOf(h), around)).toMatchObject({ append: null, reply: { type: 'final' } });
    expect(decideLock(final, quorumOf(g), around)).toMatchObject({
      append: null,
      reply: { type: 'conflict', with: h },
    });
  });

  test('is never replaced by another Final', () => {
    expect(decideFinal(final, g)).toEqual({ record: final, append: null, reply: { type: 'conflict', with: h } });
    expect(decideFinal(final, h).record).toEqual(final);
  });

  test('a place at or below a Final of the chain is closed, even where the node does not know what is final there', () => {
    for (const tipIndex of [5, 6]) {
      expect(decideVote(EMPTY_SLOT, candidate(h), { ...around, tipIndex }).reply).toMatchObject(
        refusal('E_CONFLICT', 'NET-17'),
      );
      expect(decideLock(EMPTY_SLOT, quorumOf(h), { ...around, tipIndex }).reply).toMatchObject(
        refusal('E_CONFLICT', 'NET-17'),
      );
    }
  });
});

describe('the slot record', () => {
  test.each([
    ['empty', EMPTY_SLOT],
    ['voted', voted],
    ['locked', locked],
    ['final', final],
    ['late', decideLock(promised, quorumOf(h, 1), around).record],
    ['with a rival', vote(voted, g).record],
    ['reported', { ...locked, promise: 3, report: { round: 3, lock: quorumOf(h) } }],
  ])('%s survives the store', (_, slot) => {
    expect(decodeWith(slotCodec, encodeWith(slotCodec, slot), 'slot')).toEqual({ ok: true, value: slot });
  });
});
