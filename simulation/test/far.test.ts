/** Many devices, and one that is very far away. */
import { expect, test } from 'vitest';
import { postLetter } from '../actors/letters.ts';
import { setUp } from '../actors/setup.ts';
import type { Fact } from '../world/facts.ts';
import { PRESETS } from '../world/presets.ts';
import { runWorld, type RunReport } from '../world/run.ts';
import { play } from '../world/stage.ts';
import { tellStory } from '../world/story.ts';

const sound = (report: RunReport): void =>
  expect(report.violation, tellStory(report).slice(-40).join('\n')).toBe(undefined);

test('distance: a device forty minutes away pays, is paid, exchanges letters, and finishes', async () => {
  const report = await runWorld({ ...PRESETS.distance, seed: 2, events: 1_500, cheatShare: 0, badNodes: 0 });
  sound(report);
  const far = report.story.filter(({ text }) => /^bob (syncs|pays|reserves).*: ok$/.test(text));
  expect(far.length).toBeGreaterThan(0);
  expect(report.endedMs).toBeGreaterThan(2_400_000);
});

test('distance: a letter takes forty minutes, as a request does', () =>
  play({ seed: 6, devices: 3, nodes: 4 }, async (stage) => {
    const { world, post } = stage;
    await stage.live(() => setUp(world, { devices: 3, acquaintances: 3 }));
    const [, near, far] = world.seats;
    if (!near || !far) throw new Error('people are missing');
    world.network.distanceMs.set(far.who.name, 2_400_000);
    const begun = world.scheduler.nowMs();
    const arrived = new Promise<number>((resolve) => {
      const { note } = world;
      Object.assign(world, {
        note: (fact: Fact) => {
          if (fact.type === 'asked' && fact.by === far.who) resolve(world.scheduler.nowMs());
          note(fact);
        },
      });
    });
    postLetter(world, post, world.random, { kind: 'offer', from: near, to: far, bytes: Uint8Array.of(1) });
    await stage.live(async () => {
      await arrived;
    });
    expect((await arrived) - begun).toBeGreaterThan(2_400_000);
  }));

test('swarm: a hundred devices, and all work finishes', async () => {
  sound(await runWorld({ ...PRESETS.swarm, seed: 1, events: 600, badNodes: 1 }));
}, 300_000);
