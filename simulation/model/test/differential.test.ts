/**
 * The model's node against the shipped decisions: along random walks through the model's world, every step that the
 * model's node can take or refuse is put to the shipped functions as well, and both must end in the same place.
 */
import {
  decideLock,
  decidePropose,
  decideRoundVote,
  decideStart,
  decideVote,
  EMPTY_SLOT,
  type SlotRecord,
} from '@dsm/directory';
import {
  chooseProposal,
  isAllowed,
  type Certificate,
  type ChainId,
  type Failure,
  type StateHash,
  type UnsignedReport,
} from '@dsm/core';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { entry, makeNetwork, seed } from '../../../tests/kit/index.ts';
import { bitOf, choose, CHOICES } from '../choose.ts';
import { ACTIONS, IMPOSSIBLE, type Action } from '../locals.ts';
import { admits, codeReport, decodeReport, FRESH, isOpen, lockOf, type Lock, type NodeState } from '../node.ts';
import { PROTOCOL } from '../rules.ts';
import { SLOTS, VALUES, type Slot, type Value } from '../slots.ts';
import { openWorld, type Parts, type World } from '../world.ts';

const { network } = makeNetwork();
const place = { chain: seed('slot') as ChainId, index: 3 };
const HASHES = ['nothing', 'first', 'second', 'void'].map((name) => seed(name) as StateHash);
const hashOf = (value: Value): StateHash => entry(HASHES, value);
const valueOf = (hash: StateHash | null | undefined): Value => (hash ? HASHES.indexOf(hash) : 0) as Value;
/** Late enough for every round to have opened; when rounds open is not part of the model. */
const around = { tipIndex: 2, nextLeaf: 0, nowMs: Number.MAX_SAFE_INTEGER };
const quorumOf = ({ round, value }: Lock): Certificate => ({
  form: 'votes',
  ...place,
  round,
  hash: hashOf(value),
  receipts: [],
});
const shut: Failure = { code: 'E_WINDOW', rule: 'NET-11', message: 'the window is not open' };

const lockIn = (lock: Certificate | null): Lock | null =>
  lock ? { round: lock.round, value: valueOf(lock.hash) } : null;

/** What both sides can be compared by. */
interface Said {
  readonly promise: number;
  readonly votes: readonly Value[];
  readonly acks: readonly Value[];
  readonly lock: Lock | null;
  /** Round and code of the newest report. */
  readonly report: readonly [number, number] | null;
}

const marks = (list: SlotRecord['votes']): readonly Value[] =>
  [0, 1, 2, 3].map((round) => valueOf(list.find((mark) => mark.round === round)?.hash));

const saidByRecord = (record: SlotRecord): Said => ({
  promise: record.promise,
  votes: marks(record.votes),
  acks: marks(record.acks),
  lock: lockIn(record.lock),
  report: record.report
    ? [record.report.round, codeReport({ lock: lockIn(record.report.lock), vote: marks(record.votes)[0] ?? 0 })]
    : null,
});

function saidByModel(node: NodeState): Said {
  const newest = node.reports.findLastIndex((code) => code !== 0);
  return {
    promise: node.promise,
    votes: node.votes,
    acks: node.acks,
    lock: lockOf(node),
    report: newest < 0 ? null : [newest, entry(node.reports, newest)],
  };
}

/** One action put to the shipped decision. */
function decide(slot: Slot, record: SlotRecord, clock: number, action: Action): SlotRecord {
  switch (action.type) {
    case 'vote': {
      const hash = hashOf(action.value);
      return decideVote(record, { ...place, hash, isOpen: action.waived || isOpen(slot, clock, action.value) }, around)
        .record;
    }
    case 'ack':
      return decideLock(record, quorumOf(action), around).record;
    case 'start': {
      const beginsMs = slot.phases[clock]?.start ? 0 : Number.MAX_SAFE_INTEGER;
      const starting = {
        ...place,
        round: action.round,
        hash: hashOf(1),
        beginsMs,
        forked: false,
        rivals: false,
        other: null,
      };
      return decideStart(record, starting, around, network).record;
    }
    case 'later': {
      const { round, value, forced } = action;
      const refusal = forced || admits(PROTOCOL, slot, clock, value) ? null : shut;
      return decideRoundVote(record, { ...place, round, hash: hashOf(value), refusal }, around).record;
    }
    case 'tick':
    case 'forget':
      return record;
  }
}

/** Numbers below n, from a seed. */
function openDice(start: number): (n: number) => number {
  let state = start >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function successors(world: World, parts: Parts): readonly { node: number; action: number; next: Parts }[] {
  const found: { node: number; action: number; next: Parts }[] = [];
  world.expand(parts, (node, action, next) => {
    found.push({ node, action, next: { ids: Int32Array.from(next.ids), facts: next.facts } });
  });
  return found;
}

const LENGTH = 25;

const WORLDS = new Map(SLOTS.map((slot) => [slot, openWorld({ ...PROTOCOL, ...slot.rules }, slot)]));

describe('the model takes the steps of the shipped node', () => {
  test.prop([fc.nat(), fc.constantFrom(...SLOTS)], { numRuns: 60 })(
    'NET-15, NET-16, NET-25, NET-29: every step taken or refused along a random walk',
    (start, slot) => {
      const world = WORLDS.get(slot) as World;
      const dice = openDice(start);
      let parts = world.initial();
      // Seen long ago: every round has opened.
      const seen: SlotRecord = { ...EMPTY_SLOT, seen: hashOf(1), seenMs: 0 };
      let records: readonly SlotRecord[] = Array.from({ length: world.honest }, () => seen);
      for (let step = 0; step < LENGTH; step += 1) {
        const nodes = Array.from(parts.ids, (id) => entry(world.locals.states, id));
        const shipped: Said[] = [];
        const modelled: Said[] = [];
        nodes.forEach((node, i) => {
          ACTIONS.forEach((action, number) => {
            if (action.type === 'forget' || ('round' in action && action.round > slot.lastRound)) return;
            const id = world.locals.next(parts.ids[i] as number, number);
            const after = id === IMPOSSIBLE ? node : entry(world.locals.states, id);
            shipped.push(saidByRecord(decide(slot, entry(records, i), node.clock, action)));
            modelled.push(saidByModel(after));
          });
        });
        expect(shipped).toEqual(modelled);
        const options = successors(world, parts);
        const taken = options[dice(options.length)];
        if (!taken) return;
        if (taken.node >= 0) {
          const { clock } = entry(nodes, taken.node);
          const action = entry(ACTIONS, taken.action);
          records = records.map((record, i) => (i === taken.node ? decide(slot, record, clock, action) : record));
        }
        parts = taken.next;
      }
    },
  );

  test('NET-15: a fresh record is a fresh node', () => {
    expect(saidByRecord(EMPTY_SLOT)).toEqual(saidByModel(FRESH));
  });

  const locks = fc.option(fc.record({ round: fc.constantFrom(0, 1, 2), value: fc.constantFrom<Value>(1, 2, 3) }), {
    nil: null,
  });
  const someReports = fc.array(fc.record({ lock: locks, vote: fc.constantFrom<Value>(0, 1, 2) }), {
    minLength: PROTOCOL.quorum,
    maxLength: PROTOCOL.quorum,
  });

  test.prop([someReports])('NET-27: reports force or leave free the same values', (reports) => {
    const mask = choose(
      PROTOCOL,
      reports.map((report) => decodeReport(codeReport(report))),
    );
    const shown = reports.map(({ lock, vote }, node): UnsignedReport => {
      return { ...place, round: 3, node, lock: lock && quorumOf(lock), vote: vote === 0 ? null : hashOf(vote) };
    });
    const choice = chooseProposal(network, shown);
    for (const { value, forced } of CHOICES) {
      const isThere = isAllowed(choice, hashOf(value)) && forced === (choice.type === 'forced');
      expect((mask & bitOf({ value, forced })) !== 0).toBe(isThere);
    }
  });

  test.prop([fc.constantFrom(...SLOTS), fc.nat(3), fc.constantFrom(...VALUES), fc.constantFrom(...VALUES)])(
    'NET-28: one proposal a round, and a free one only where the clock of the owner admits it',
    (slot, phase, first, second) => {
      const clock = phase % slot.phases.length;
      const ask = (value: Value, kept?: { value: Value }) => {
        const proposal = (of: Value) => ({ ...place, round: 1, hash: hashOf(of), reports: [] });
        const refusal = admits(PROTOCOL, slot, clock, value) ? null : shut;
        const before = kept && proposal(kept.value);
        const reply = decidePropose(EMPTY_SLOT, before, proposal(value), refusal, around);
        return reply.type === 'proposed' ? valueOf(reply.proposal.hash) : 0;
      };
      const made = ask(first);
      expect(made).toBe(admits(PROTOCOL, slot, clock, first) ? first : 0);
      if (made !== 0) expect(ask(second, { value: made })).toBe(made);
    },
  );
});
