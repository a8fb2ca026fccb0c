/** A run is a function of its seed, and a failing one is made short. */
import { nodeCryptoSuite } from '@dsm/platform/node';
import { expect, test } from 'vitest';
import { PRESETS } from '../world/presets.ts';
import { seededRandom } from '../world/random.ts';
import { runWorld, type RunReport } from '../world/run.ts';
import { tellStory } from '../world/story.ts';

const sound = (report: RunReport): void =>
  expect(report.violation, tellStory(report).slice(-40).join('\n')).toBe(undefined);

test('the generator is that of its seed, and forks depend on nothing that was drawn', () => {
  const one = seededRandom(7);
  const other = seededRandom(7);
  other.bytes(100);
  expect(one.fork('x').bytes(16)).toEqual(other.fork('x').bytes(16));
  expect(one.fork('x').bytes(16)).not.toEqual(one.fork('y').bytes(16));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4_000; i++) counts[one.below(4)] = (counts[one.below(4)] as number) + 1;
  for (const count of counts) expect(count).toBeGreaterThan(800);
});

test('two runs of one seed are the same run, event by event', async () => {
  const options = { seed: 12, events: 1_500 };
  const first = await runWorld(options);
  const second = await runWorld(options);
  expect(second.digest).toBe(first.digest);
  expect(second.events).toBe(first.events);
  expect(second.story).toEqual(first.story);
  expect((await runWorld({ seed: 13, events: 1_500 })).digest).not.toBe(first.digest);
});

test('leaving out a decision changes no other decision', async () => {
  const whole = await runWorld({ seed: 21, events: 1_200, finish: false });
  const part = await runWorld({ seed: 21, events: 1_200, finish: false, keep: (id) => id % 2 === 0 });
  expect(part.decisions).toBeGreaterThanOrEqual(whole.decisions);
  sound(part);
});

test.each([101, 102, 103, 104])('seed %i: faults and cheats break nothing, and all work finishes', async (seed) => {
  const report = await runWorld({ seed, events: 1_500 });
  sound(report);
  expect(Object.values(report.checked).every((count) => count > 0)).toBe(true);
});

test('a run with the real suite', async () => {
  const report = await runWorld({ seed: 5, events: 700, suite: nodeCryptoSuite() });
  sound(report);
});

test('seven nodes, two of which lie', async () => {
  sound(await runWorld({ ...PRESETS.seven, seed: 3, events: 1_500, badNodes: 2 }));
});

test('boundary: everything happens where windows end', async () => {
  sound(await runWorld({ ...PRESETS.boundary, seed: 8, events: 1_500 }));
});
