/** Many devices, and one that is very far away. */
import { expect, test } from 'vitest';
import { PRESETS } from '../world/presets.ts';
import { runWorld, type RunReport } from '../world/run.ts';
import { tellStory } from '../world/story.ts';

const sound = (report: RunReport): void =>
  expect(report.violation, tellStory(report).slice(-40).join('\n')).toBe(undefined);

test('distance: a device forty minutes away pays, is paid, and finishes', async () => {
  const report = await runWorld({ ...PRESETS.distance, seed: 2, events: 1_500, cheatShare: 0, badNodes: 0 });
  sound(report);
  const far = report.story.filter(({ text }) => /^bob (syncs|pays|reserves).*: ok$/.test(text));
  expect(far.length).toBeGreaterThan(0);
  expect(report.endedMs).toBeGreaterThan(2_400_000);
});

test('swarm: a hundred devices', async () => {
  const report = await runWorld({ ...PRESETS.swarm, seed: 1, events: 1_500, finish: false, badNodes: 1 });
  sound(report);
});
