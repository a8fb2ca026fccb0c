import { faultyStore, memoryStore, must, verifyMachineFile, type MemoryDisk, type Result } from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../src/device.ts';
import { exportMachine, joinMachine, openMachine, showMachine, takeSteps } from '../../src/machine/index.ts';
import { HOUR_MS } from '../../../../tests/kit/index.ts';
import { suite } from '../support/wallets.ts';
import {
  agree,
  decline,
  propose,
  type Told,
  codeOf,
  copyCircle,
  counter,
  deviceOf,
  hearAll,
  input,
  MACHINES,
  makeCircle,
  openOn,
  personOf,
  stateOf,
  type Circle,
} from './kit.ts';

/** What a step of a story answers: the message that the next one takes, if any. */
type Answer = Result<{ readonly message: Uint8Array | undefined }>;

interface Turn {
  readonly who: number;
  run(device: Device, circle: Circle, before: Uint8Array | undefined): Promise<Answer>;
}

const told = (acted: Result<Told>): Answer =>
  acted.ok ? { ok: true, value: { message: acted.value.message } } : acted;

/** Every commit of every turn fails, both ways; then a restart, the same turn twice, and the rest of the story. */
async function crashEverywhere(
  start: Circle,
  turns: readonly Turn[],
  check: (circle: Circle, where: string) => Promise<void>,
): Promise<number> {
  let circle = start;
  let before: Uint8Array | undefined;
  let crashes = 0;
  for (const [i, turn] of turns.entries()) {
    const trial = await copyCircle(circle);
    const counting = faultyStore(memoryStore(diskOf(trial, turn.who)), {});
    const answer = must(await turn.run(await openOn(trial.world, counting, trial.watch), trial, before));
    expect(counting.commits(), `turn ${i}`).toBeGreaterThan(0);
    for (let at = 1; at <= counting.commits(); at++) {
      for (const fault of ['lost', 'kept'] as const) {
        const where = `turn ${i}, commit ${at} ${fault}`;
        const world = await copyCircle(circle);
        const store = faultyStore(memoryStore(diskOf(world, turn.who)), { [at]: fault });
        const broken = await turn.run(await openOn(world.world, store, world.watch), world, before);
        expect(broken.ok, where).toBe(false);
        let message = must(await turn.run(await reopen(world, turn.who), world, before)).message;
        expect(must(await turn.run(await reopen(world, turn.who), world, before)).message, where).toEqual(message);
        for (const next of turns.slice(i + 1)) {
          ({ message } = must(await next.run(await reopen(world, next.who), world, message)));
        }
        expect(world.watch.twice(), where).toEqual([]);
        await check(world, where);
        crashes += 1;
      }
    }
    circle = trial;
    before = answer.message;
  }
  return crashes;
}

const diskOf = (circle: Circle, who: number): MemoryDisk => personOf(circle, who).disk;

/** The device anew, on what is on its disk. */
async function reopen(circle: Circle, who: number): Promise<Device> {
  const device = await openOn(circle.world, memoryStore(diskOf(circle, who)), circle.watch);
  personOf(circle, who).device = device;
  return device;
}

const command = new Uint8Array(32).fill(5);
const proposing = (who: number, value: number, operation = 'add'): Turn => ({
  who,
  run: async (device, { id }) => told(await propose(device, id, { operation, input: input(value), command }, MACHINES)),
});
const taking = (who: number): Turn => ({
  who,
  run: async (device, _, before) => {
    const taken = await takeSteps(device, before as Uint8Array, MACHINES);
    return taken.ok ? { ok: true, value: { message: before } } : taken;
  },
});
const deciding = (who: number, decide: typeof agree): Turn => ({
  who,
  run: async (device, { id }) => {
    const { pending, step } = must(await showMachine(device, id));
    // The first call may have brought the step into being.
    return told(await decide(device, id, pending[0]?.step ?? step, MACHINES));
  },
});

let two: Circle;
let five: Circle;
beforeAll(async () => {
  two = await makeCircle(2);
  five = await makeCircle(5);
});

describe('MCH-20: a crash at any commit', () => {
  test('of proposing, taking and agreeing: one step, no place signed twice', async () => {
    const turns = [proposing(0, 3), taking(1), deciding(1, agree), taking(0)];
    const crashes = await crashEverywhere(two, turns, async (circle, where) => {
      for (const { device } of circle.people) expect(await stateOf(device, circle.id), where).toBe(3);
      const file = must(await exportMachine(deviceOf(circle, 0), circle.id));
      expect((await verifyMachineFile(suite, circle.world.net.network, file, MACHINES)).ok, where).toBe(true);
    });
    expect(crashes).toBeGreaterThanOrEqual(12);
  });

  test('of declining: the next attempt is free', async () => {
    const again: Turn = {
      who: 0,
      run: async (device, { id }) =>
        told(
          await propose(
            device,
            id,
            { operation: 'add', input: input(8), command: new Uint8Array(32).fill(6) },
            MACHINES,
          ),
        ),
    };
    const turns = [proposing(0, 3), taking(1), refusing(1), taking(0), again, taking(1), deciding(1, agree), taking(0)];
    await crashEverywhere(two, turns, async (circle, where) => {
      for (const { device } of circle.people) expect(await stateOf(device, circle.id), where).toBe(8);
    });
  });

  /** Declines what the message before has proposed, whether or not it is still open. */
  const refusing = (who: number): Turn => {
    let step: Told['step'] | undefined;
    return {
      who,
      run: async (device, { id }) => {
        const { pending } = must(await showMachine(device, id));
        step = pending[0]?.step ?? step;
        return told(await decline(device, id, step ?? (new Uint8Array(32) as Told['step']), MACHINES));
      },
    };
  };

  test('of one of five that all must sign', async () => {
    const others = [1, 2, 3, 4].flatMap((who) => [taking(who), deciding(who, agree)]);
    const crashes = await crashEverywhere(five, [proposing(0, 2, 'all'), ...others], async (circle, where) => {
      expect(await stateOf(deviceOf(circle, 4), circle.id), where).toBe(2);
      if (!where.includes('commit 1 kept')) return;
      await hearAll(circle);
      for (const { device } of circle.people) expect(await stateOf(device, circle.id), where).toBe(2);
    });
    expect(crashes).toBeGreaterThan(20);
  });

  test('of opening and joining', async () => {
    const opening: Turn = {
      who: 0,
      run: async (device, circle) => {
        const opened = await openMachine(device, {
          port: counter,
          parties: [deviceOf(circle, 1).account],
          params: new Uint8Array(0),
          rules: { expiryMs: HOUR_MS, maxSteps: 0 },
          command,
        });
        return opened.ok ? { ok: true, value: { message: opened.value.message } } : opened;
      },
    };
    const joining: Turn = {
      who: 1,
      run: async (device, _, before) => {
        const taken = await joinMachine(device, before as Uint8Array, MACHINES);
        return taken.ok ? { ok: true, value: { message: before } } : taken;
      },
    };
    await crashEverywhere(two, [opening, joining], async (circle, where) => {
      expect(codeOf(await showMachine(deviceOf(circle, 1), circle.id)), where).toBe('ok');
    });
  });
});
