/** What the load reports: answers that differ when a turn is repeated, refusals, and that no report is ever lost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { noViolations } from '../check/violations.ts';
import type { Command, Outcome } from '../command.ts';
import { addViolation, readViolations } from '../diary.ts';
import type { Home } from '../homes.ts';
import { digestOf, expectRefusal, repeat, type Load } from '../load.ts';
import { seededRandom } from '../random.ts';

const dir = mkdtempSync(join(tmpdir(), 'dsm-load-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A home that says these things, one after the other. */
const homeOf = (...outcomes: readonly Outcome[]): Home => {
  const left = [...outcomes];
  return {
    name: 'cleo',
    kind: 'dsm',
    run: () => Promise.resolve(left.shift() ?? { type: 'killed' }),
    victim: () => undefined,
    revive: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
};

/** A load, what it reported, and what it kept for whoever looks into that. */
const loadOf = () => {
  const violations = noViolations();
  const odd: (readonly [Command, Outcome])[] = [];
  const load: Load = {
    dir,
    homes: new Map(),
    random: seededRandom(1),
    violations,
    isStopping: () => true,
    nextOrder: () => 'p1',
    onOddity: (_, command, outcome) => odd.push([command, outcome]),
    onFiles: () => {},
    active: new Set(),
    counts: { exchanges: 0, online: 0, repeated: 0, givenUp: 0 },
  };
  return { load, violations, odd };
};

const command: Command = { do: 'receive', file: 'commit.dsm', out: 'ack.dsm' };
const answer = { payment: 'aa', grade: 'provisional', state: 'received', settleBy: '2026-11-22T20:00:00.000Z' };

describe('a repeated turn', () => {
  const repeatWith = async (...outcomes: readonly Outcome[]) => {
    writeFileSync(join(dir, 'ack.dsm'), 'ack');
    const { load, violations, odd } = loadOf();
    const turn = { home: homeOf(...outcomes), command, answer, digest: digestOf(dir, 'ack.dsm') };
    await repeat(load, turn);
    return { list: violations.list, odd };
  };

  test('that answers the same is right, also after a kill', async () => {
    expect(await repeatWith({ type: 'killed' }, { type: 'answer', answer })).toEqual({ list: [], odd: [] });
  });

  test('REL-21: that answers without a date is found, and kept aside', async () => {
    const { settleBy: _, ...rest } = answer;
    const { list, odd } = await repeatWith({ type: 'answer', answer: rest });
    expect(list.join()).toMatch(/^home cleo: receive repeated says .* instead of .*settleBy/);
    expect(odd).toEqual([[command, { type: 'answer', answer: rest }]]);
  });

  test('REL-21: that is refused is found, whatever the reason', async () => {
    const refused = { type: 'refused', code: 'E_PENDING', message: 'later' } as const;
    const { list, odd } = await repeatWith(refused);
    expect(list.join()).toContain('E_PENDING');
    expect(odd).toEqual([[command, refused]]);
  });

  test('REL-21: that has written other bytes is found', async () => {
    writeFileSync(join(dir, 'ack.dsm'), 'ack');
    const { load, violations } = loadOf();
    await repeat(load, { home: homeOf({ type: 'answer', answer }), command, answer, digest: 'another' });
    expect(violations.list).toEqual(['home cleo: receive repeated has written something else to ack.dsm']);
  });
});

describe('a refusal', () => {
  const refused = (code: string): Outcome => ({ type: 'refused', code, message: 'so it is' });

  test('that belongs to the load is none', () => {
    const { load, violations, odd } = loadOf();
    expectRefusal(load, homeOf(), command, refused('E_STALE'), 'E_STALE');
    expectRefusal(load, homeOf(), command, refused('E_UNREACHABLE'));
    expectRefusal(load, homeOf(), command, { type: 'answer', answer });
    expect([violations.list, odd]).toEqual([[], []]);
  });

  test('of any other kind is kept with what was asked', () => {
    const { load, violations, odd } = loadOf();
    expectRefusal(load, homeOf(), command, refused('E_SURPLUS'), 'E_STALE');
    expect(violations.list).toEqual(['home cleo: receive was refused: E_SURPLUS so it is']);
    expect(odd).toEqual([[command, refused('E_SURPLUS')]]);
  });
});

test('a violation is in its file as soon as it is found, and a run that goes on has it', () => {
  expect(readViolations(dir)).toEqual([]);
  const violations = noViolations((what) => addViolation(dir, what));
  violations.add('one');
  violations.add('two\nlines');
  expect(readViolations(dir)).toEqual(['one', 'two\nlines']);
  const [line = ''] = readFileSync(join(dir, 'violations.jsonl'), 'utf8').split('\n');
  expect(JSON.parse(line)).toMatchObject({ what: 'one', at: expect.stringMatching(/^\d{4}-.*Z$/) });
});
