import {
  decodeFileOf,
  encodeFile,
  must,
  verifyFile,
  verifyMachineFile,
  type BundleItem,
  type MachinePort,
  type StepsContent,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  exportMachine,
  joinMachine,
  listMachines,
  listSteps,
  openMachine,
  readInvitation,
  showMachine,
  takeSteps,
  tell,
  upgrade,
} from '../../src/machine/index.ts';
import { HOUR_MS } from '../../../../tests/kit/index.ts';
import { makeWallet, suite } from '../support/wallets.ts';
import {
  agree,
  decline,
  propose,
  addOne,
  codeOf,
  copyCircle,
  counter,
  counter2,
  deviceOf,
  expectSame,
  hear,
  hearAll,
  input,
  MACHINES,
  makeCircle,
  numberOf,
  personOf,
  snapshot,
  stateOf,
  type Circle,
} from './kit.ts';

const pair = await makeCircle(2);
const five = await makeCircle(5);

let two: Circle;
beforeEach(async () => {
  two = await copyCircle(pair);
});

const proposeAdd = async (circle: Circle, by: number, value: number, more = {}) =>
  propose(deviceOf(circle, by), circle.id, { operation: 'add', input: input(value), ...more }, MACHINES);

describe('MCH-23: opening and joining', () => {
  test('an invitation says what is agreed, and binds nobody', async () => {
    const terms = must(readInvitation(deviceOf(two, 1), two.invitation));
    expect(terms).toMatchObject({ machine: 'counter', version: 1, rules: { expiryMs: HOUR_MS, maxSteps: 0 } });
    expect(terms.parties).toEqual(two.people.map(({ device }) => device.account));
    expect(await stateOf(deviceOf(two, 1), two.id)).toBe(0);
    expect(must(await listMachines(deviceOf(two, 0)))).toHaveLength(1);
    expect(codeOf(verifyFile(suite, two.world.net.network, two.invitation) as never)).toBe('ok');
  });

  test('not by somebody who is no party, without the code, or with code that refuses', async () => {
    const { device: eve } = await makeWallet(two.world, 'eve');
    expect(codeOf(await joinMachine(eve, two.invitation, MACHINES))).toBe('E_MISMATCH MCH-23');
    expect(codeOf(await takeSteps(eve, two.invitation, MACHINES))).toBe('E_NOT_FOUND MCH-20');
    expect(codeOf(await showMachine(eve, two.id))).toBe('E_NOT_FOUND MCH-20');
    const alone = { port: counter, params: input(1), rules: { expiryMs: HOUR_MS, maxSteps: 0 } };
    expect(codeOf(await openMachine(eve, { ...alone, parties: [] }))).toBe('E_LIMIT ENC-2');
    const parties = [deviceOf(two, 0).account];
    const { message } = must(await openMachine(eve, { ...alone, parties }));
    const join = (machines: readonly MachinePort[]) => joinMachine(deviceOf(two, 0), message, machines);
    expect(codeOf(await join([]))).toBe('E_CODE MCH-10');
    expect(codeOf(await join([{ ...counter, init: () => input(1) as never }]))).toBe('E_MACHINE MCH-10');
    expect(codeOf(await join(MACHINES))).toBe('ok');
    expect(codeOf(await openMachine(eve, { ...alone, parties, params: new Uint8Array(2) }))).toBe('E_REFUSED RUN-1');
    expect(codeOf(await openMachine(eve, { ...alone, parties, rules: { expiryMs: 0, maxSteps: 0 } }))).toBe(
      'E_FORMAT MCH-1',
    );
  });

  test('MCH-12: by any message that has the terms, late too', async () => {
    const late = await makeCircle(3);
    const { device: newcomer } = await makeWallet(late.world, 'newcomer');
    const opened = must(
      await openMachine(deviceOf(late, 0), {
        port: counter,
        parties: [deviceOf(late, 1).account, newcomer.account],
        params: new Uint8Array(0),
        rules: { expiryMs: HOUR_MS, maxSteps: 0 },
      }),
    );
    const circle = { ...late, id: opened.relationship };
    must(await joinMachine(deviceOf(late, 1), opened.message, MACHINES));
    const { step } = must(await proposeAdd(circle, 0, 4));
    must(await hear(circle, deviceOf(circle, 1), deviceOf(circle, 0)));
    must(await agree(deviceOf(circle, 1), circle.id, step, MACHINES));
    const message = must(await tell(deviceOf(circle, 1), circle.id, newcomer.account));
    expect(must(await joinMachine(newcomer, message, MACHINES))).toMatchObject({ number: 1, isNew: true });
    expect(await stateOf(newcomer, circle.id)).toBe(4);
    // Once more, and as an ordinary message.
    expect(must(await joinMachine(newcomer, message, MACHINES))).toMatchObject({ number: 1, isNew: false });
  });

  test('MCH-21: a command that is repeated opens one relationship', async () => {
    const command = new Uint8Array(32).fill(9);
    const options = {
      port: counter,
      parties: [deviceOf(two, 1).account],
      params: new Uint8Array(0),
      rules: { expiryMs: HOUR_MS, maxSteps: 0 },
      command,
    };
    const once = must(await openMachine(deviceOf(two, 0), options));
    expect(must(await openMachine(deviceOf(two, 0), options))).toEqual(once);
    expect(codeOf(await proposeAdd(two, 0, 1, { command }))).toBe('E_STATE MCH-21');
  });
});

describe('two devices', () => {
  test('agree on one step after the other', async () => {
    const [ann, ben] = [deviceOf(two, 0), deviceOf(two, 1)];
    const { step, message } = must(await proposeAdd(two, 0, 3));
    expect(must(await takeSteps(ben, message, MACHINES))).toMatchObject({ isNew: true, number: 0 });
    const [pending] = must(await showMachine(ben, two.id)).pending;
    expect(pending).toMatchObject({ step, signed: [0], passed: [], own: 'open', state: input(3) });
    const agreed = must(await agree(ben, two.id, step, MACHINES));
    expect(await stateOf(ben, two.id)).toBe(3);
    expect(must(await takeSteps(ann, agreed.message, MACHINES))).toMatchObject({ isNew: true, number: 1 });
    expect(must(await showMachine(ann, two.id))).toMatchObject({ number: 1, step, state: input(3), pending: [] });
    await addOne(two, 1, 4);
    expect([await stateOf(ann, two.id), await stateOf(ben, two.id)]).toEqual([7, 7]);
    expect(must(await listSteps(ann, two.id)).map(({ record }) => record.number)).toEqual([1, 2]);
  });

  test('MCH-6: one signature for the step of the other and the own', async () => {
    const [ann, ben] = [deviceOf(two, 0), deviceOf(two, 1)];
    let last = must(await proposeAdd(two, 0, 1)).step;
    for (let number = 2; number < 7; number++) {
      const by = (number + 1) % 2;
      must(await hear(two, deviceOf(two, by), deviceOf(two, 1 - by)));
      const before = two.watch.count();
      last = must(await proposeAdd(two, by, 1, { after: last })).step;
      expect(two.watch.count()).toBe(before + 1);
      expect(await numberOf(deviceOf(two, by), two.id)).toBe(number - 1);
    }
    await hearAll(two);
    expect([await numberOf(ann, two.id), await numberOf(ben, two.id)]).toEqual([5, 5]);
    expect(must(await showMachine(ann, two.id)).pending).toHaveLength(1);
  });

  test('MCH-22: decide one thing after the other', async () => {
    const [ann, ben] = [deviceOf(two, 0), deviceOf(two, 1)];
    const { step } = must(await proposeAdd(two, 0, 1));
    expect(codeOf(await proposeAdd(two, 0, 2))).toBe('E_OPEN MCH-22');
    expect(codeOf(await decline(ann, two.id, step, MACHINES))).toBe('E_STATE MCH-22');
    must(await hear(two, ben, ann));
    expect(codeOf(await proposeAdd(two, 1, 2))).toBe('E_OPEN MCH-22');
    expect(codeOf(await agree(ben, two.id, new Uint8Array(32) as never, MACHINES))).toBe('E_NOT_FOUND MCH-22');
    expect(codeOf(await proposeAdd(two, 1, 2, { after: new Uint8Array(32) }))).toBe('E_NOT_FOUND MCH-22');
    must(await decline(ben, two.id, step, MACHINES));
    expect(codeOf(await agree(ben, two.id, step, MACHINES))).toBe('E_STATE MCH-22');
    must(await hear(two, ann, ben));
    const again = must(await proposeAdd(two, 0, 2));
    must(await hear(two, ben, ann));
    must(await agree(ben, two.id, again.step, MACHINES));
    expect(await stateOf(ben, two.id)).toBe(2);
    const [only] = must(await listSteps(ben, two.id));
    expect(only?.record).toMatchObject({ number: 1, attempt: 1 });
  });

  test('MCH-9, MCH-22: do not sign what has expired, and go on after declining it', async () => {
    const { step } = must(await proposeAdd(two, 0, 1, { expiryMs: 1_000 }));
    must(await hear(two, deviceOf(two, 1), deviceOf(two, 0)));
    const now = two.world.nowMs;
    two.world.nowMs += 1_001;
    expect(codeOf(await agree(deviceOf(two, 1), two.id, step, MACHINES))).toBe('E_EXPIRED MCH-22');
    expect(codeOf(await decline(deviceOf(two, 1), two.id, step, MACHINES))).toBe('ok');
    must(await hear(two, deviceOf(two, 0), deviceOf(two, 1)));
    expect(codeOf(await proposeAdd(two, 0, 1))).toBe('ok');
    two.world.nowMs = now;
  });

  test('MCH-7: whose proposals cross both pass, and one of them proposes again', async () => {
    must(await proposeAdd(two, 0, 1));
    must(await proposeAdd(two, 1, 2));
    await hearAll(two);
    for (const { device } of two.people) expect(must(await showMachine(device, two.id)).pending).toEqual([]);
    const { step } = must(await proposeAdd(two, 0, 5));
    must(await hear(two, deviceOf(two, 1), deviceOf(two, 0)));
    must(await agree(deviceOf(two, 1), two.id, step, MACHINES));
    expect(await stateOf(deviceOf(two, 1), two.id)).toBe(5);
  });

  test('MCH-11: go on with a next version', async () => {
    await addOne(two, 0, 3);
    const { step } = must(await upgrade(deviceOf(two, 0), two.id, counter2, MACHINES));
    must(await hear(two, deviceOf(two, 1), deviceOf(two, 0)));
    must(await agree(deviceOf(two, 1), two.id, step, MACHINES));
    await hearAll(two);
    expect(must(await showMachine(deviceOf(two, 0), two.id))).toMatchObject({
      version: 2,
      number: 2,
      state: input(30),
    });
    const file = must(await exportMachine(deviceOf(two, 0), two.id));
    expect(must(await verifyMachineFile(suite, two.world.net.network, file, MACHINES))).toMatchObject({ version: 2 });
    expect(codeOf(await verifyMachineFile(suite, two.world.net.network, file, [counter]))).toBe('E_CODE MCH-10');
    expect(codeOf(await upgrade(deviceOf(two, 0), two.id, counter, MACHINES))).toBe('E_CODE MCH-11');
  });
});

describe('MCH-21: repeated calls', () => {
  test('give the same answer, byte for byte, and sign nothing twice', async () => {
    const command = new Uint8Array(32).fill(3);
    const proposed = must(await proposeAdd(two, 0, 3, { command }));
    expect(must(await proposeAdd(two, 0, 3, { command }))).toEqual(proposed);
    must(await takeSteps(deviceOf(two, 1), proposed.message, MACHINES));
    const agreed = must(await agree(deviceOf(two, 1), two.id, proposed.step, MACHINES));
    expect(must(await agree(deviceOf(two, 1), two.id, proposed.step, MACHINES))).toEqual(agreed);
    expect(must(await takeSteps(deviceOf(two, 1), proposed.message, MACHINES)).isNew).toBe(false);
    must(await takeSteps(deviceOf(two, 0), agreed.message, MACHINES));
    expect(must(await takeSteps(deviceOf(two, 0), agreed.message, MACHINES))).toMatchObject({
      isNew: false,
      number: 1,
    });
    expect(must(await proposeAdd(two, 0, 3, { command })).step).toEqual(proposed.step);
    expect(await stateOf(deviceOf(two, 0), two.id)).toBe(3);
    expect(two.watch.twice()).toEqual([]);
    expect(two.watch.count()).toBe(2);
  });
});

describe('five devices', () => {
  let circle: Circle;
  beforeEach(async () => {
    circle = await copyCircle(five);
  });

  test('agree as soon as more than half have signed; the others hear of it later', async () => {
    const { step } = must(await proposeAdd(circle, 0, 2));
    for (const position of [1, 2]) {
      must(await hear(circle, deviceOf(circle, position), deviceOf(circle, position - 1)));
      must(await agree(deviceOf(circle, position), circle.id, step, MACHINES));
    }
    expect(await numberOf(deviceOf(circle, 2), circle.id)).toBe(1);
    expect(await numberOf(deviceOf(circle, 0), circle.id)).toBe(0);
    must(await hear(circle, deviceOf(circle, 4), deviceOf(circle, 2)));
    expect(await stateOf(deviceOf(circle, 4), circle.id)).toBe(2);
    await hearAll(circle);
    for (const { device } of circle.people) expect(await stateOf(device, circle.id)).toBe(2);
  });

  test('come to the same steps out of crossing proposals', async () => {
    must(await proposeAdd(circle, 0, 1));
    must(await proposeAdd(circle, 4, 2));
    for (const position of [1, 2, 3]) {
      must(await hear(circle, deviceOf(circle, position), deviceOf(circle, 0)));
      must(await hear(circle, deviceOf(circle, position), deviceOf(circle, 4)));
      const { pending } = must(await showMachine(deviceOf(circle, position), circle.id));
      const chosen = pending.find(({ record }) => record.proposer === 4);
      must(await agree(deviceOf(circle, position), circle.id, chosen?.step as never, MACHINES));
    }
    await hearAll(circle);
    for (const { device } of circle.people) expect(await stateOf(device, circle.id)).toBe(2);
    await addOne(circle, 0, 5);
    for (const { device } of circle.people) expect(await stateOf(device, circle.id)).toBe(7);
    const file = must(await exportMachine(deviceOf(circle, 3), circle.id));
    const found = must(await verifyMachineFile(suite, circle.world.net.network, file, MACHINES));
    expect(found).toMatchObject({ number: 2, state: input(7), grade: 'agreed' });
  });

  test('MCH-24: leave out what the receiver has', async () => {
    await addOne(circle, 0, 1);
    const [ann, ben] = [deviceOf(circle, 0), deviceOf(circle, 1)];
    const short = must(await tell(ann, circle.id, ben.account));
    const content = must(decodeFileOf(suite, 'steps', short)).content;
    expect(content).toMatchObject({ terms: null, strands: [], steps: [] });
    expect(must(await takeSteps(ben, short, MACHINES))).toMatchObject({ isNew: false, senderLacks: false });
    expect(short.length).toBeLessThan(1_000);
    expect(codeOf(await tell(ann, circle.id, ann.account))).toBe('E_MISMATCH MCH-24');
  });
});

describe('MCH-13: what is refused changes nothing', () => {
  /** A message of Ann's with something changed. */
  const forge = (
    message: Uint8Array,
    change: (content: StepsContent) => Partial<StepsContent>,
    items: (items: readonly BundleItem[]) => readonly BundleItem[] = (all) => all,
  ): Uint8Array => {
    const file = must(decodeFileOf(suite, 'steps', message));
    return encodeFile(suite, 'steps', { ...file.content, ...change(file.content) }, items(file.items));
  };

  test.each<[string, string, Parameters<typeof forge>[1], Parameters<typeof forge>[2]?]>([
    ['another state', 'E_STEP MCH-10', ({ steps }) => ({ steps: steps.map((s) => ({ ...s, state: s.prev })) })],
    ['no step', 'E_INCOMPLETE MCH-12', () => ({ steps: [] })],
    [
      'a step too many',
      'E_SURPLUS MCH-12',
      ({ steps }) => ({ steps: [...steps, ...steps.map((s) => ({ ...s, attempt: 7 }))] }),
    ],
    ['an unknown strand', 'E_INCOMPLETE MCH-12', ({ relationship }) => ({ strands: [relationship as never] })],
    ['a sender who is nobody', 'E_MISMATCH MCH-12', () => ({ from: 7 })],
    ['no items', 'E_INCOMPLETE MCH-12', () => ({}), () => []],
    ['no signature', 'E_INCOMPLETE BND-2', () => ({}), (all) => all.filter(({ type }) => type !== 'signature')],
    ['a strand twice', 'E_SURPLUS MCH-12', ({ strands }) => ({ strands: [...strands, ...strands] })],
  ])('%s', async (_, code, change, items) => {
    const { message } = must(await proposeAdd(two, 0, 3));
    const { device, disk } = personOf(two, 1);
    const before = snapshot(disk);
    expect(codeOf(await takeSteps(device, forge(message, change, items), MACHINES))).toBe(code);
    expectSame(before, disk);
    expect(codeOf(await takeSteps(device, message, MACHINES))).toBe('ok');
  });

  test('MCH-10: a party whose code answers differently, or throws', async () => {
    const { message } = must(await proposeAdd(two, 0, 3));
    const { device, disk } = personOf(two, 1);
    const before = snapshot(disk);
    const other: MachinePort = {
      ...counter,
      apply: (state, call) => counter.apply(state, { ...call, input: input(1) }),
    };
    const broken: MachinePort = {
      ...counter,
      apply: () => {
        throw new Error('out of order');
      },
    };
    expect(codeOf(await takeSteps(device, message, [other]))).toBe('E_STEP MCH-10');
    expect(codeOf(await takeSteps(device, message, [broken]))).toBe('E_MACHINE MCH-10');
    expect(codeOf(await takeSteps(device, message, [{ ...counter, code: new Uint8Array(32) }]))).toBe('E_CODE MCH-10');
    expectSame(before, disk);
    expect(codeOf(await proposeAdd(two, 0, 0))).toBe('E_OPEN MCH-22');
    expect(codeOf(await propose(device, two.id, { operation: 'add', input: input(1) }, [broken]))).toBe(
      'E_MACHINE MCH-10',
    );
    expectSame(before, disk);
    expect(codeOf(await takeSteps(device, message, MACHINES))).toBe('ok');
  });

  test('any bit of a message turned', async () => {
    const { message } = must(await proposeAdd(two, 0, 3));
    const { device, disk } = personOf(two, 1);
    const before = snapshot(disk);
    const wholly = forge(message, () => ({ holds: [] }));
    for (let at = 0; at < message.length; at += 97) {
      const turned = message.with(at, (message[at] ?? 0) ^ 4);
      const file = decodeFileOf(suite, 'steps', turned);
      // Nothing rests on what the sender says that it has.
      const isCourtesy =
        file.ok &&
        Buffer.compare(
          forge(turned, () => ({ holds: [] })),
          wholly,
        ) === 0;
      if (isCourtesy) continue;
      expect((await takeSteps(device, turned, MACHINES)).ok, `byte ${at}`).toBe(false);
      expectSame(before, disk);
    }
    expect(codeOf(await takeSteps(device, message, MACHINES))).toBe('ok');
  });

  test('MCH-25: two states of one strand are evidence, and end what is new', async () => {
    const copy = await copyCircle(two);
    must(await proposeAdd(two, 0, 1));
    const { message } = must(await proposeAdd(copy, 0, 2));
    const ben = deviceOf(two, 1);
    must(await hear(two, ben, deviceOf(two, 0)));
    const refused = await takeSteps(ben, message, MACHINES);
    expect(codeOf(refused)).toBe('E_FORK MCH-13');
    const evidence = refused.ok ? undefined : refused.error.evidence;
    expect(verifyFile(suite, two.world.net.network, evidence as Uint8Array)).toMatchObject({
      ok: true,
      kind: 'evidence',
    });
    const { pending } = must(await showMachine(ben, two.id));
    expect(codeOf(await agree(ben, two.id, pending[0]?.step as never, MACHINES))).toBe('E_QUARANTINED MCH-25');
    // The original meets what its copy has written.
    expect(codeOf(await takeSteps(deviceOf(two, 0), message, MACHINES))).toBe('E_FORK MCH-25');
  });
});

test('MCH-15: the proof of a state, with a step beside it, is read by a stranger', async () => {
  await addOne(two, 0, 3);
  const { step } = must(await proposeAdd(two, 0, 9));
  must(await hear(two, deviceOf(two, 1), deviceOf(two, 0)));
  must(await decline(deviceOf(two, 1), two.id, step, MACHINES));
  const file = must(await exportMachine(deviceOf(two, 1), two.id));
  const { content } = must(decodeFileOf(suite, 'machine', file));
  expect(content.beside).toHaveLength(1);
  const { network } = two.world.net;
  expect(must(await verifyMachineFile(suite, network, file, MACHINES))).toMatchObject({ number: 1, state: input(3) });
  expect(verifyFile(suite, network, file)).toMatchObject({ ok: true, kind: 'machine', findings: { states: 2 } });
  expect(codeOf(await exportMachine(deviceOf(five, 0), five.id))).toBe('E_NOT_FOUND MCH-20');
});
