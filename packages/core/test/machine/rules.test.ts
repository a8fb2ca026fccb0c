import {
  cannotExist,
  computeStep,
  decodeWith,
  doesExist,
  encodeUpgrade,
  encodeWith,
  fail,
  findStep,
  hashItem,
  initialState,
  machineId,
  machineStateHash,
  machineTermsCodec,
  must,
  ok,
  partiesThat,
  readStrand,
  signedStepCodec,
  SIGNED_LEAF,
  standOf,
  stateHash,
  stepHash,
  stepPlaceCodec,
  PLACE_LEAF,
  stepRecordCodec,
  strandOperationCodec,
  strandTermsCodec,
  editLeaves,
  toHex,
  UPGRADE,
  verifyFork,
  verifyStrand,
  verifyTransition,
  orderFork,
  type Body,
  type KnownStep,
  type MachinePort,
  type MachineState,
  type MachineTerms,
  type StepHash,
  type StepRecord,
  type StrandGenesis,
  type StrandOperation,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  contextOf,
  entry,
  HOUR_MS,
  makeDevice,
  makeNetwork,
  seed,
  stepContext,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { counter, counter2, countIn, input, MACHINES, turns } from '../support/machines.ts';
import { codeOf, expectOk } from '../support/results.ts';
import {
  append,
  beginStrand,
  decline,
  draftStep,
  forge,
  lineOf,
  makeGroup,
  makeTerms,
  propose,
  sign,
  stateOf,
  take,
  tell,
  tellAll,
  type Group,
  type Party,
} from '../support/strands.ts';

const net = makeNetwork();
const { suite } = net;
const window = { from: net.nowMs, until: net.nowMs + HOUR_MS };

let group: Group;
let a: Party;
let b: Party;
let c: Party;

beforeEach(async () => {
  group = await makeGroup(net, counter, 3);
  [a, b, c] = group.parties as [Party, Party, Party];
});

const stepOf = (party: Party, hash: StepHash): KnownStep => findStep(party.view, hash) as KnownStep;
const hear = async (to: Party, from: Party): Promise<string> =>
  codeOf(await take(group, to.position, tell(group, from)));
const proposeBy = async (party: Party, value = 1, after?: StepHash): Promise<StepHash> =>
  expectOk(await propose(group, party.position, { input: input(value), ...(after && { after }) }));
const signBy = async (party: Party, step: StepHash): Promise<string> => codeOf(await sign(group, party.position, step));
const declineBy = async (party: Party, step: StepHash): Promise<string> =>
  codeOf(await decline(group, party.position, step));

/** What `to` says to a strand that `by` has written regardless of the rules of steps. */
async function write(
  by: Party,
  operation: StrandOperation,
  steps: readonly StepRecord[],
  to: Party = by === a ? b : a,
): Promise<string> {
  const step = append(group, by, operation);
  return codeOf(await take(group, to.position, { strands: [step.hash], steps: [...steps] }));
}

const signing = (
  record: StepRecord,
  changes: Partial<Extract<StrandOperation, { type: 'sign' }>> = {},
): StrandOperation => ({
  type: 'sign',
  window: { from: net.nowMs, until: record.expiresAt },
  number: record.number,
  attempt: record.attempt,
  step: stepHash(suite, record),
  ...changes,
});

const draft = async (by: Party, changes: Partial<StepRecord> = {}): Promise<StepRecord> =>
  expectOk(await draftStep(group, by.position, { input: input(1), changes }));

describe('MCH-1: the terms', () => {
  const read = (terms: MachineTerms): string =>
    codeOf(decodeWith(machineTermsCodec, encodeWith(machineTermsCodec, terms), 'terms'));

  test('name the relationship: H("machine-relationship", terms)', () => {
    expect(group.id).toEqual(hashItem(suite, 'machine-relationship', machineTermsCodec.toItem(group.terms)));
    expect(machineId(suite, { ...group.terms, nonce: new Uint8Array(16) })).not.toEqual(group.id);
    expect(read(group.terms)).toBe('ok');
  });

  test('list the parties in ascending order, each once, two to eight', () => {
    const { parties } = group.terms;
    expect(read({ ...group.terms, parties: parties.toReversed() })).toBe('E_ENCODING MCH-1');
    expect(read({ ...group.terms, parties: [entry(parties, 0), entry(parties, 0)] })).toBe('E_ENCODING MCH-1');
    expect(read({ ...group.terms, parties: parties.slice(0, 1) })).toBe('E_LIMIT ENC-2');
  });

  test('have a version and an expiry', () => {
    expect(read({ ...group.terms, version: 0 })).toBe('E_FORMAT MCH-1');
    expect(read({ ...group.terms, rules: { expiryMs: 0, maxSteps: 0 } })).toBe('E_FORMAT MCH-1');
  });

  test('may end the relationship after some steps', async () => {
    group = await makeGroup(net, turns, 2, { rules: { expiryMs: HOUR_MS, maxSteps: 1 } });
    expect(codeOf(await propose(group, 0, { operation: 'move', input: input(1) }))).toBe('ok');
    expect(codeOf(await take(group, 1, tell(group, entry(group.parties, 0))))).toBe('ok');
    expect(codeOf(await propose(group, 1, { operation: 'move', input: input(2) }))).toBe('E_STEP MCH-1');
  });
});

describe('MCH-2: a strand', () => {
  const genesisOf = (party: Party): StrandGenesis => {
    const body = contextOf(net).evidence.genesis(party.strand.chain) as Body;
    return contextOf(net).evidence.operation(body.op)?.operation as StrandGenesis;
  };
  const begin = (changes: Partial<StrandGenesis>): string =>
    codeOf(verifyStrand(contextOf(net), beginStrand(net, group.id, a.device, changes).chain));

  test('belongs to a verified account, under its key and on its base', () => {
    expect(begin({})).toBe('ok');
    expect(begin({ k: 0 })).toBe('E_FORMAT MCH-2');
    expect(begin({ key: b.device.key.publicKey })).toBe('E_CHAIN REL-1');
    expect(begin({ base: { index: 0, hash: seed('x') as never } })).toBe('E_CHAIN REL-1');
    expect(codeOf(verifyStrand(contextOf(net), a.device.account))).toBe('E_CHAIN CHN-4');
  });

  test('keeps its genesis as its terms, and nothing else', () => {
    const terms = genesisOf(a);
    expect(expectOk(strandTermsCodec.fromItem(strandTermsCodec.toItem(terms), 'leaf'))).toEqual(terms);
    const other = strandOperationCodec.toItem({ type: 'decline', window, number: 1, attempt: 0 });
    expect(codeOf(strandTermsCodec.fromItem(other, 'leaf'))).toBe('E_FORMAT MCH-2');
    expect(codeOf(strandTermsCodec.fromItem(3, 'leaf'))).toBe('E_FORMAT ENC-3');
  });

  test('is told by its kind', () => {
    expect(codeOf(readStrand(contextOf(net), stateHash(suite, a.device.tip)))).toBe('E_CHAIN MCH-2');
    expect(codeOf(readStrand(contextOf(net), seed('x') as never))).toBe('E_INCOMPLETE BND-2');
  });

  test('MCH-12: is nothing before its first signed state', () => {
    expect(codeOf(readStrand(contextOf(net), stateHash(suite, a.strand.tip)))).toBe('E_SIGNATURE MCH-12');
  });
});

describe('MCH-3: operations of a strand', () => {
  const at = (number: number, attempt: number): StrandOperation => ({ type: 'decline', window, number, attempt });
  const verify = (step: TestStep): string => codeOf(verifyTransition(stepContext(net, step), step.body));
  const forged = (operation: StrandOperation): string =>
    verify(
      forge(group, a, {
        operation: { kind: 'strand', operation },
        edit: (leaves) => {
          leaves.read(['strand'], strandTermsCodec);
          leaves.read(PLACE_LEAF, stepPlaceCodec);
        },
      }),
    );

  test('go upwards, by number and then by attempt', () => {
    expect(verify(append(group, a, at(1, 0)))).toBe('ok');
    expect(verify(append(group, a, at(1, 1)))).toBe('ok');
    expect(forged(at(1, 1))).toBe('E_STEP MCH-3');
    expect(forged(at(1, 0))).toBe('E_STEP MCH-3');
    expect(verify(append(group, a, at(2, 0)))).toBe('ok');
    expect(forged(at(0, 7))).toBe('E_STEP MCH-3');
    expect(forged({ type: 'decline', window: { from: 2, until: 1 }, number: 3, attempt: 0 })).toBe('E_WINDOW CHN-7');
  });

  test('count from 1', () => {
    expect(forged(at(0, 0))).toBe('E_STEP MCH-3');
  });

  test('leave the place, and the step that was signed last', () => {
    const step = seed('step') as StepHash;
    append(group, a, { type: 'sign', window, number: 1, attempt: 4, step });
    append(group, a, at(3, 1));
    const leaves = editLeaves(suite, a.strand.tree);
    expect(expectOk(leaves.read(PLACE_LEAF, stepPlaceCodec))).toEqual({ number: 3, attempt: 1 });
    expect(expectOk(leaves.read(SIGNED_LEAF, signedStepCodec))).toEqual({ number: 1, attempt: 4, step });
  });

  test('a genesis stands at the beginning', () => {
    const body = contextOf(net).evidence.genesis(a.strand.chain) as Body;
    const operation = contextOf(net).evidence.operation(body.op)?.operation as StrandGenesis;
    expect(forged(operation)).toBe('E_OPERATION CHN-4');
  });

  test('a step is signed at its own place', async () => {
    const record = await draft(a);
    expect(await write(a, signing(record, { attempt: 1 }), [record])).toBe('E_STEP MCH-3');
  });

  test('EVD-1: two states at one index are a fork', () => {
    const copy = { ...a, strand: { ...a.strand } };
    const first = append(group, a, at(1, 0));
    const second = append(group, copy, at(1, 1));
    const fork = orderFork(a.strand.chain, 1, first.hash, second.hash);
    expect(codeOf(verifyFork(contextOf(net, [...first.items, ...second.items]), fork))).toBe('ok');
  });
});

describe('MCH-4: a step', () => {
  test('is a record, and its hash names its history', async () => {
    const record = await draft(a);
    expect(stepHash(suite, record)).toEqual(hashItem(suite, 'step', stepRecordCodec.toItem(record)));
    expect(record.prev).toEqual(group.id);
    expect(expectOk(decodeWith(stepRecordCodec, encodeWith(stepRecordCodec, record), 'step'))).toEqual(record);
  });

  test.each<[string, Partial<StepRecord>, string]>([
    ['of nobody', { proposer: 3 }, 'E_STEP MCH-4'],
    ['number 0', { number: 0 }, 'E_STEP MCH-4'],
    ['that leaves one out', { number: 2 }, 'E_STEP MCH-4'],
    ['on a step that nobody knows', { prev: seed('x') as StepHash }, 'E_STEP MCH-7'],
    ['of another relationship', { relationship: seed('x') as never }, 'E_MISMATCH MCH-12'],
    ['to another state', { state: seed('x') }, 'E_STEP MCH-10'],
  ])('%s is refused', async (_, changes, refusal) => {
    const record = await draft(a, changes);
    const place = Math.max(record.number, 1);
    expect(await write(a, signing(record, { number: place }), [record])).toBe(refusal);
  });
});

describe('MCH-5: who must sign', () => {
  const port = (answer: unknown): MachinePort => ({
    ...counter,
    apply: () => ok({ state: input(1), ...(answer as object) } as never),
  });
  const ask = async (required: unknown, turn: unknown = null, parties = 4, proposer = 0) => {
    const terms = { ...group.terms, parties: Array.from({ length: parties }, (_, i) => seed('p', i) as never) };
    const before: MachineState = { state: input(0), version: 1, code: counter.code };
    const call = { number: 1, operation: 'add', input: input(1), proposer };
    return computeStep([port({ required, turn })], terms, before, call);
  };
  const signers = async (...args: Parameters<typeof ask>) => expectOk(await ask(...args)).required;

  test('without turns more than half of the parties, the proposer among them', async () => {
    for (const [parties, count] of [
      [2, 2],
      [3, 2],
      [4, 3],
      [7, 4],
      [8, 5],
    ] as const) {
      expect(await signers({ parties: [], count: 0 }, null, parties, 1)).toEqual({ parties: [1], count });
    }
    expect(await signers({ parties: [3, 2], count: 4 })).toEqual({ parties: [0, 2, 3], count: 4 });
  });

  test('with turns the one whose turn it is', async () => {
    expect(await signers({ parties: [], count: 0 }, 2, 8, 2)).toEqual({ parties: [2], count: 1 });
    expect(await signers({ parties: [], count: 0 }, 2, 8, 5)).toEqual({ parties: [2, 5], count: 2 });
  });

  test.each<[string, unknown, unknown]>([
    ['nobody of the parties', { parties: [4], count: 1 }, null],
    ['no list', { parties: 'all', count: 1 }, null],
    ['more than there are', { parties: [], count: 5 }, null],
    ['half a party', { parties: [], count: 0.5 }, null],
    ['no number', { parties: [] }, null],
    ['nothing', undefined, null],
    ['the turn of nobody', { parties: [], count: 0 }, 4],
    ['a turn that is no number', { parties: [], count: 0 }, 'first'],
  ])('a machine that asks for %s breaks its contract', async (_, required, turn) => {
    expect(codeOf(await ask(required, turn))).toBe('E_MACHINE MCH-5');
  });
});

describe('MCH-6: what exists', () => {
  test('a step that all who must have signed, and not before', async () => {
    const step = await proposeBy(a);
    expect(doesExist(a.view, stepOf(a, step))).toBe(false);
    expect(await hear(b, a)).toBe('ok');
    expect(await signBy(b, step)).toBe('ok');
    expect([lineOf(b), stateOf(b)]).toEqual([[toHex(step)], 1]);
    expect(lineOf(a)).toEqual([]);
    expect(await hear(a, b)).toBe('ok');
    expect(lineOf(a)).toEqual([toHex(step)]);
  });

  test('a signature on a later step counts for those below', async () => {
    const first = await proposeBy(a);
    await hear(b, a);
    const second = await proposeBy(b, 2, first);
    expect(lineOf(b)).toEqual([toHex(first)]);
    expect(standOf(b.view, 1, stepOf(b, first))).toBe('signed');
    await hear(a, b);
    expect(await signBy(a, second)).toBe('ok');
    expect([lineOf(a), stateOf(a)]).toEqual([[toHex(first), toHex(second)], 3]);
  });

  test('a step that somebody who must sign has passed cannot exist any more', async () => {
    const step = expectOk(await propose(group, 0, { operation: 'all', input: input(1) }));
    await hear(b, a);
    expect(cannotExist(b.view, stepOf(b, step))).toBe(false);
    expect(await declineBy(b, step)).toBe('ok');
    expect([...partiesThat(b.view, 'passed', stepOf(b, step))]).toEqual([1]);
    expect(cannotExist(b.view, stepOf(b, step))).toBe(true);
  });

  test('nor one that too many have passed', async () => {
    const step = await proposeBy(a);
    await hear(b, a);
    await declineBy(b, step);
    expect(cannotExist(b.view, stepOf(b, step))).toBe(false);
    await hear(c, b);
    await declineBy(c, step);
    expect(cannotExist(c.view, stepOf(c, step))).toBe(true);
  });
});

describe('MCH-7: what a party may sign', () => {
  test('attempts that cross are both passed, and the next attempt is free', async () => {
    group = await makeGroup(net, counter, 2);
    const [one, other] = group.parties as [Party, Party];
    const first = await proposeBy(one, 1);
    const second = await proposeBy(other, 2);
    expect(await hear(one, other)).toBe('ok');
    expect(await hear(other, one)).toBe('ok');
    for (const step of [first, second]) expect(cannotExist(one.view, stepOf(one, step))).toBe(true);
    const third = await proposeBy(one, 3);
    expect(stepOf(one, third).record).toMatchObject({ number: 1, attempt: 1 });
    await hear(other, one);
    expect(await signBy(other, third)).toBe('ok');
    expect(stateOf(other)).toBe(3);
  });

  test('no second step while the first may exist', async () => {
    await proposeBy(a);
    const second = await draft(a);
    expect(second.attempt).toBe(1);
    const { steps } = tell(group, a);
    expect(await write(a, signing(second), [...steps, second])).toBe('E_CONFLICT MCH-7');
  });

  test('the step that came to exist, after a later attempt that was overtaken', async () => {
    const first = await proposeBy(a);
    await hear(b, a);
    await hear(c, a);
    // One declines and tries again, while the two others agree.
    await declineBy(c, first);
    const later = await proposeBy(c, 7);
    expect(stepOf(c, later).record).toMatchObject({ number: 1, attempt: 1 });
    await signBy(b, first);
    expect(await hear(c, b)).toBe('ok');
    expect(lineOf(c)).toEqual([toHex(first)]);
    expect(cannotExist(c.view, stepOf(c, later))).toBe(false);
    const next = await proposeBy(c, 2);
    expect(await hear(a, c)).toBe('ok');
    expect(await signBy(a, next)).toBe('ok');
    expect(stateOf(a)).toBe(3);
    await tellAll(group);
    for (const party of group.parties) expect(lineOf(party)).toEqual([toHex(first), toHex(next)]);
  });

  test('no step above one that does not exist', async () => {
    const first = await proposeBy(a);
    const record = expectOk(await draftStep(group, 0, { input: input(1), after: first }));
    const { steps } = tell(group, a);
    expect(await write(a, signing(record), [...steps, record])).toBe('E_STEP MCH-7');
    expect(lineOf(b)).toEqual([]);
  });
});

test('MCH-8: only what was proposed is declined', async () => {
  expect(await write(a, { type: 'decline', window, number: 1, attempt: 0 }, [])).toBe('E_INCOMPLETE MCH-8');
});

describe('MCH-9: expiry', () => {
  test('no signature ends after its step', async () => {
    const step = await proposeBy(a);
    await hear(b, a);
    const { record } = stepOf(b, step);
    const late = { from: record.expiresAt - 1, until: record.expiresAt + 1 };
    expect(await write(b, signing(record, { window: late }), [])).toBe('E_WINDOW MCH-9');
  });

  test('nor is it longer than agreed', async () => {
    const record = await draft(a, { expiresAt: net.nowMs + HOUR_MS + 1 });
    expect(await write(a, signing(record), [record])).toBe('E_WINDOW MCH-9');
  });

  test('a step expires with the signature of its proposer', async () => {
    const record = await draft(a);
    const early = { from: net.nowMs, until: record.expiresAt - 1 };
    expect(await write(a, signing(record, { window: early }), [record])).toBe('E_WINDOW MCH-9');
  });
});

describe('MCH-10: the code of the machine', () => {
  const begin = async (machine: unknown, changes: Partial<MachineTerms> = {}): Promise<string> =>
    codeOf(await initialState([machine as MachinePort], { ...group.terms, ...changes }));
  const apply = async (answer: unknown): Promise<string> => {
    const machine = { ...counter, apply: () => answer } as unknown as MachinePort;
    const before = { state: input(0), version: 1, code: counter.code };
    const call = { number: 1, operation: 'add', input: input(1), proposer: 0 };
    return codeOf(await computeStep([machine], group.terms, before, call));
  };
  const throws = (): never => {
    throw new Error('out of order');
  };

  test('is that of the id, version and hash agreed on', async () => {
    expect(await begin(counter)).toBe('ok');
    expect(await begin({ ...counter, id: 'other' })).toBe('E_CODE MCH-10');
    expect(await begin({ ...counter, version: 2 })).toBe('E_CODE MCH-10');
    expect(await begin({ ...counter, code: seed('x') })).toBe('E_CODE MCH-10');
  });

  test('may answer later', async () => {
    expect(await begin({ ...counter, init: async () => ok(input(0)) })).toBe('ok');
  });

  test('that throws, rejects or answers nothing breaks its contract', async () => {
    expect(await begin({ ...counter, init: throws })).toBe('E_MACHINE MCH-10');
    expect(await begin({ ...counter, init: () => Promise.reject(new Error('no')) })).toBe('E_MACHINE MCH-10');
    expect(await begin({ ...counter, init: () => undefined })).toBe('E_MACHINE MCH-10');
    expect(await begin({ ...counter, init: () => ({ ok: false }) })).toBe('E_MACHINE MCH-10');
    expect(await apply(ok(undefined))).toBe('E_MACHINE MCH-10');
    expect(await apply(ok({ state: 'text' }))).toBe('E_MACHINE MCH-10');
    expect(await apply(ok({ state: new Uint8Array(65_537) }))).toBe('E_MACHINE MCH-10');
  });

  test('that refuses says so itself', async () => {
    expect(await apply(fail('E_REFUSED', 'RUN-1', 'not now'))).toBe('E_REFUSED RUN-1');
    expect(codeOf(await propose(group, 0, { input: input(0) }))).toBe('E_REFUSED RUN-1');
  });

  test('cannot change what it is given', async () => {
    const before = { state: input(5), version: 1, code: counter.code };
    const greedy: MachinePort = {
      ...counter,
      apply: (state, call) => {
        state.fill(0);
        call.input.fill(0);
        return counter.apply(input(1), { ...call, input: input(1) });
      },
    };
    const given = input(3);
    must(await computeStep([greedy], group.terms, before, { number: 1, operation: 'add', input: given, proposer: 0 }));
    expect([before.state, given]).toEqual([input(5), input(3)]);
  });

  test('that differs between the parties stops at the first step that it decides differently', async () => {
    const step = await proposeBy(a, 4);
    const other: MachinePort = {
      ...counter,
      apply: (state, call) => counter.apply(state, { ...call, input: input(1) }),
    };
    const group2 = { ...group, machines: [other] };
    expect(codeOf(await take(group2, 1, tell(group, a)))).toBe('E_STEP MCH-10');
    expect([...b.view.steps]).toEqual([]);
    expect(await hear(b, a)).toBe('ok');
    expect(await signBy(b, step)).toBe('ok');
  });

  test('is not asked about a step that comes too late to exist', async () => {
    const late = await proposeBy(c, 9);
    const step = await proposeBy(a);
    await hear(b, a);
    await signBy(b, step);
    expect(await hear(b, c)).toBe('ok');
    expect(stepOf(b, late).required).toBe(null);
    expect(cannotExist(b.view, stepOf(b, late))).toBe(true);
    await tellAll(group);
    for (const party of group.parties) expect(lineOf(party)).toEqual([toHex(step)]);
    const next = await proposeBy(c);
    await hear(a, c);
    expect(await signBy(a, next)).toBe('ok');
  });
});

describe('MCH-11: upgrade', () => {
  const upgrade = encodeUpgrade({ version: 2, code: counter2.code });

  test('is signed by everybody, and the next version goes on', async () => {
    const step = expectOk(await propose(group, 0, { operation: UPGRADE, input: upgrade }));
    await hear(b, a);
    await signBy(b, step);
    expect(lineOf(b)).toEqual([]);
    await hear(c, b);
    await signBy(c, step);
    expect(stateOf(c)).toEqual([0, 'double']);
    await tellAll(group);
    const next = await proposeBy(b, 3);
    expect(stepOf(b, next)).toMatchObject({ version: 2, code: counter2.code });
    await hear(a, b);
    await signBy(a, next);
    expect(countIn(must(await Promise.resolve(ok(a.states.get(toHex(next)) as MachineState))).state)).toBe(6);
  });

  test('leads to a later version whose code is here', async () => {
    const to = async (bytes: Uint8Array): Promise<string> =>
      codeOf(await propose(group, 0, { operation: UPGRADE, input: bytes }));
    expect(await to(encodeUpgrade({ version: 1, code: counter.code }))).toBe('E_CODE MCH-11');
    expect(await to(encodeUpgrade({ version: 2, code: counter.code }))).toBe('E_CODE MCH-10');
    expect(await to(encodeUpgrade({ version: 3, code: counter2.code }))).toBe('E_CODE MCH-10');
    expect(await to(input(2))).toBe('E_FORMAT ENC-3');
  });
});

describe('MCH-13: reading strands', () => {
  test('an older state adds nothing, another one is evidence', async () => {
    const step = await proposeBy(a);
    const old = tell(group, a);
    await hear(b, a);
    const copy = { ...a, strand: { ...a.strand } };
    await declineLater(a, step);
    expect(await hear(b, a)).toBe('ok');
    expect(codeOf(await take(group, 1, old))).toBe('ok');
    const held = b.held.get(toHex(a.strand.chain));
    expect(codeOf(readStrand(contextOf(net), entry(old.strands, 0), held))).toBe('E_STALE MCH-13');
    const other = append(group, copy, { type: 'decline', window: { from: 1, until: 2 }, number: 3, attempt: 0 });
    expect(codeOf(readStrand(contextOf(net), other.hash, held))).toBe('E_FORK MCH-13');
  });

  /** The next attempt, which others have made possible. */
  async function declineLater(party: Party, step: StepHash): Promise<void> {
    await declineBy(b, step);
    await hear(c, b);
    await declineBy(c, step);
    await hear(party, c);
    await proposeBy(party);
  }
});

test('MCH-14: whoever meets two steps of one number names them and who signed both', async () => {
  // The rules above keep such a view from arising out of unforked strands; it is put together by hand.
  const step = await proposeBy(a);
  await hear(b, a);
  await signBy(b, step);
  const rival = stepOf(b, step);
  const twin: KnownStep = {
    ...rival,
    hash: seed('twin') as StepHash,
    record: { ...rival.record, attempt: 1 },
    required: { parties: [], count: 1 },
  };
  const log = b.view.logs[2] ?? [];
  const extra = { place: { number: 1, attempt: 1 }, step: twin.hash, window, chain: c.strand.chain, index: 1 };
  const view = {
    ...b.view,
    steps: new Map([...b.view.steps, [toHex(twin.hash), twin]]),
    logs: [...b.view.logs.slice(0, 2), [...log, extra]],
  };
  const { mergeSteps } = await import('@dsm/core');
  const merged = await mergeSteps(
    suite,
    view,
    { steps: [], logs: view.logs, entries: [] },
    MACHINES,
    async () => undefined,
  );
  expect(codeOf(merged)).toBe('E_CONFLICT MCH-14');
});

test('MCH-16: the strands of a party are one log that goes upwards', async () => {
  const step = await proposeBy(a);
  await hear(b, a);
  const entryOf = entry(b.view.logs[0] ?? [], 0);
  const again = { ...entryOf, chain: seed('new strand') as never };
  const logs = [[entryOf, again], ...b.view.logs.slice(1)];
  const { mergeSteps } = await import('@dsm/core');
  const shown = { steps: [], logs, entries: [{ party: 0, entry: again }] };
  const merged = await mergeSteps(suite, b.view, shown, MACHINES, async () => undefined);
  expect(codeOf(merged)).toBe('E_CONFLICT MCH-16');
  expect(stepOf(b, step).record.attempt).toBe(0);
});

test('machines of tests and their terms', () => {
  const device = makeDevice(net, 'x');
  expect(makeTerms(net, turns, [device, a.device]).machine).toBe('turns');
  expect(machineStateHash(suite, input(1))).toEqual(hashItem(suite, 'machine-state', input(1)));
});
