/** Those who cheat do what they are there for. */
import { draftTransition, must } from '@dsm/core';
import { expect, test } from 'vitest';
import { sync } from '@dsm/wallet';
import { draftNext } from '../../packages/wallet/src/chain/draft.ts';
import { runWith } from '../../packages/wallet/src/evidence/run-with.ts';
import { corruptNode } from '../actors/byzantine.ts';
import { copyHome, reserveBefore, spendTwice } from '../actors/copies.ts';
import { bendHalf, dreamOf, type Liar, type LieTold } from '../actors/lies/kit.ts';
import { occasionOf, payOnce, withdraw } from '../actors/lies/occasion.ts';
import { PAYEE_LIES } from '../actors/lies/payee.ts';
import { PAYER_LIES } from '../actors/lies/payer.ts';
import { setUp } from '../actors/setup.ts';
import { introduce, makeCheat } from '../actors/troupe.ts';
import { runCommand, type DeviceSeat } from '../world/device.ts';
import { HAPPENED } from '../world/happened.ts';
import { play, type Stage } from '../world/stage.ts';

async function withCheat(seed: number, work: (stage: Stage, cheat: DeviceSeat, honest: DeviceSeat) => Promise<void>) {
  await play({ seed, devices: 3, nodes: 4 }, async (stage) => {
    const { world } = stage;
    await stage.live(() => setUp(world, { devices: 3, acquaintances: 3 }));
    await stage.live(async () => {
      const cheat = await makeCheat(world, new Set());
      const honest = world.seats[1];
      if (!cheat || !honest) throw new Error('nobody is there');
      await introduce(cheat, honest);
      await work(stage, cheat, honest);
    });
    expect(stage.violation?.what).toBe(undefined);
  });
}

test('a state that is bent by nothing is the one that the rules draft', async () => {
  await withCheat(1, async ({ world }, cheat, honest) => {
    const liar = { world, random: world.random.fork('lie'), name: '', cheat, honest };
    const reservation = await payOnce(liar, cheat, honest);
    if (!reservation || !cheat.device) throw new Error('nothing is set aside');
    const dream = await dreamOf(cheat.device);
    const occasion = await occasionOf(dream, honest, reservation);
    if (!occasion) throw new Error('no relationship');
    const { own } = occasion;
    const now = dream.clock();
    const operation = {
      type: 'pay',
      window: { from: now, until: now + 1_000 },
      salt: new Uint8Array(16),
      seen: own.record.tip,
      vault: reservation.vault,
      amount: 1n,
      total: reservation.total + 1n,
      order: '',
      refundOf: null,
    } as const;
    const { result } = await runWith(dream, [], (context) =>
      draftTransition(context, own.tip, { kind: 'half', operation }, own.tree),
    );
    expect(bendHalf(dream, own, operation).hash).toEqual(must(result).hash);
    expect((await draftNext(dream, own, { kind: 'half', operation: { ...operation, total: 1n } })).ok).toBe(false);
  });
});

/** These need a payment of the honest one to somebody else. */
const OF_OTHERS = new Set(['outcomeOfAnother', 'ackOfAnother']);

test.each([
  ['payer', PAYER_LIES],
  ['payee', PAYEE_LIES],
])('every lie of a %s is told, and refused where it must be', async (_, lies) => {
  await withCheat(2, async ({ world }, first, honest) => {
    let cheat: DeviceSeat | undefined = first;
    const told: LieTold[] = [];
    const note = world.note;
    Object.assign(world, {
      note: (fact: Parameters<typeof note>[0]) => {
        if (fact.type === 'told' && fact.command === 'lie') told.push(fact.value as LieTold);
        note(fact);
      },
    });
    const untold: string[] = [];
    for (const [name, lie] of Object.entries(lies)) {
      cheat ??= await makeCheat(world, new Set());
      if (!cheat) throw new Error('nobody cheats');
      await introduce(cheat, honest);
      const liar: Liar = { world, random: world.random.fork(name), name, cheat, honest };
      if (!(await lie(liar)) && !OF_OTHERS.has(name)) untold.push(name);
      await withdraw(liar);
      if (liar.believed) cheat = undefined;
    }
    expect(untold).toEqual([]);
    const believed = told.filter(({ refusable, code, commits }) => refusable && (code === undefined || commits > 0));
    expect(believed).toEqual([]);
  });
});

test('two copies pay two payees with one balance: it settles one way, with evidence', async () => {
  await play({ seed: 3, devices: 3, nodes: 4 }, async (stage) => {
    const { world } = stage;
    await stage.live(() => setUp(world, { devices: 3, acquaintances: 3 }));
    for (const name of HAPPENED) stage.tally.counts.set(name, 0);
    const [, one, other] = world.seats;
    if (!one || !other) throw new Error('nobody is there');
    await stage.live(async () => {
      const owner = await makeCheat(world, new Set());
      if (!owner) throw new Error('nobody cheats');
      await introduce(owner, one);
      await introduce(owner, other);
      await reserveBefore(world, owner, one);
      const copy = await copyHome(world, owner);
      await spendTwice({ world, random: world.random.fork('spend'), owner, copy, payees: [one, other] });
      for (let i = 0; i < 3; i++) {
        await world.scheduler.wait(60_000, 'a pause');
        for (const seat of [one, other]) await runCommand(world, seat, 'sync', sync);
      }
    });
    expect(stage.violation?.what).toBe(undefined);
    expect(world.faults.get('copies: both payees paid')).toBe(1);
    expect(stage.tally.counts.get('provisional received')).toBe(2);
    expect(stage.tally.counts.get('double spends settled')).toBe(1);
    expect(stage.tally.counts.get('evidence kept')).toBeGreaterThan(0);
  });
});

test('nodes that make things up together, f of them, change nothing', async () => {
  await play({ seed: 4, devices: 3, nodes: 7 }, async (stage) => {
    const { world } = stage;
    await stage.live(() => setUp(world, { devices: 3, acquaintances: 3 }));
    const [, one, other] = world.seats;
    if (!one || !other) throw new Error('nobody is there');
    await stage.live(async () => {
      for (const seat of world.nodeSeats.slice(0, 2)) await corruptNode(world, seat, ['inventor']);
      for (let i = 0; i < 2; i++) {
        const owner = await makeCheat(world, new Set());
        if (!owner) throw new Error('nobody cheats');
        await introduce(owner, one);
        await introduce(owner, other);
        const copy = await copyHome(world, owner);
        await spendTwice({ world, random: world.random.fork(`spend ${i}`), owner, copy, payees: [one, other] });
        await world.scheduler.wait(60_000, 'a pause');
        for (const seat of [one, other, one]) await runCommand(world, seat, 'sync', sync);
      }
    });
    expect(stage.violation?.what).toBe(undefined);
    const kinds = [...world.faults.keys()].filter((kind) => kind.startsWith('node invents'));
    expect(kinds.toSorted()).toEqual(expect.arrayContaining(['node invents: lock', 'node invents: submit']));
    expect(stage.tally.counts.get('double spends settled')).toBeGreaterThan(0);
  });
});
