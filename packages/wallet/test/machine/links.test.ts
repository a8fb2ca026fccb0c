/** Links that lose, repeat and reorder, between devices that leave out what the other said it has. */
import { must, toHex } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { agree, decline, listSteps, propose, showMachine, takeSteps, tell } from '../../src/machine/index.ts';
import { codeOf, copyCircle, deviceOf, hearAll, input, MACHINES, makeCircle, stateOf, type Circle } from './kit.ts';

/** Numbers that follow from a seed (mulberry32). */
function makeRandom(start: number): (below: number) => number {
  let at = start;
  return (below) => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Letter {
  readonly to: number;
  readonly message: Uint8Array;
}

/** One thing that a device does or hears; answers what became of a message that arrived. */
async function act(circle: Circle, letters: Letter[], random: (below: number) => number): Promise<string> {
  const { people, id } = circle;
  const who = random(people.length);
  const device = deviceOf(circle, who);
  const send = async (): Promise<void> => {
    const to = (who + 1 + random(people.length - 1)) % people.length;
    // To one of them, leaving out what it has, or to all.
    const account = deviceOf(circle, to).account;
    const message = must(await tell(device, id, random(4) > 0 ? account : undefined));
    letters.push({ to, message });
  };
  const kind = random(10);
  if (kind < 3) return send().then(() => 'sent');
  if (kind < 7) {
    // Mostly what was sent of late, sometimes what is old and was heard before.
    const letter = letters[letters.length - 1 - random(random(4) > 0 ? 4 : letters.length + 1)];
    if (!letter) return 'nothing';
    const reader = deviceOf(circle, letter.to);
    return codeOf(await takeSteps(reader, letter.message, MACHINES));
  }
  const { pending } = must(await showMachine(device, id));
  const open = pending.find(({ own }) => own === 'open');
  if (!open) {
    await propose(device, id, { operation: 'add', input: input(1 + random(9)) }, MACHINES);
  } else if (random(6) > 0) {
    await agree(device, id, open.step, MACHINES);
  } else {
    await decline(device, id, open.step, MACHINES);
  }
  return 'acted';
}

describe('MCH-13, MCH-24: over links that lose, repeat and reorder', () => {
  test.each([2, 3, 4])('%i devices come to the same steps, and nothing honest is refused', async (size) => {
    const start = await makeCircle(size);
    let most = 0;
    for (let run = 0; run < 3; run++) {
      const circle = await copyCircle(start);
      const random = makeRandom(size * 100 + run);
      const letters: Letter[] = [];
      for (let event = 0; event < 50 * size; event++) {
        const answer = await act(circle, letters, random);
        expect(answer, `run ${run}, event ${event}`).not.toMatch(/^E_/);
        // The rest is lost.
        if (letters.length > 12) letters.splice(random(letters.length), 1);
      }
      await hearAll(circle);
      const lines = await Promise.all(
        circle.people.map(async ({ device }) =>
          must(await listSteps(device, circle.id)).map(({ step }) => toHex(step)),
        ),
      );
      for (const line of lines) expect(line).toEqual(lines[0]);
      const states = await Promise.all(circle.people.map(({ device }) => stateOf(device, circle.id)));
      expect(new Set(states).size).toBe(1);
      expect(circle.watch.twice()).toEqual([]);
      most = Math.max(most, lines[0]?.length ?? 0);
    }
    expect(most).toBeGreaterThan(1);
  });
});
