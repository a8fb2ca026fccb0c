/** The harness over trivial work: what it writes, what it chooses. No time is asserted. */
import { describe, expect, test } from 'vitest';
import type { Bench } from '../harness/bench.ts';
import { recordHashes, repeatHashes } from '../harness/floor.ts';
import { printMarkdown } from '../harness/markdown.ts';
import { quantile, type Pace } from '../harness/measure.ts';
import { runBenches } from '../harness/run.ts';
import { groupByPeer, matches, select } from '../harness/select.ts';
import { printTable } from '../harness/table.ts';
import { BENCHES } from '../rows/index.ts';

const plain = { section: 'hashing', about: 'Nothing.', signed: false, persisted: false } as const;

const pace: Pace = { warmUpMs: 1, roundMs: 1, rounds: 3, totalMs: 3, sampleShare: 1 };

let calls = 0;

const TRIVIAL: readonly Bench[] = [
  {
    ...plain,
    name: 'count up',
    peer: 'floor: nothing',
    prepare: () => ({ type: 'timed', once: () => ++calls, units: 2 }),
  },
  { ...plain, name: 'floor: nothing', prepare: () => ({ type: 'timed', once: () => undefined }) },
  { ...plain, name: 'wait a turn', prepare: () => ({ type: 'timed', once: async () => Promise.resolve() }) },
  {
    ...plain,
    name: 'a round trip',
    signed: true,
    persisted: true,
    section: 'certified',
    prepare: () => ({ type: 'sampled', once: async () => Promise.resolve(), samples: 100 }),
  },
  {
    ...plain,
    name: 'once and never again',
    section: 'certified',
    prepare: () => ({ type: 'single', once: async () => Promise.resolve(), units: 3 }),
  },
  {
    ...plain,
    name: 'size of a file',
    section: 'bytes',
    prepare: () => ({ type: 'size', bytes: 30, floor: { text: '1 signature, 20 bytes', bytes: 20 } }),
  },
];

describe('a run', () => {
  test('answers one row for each bench, each in the shape of the JSON file', async () => {
    const rows = await runBenches(TRIVIAL, { pace });
    expect(JSON.parse(JSON.stringify(rows))).toEqual([
      {
        name: 'count up',
        perSecond: expect.any(Number),
        signed: false,
        persisted: false,
        peer: 'floor: nothing',
        ratio: expect.any(Number),
      },
      { name: 'floor: nothing', perSecond: expect.any(Number), signed: false, persisted: false },
      { name: 'wait a turn', perSecond: expect.any(Number), signed: false, persisted: false },
      {
        name: 'a round trip',
        perSecond: expect.any(Number),
        p50: expect.any(Number),
        p99: expect.any(Number),
        signed: true,
        persisted: true,
      },
      { name: 'once and never again', perSecond: expect.any(Number), signed: false, persisted: false },
      { name: 'size of a file', bytes: 30, signed: false, persisted: false, peer: '1 signature, 20 bytes', ratio: 1.5 },
    ]);
    expect(calls).toBeGreaterThan(0);
  });

  test('--only runs what matches, with the peer that it is compared with', async () => {
    const rows = await runBenches(TRIVIAL, { only: 'COUNT', pace });
    expect(rows.map(({ name }) => name)).toEqual(['count up', 'floor: nothing']);
  });

  test('prepares nothing that was not asked for', async () => {
    const dear: Bench = {
      ...plain,
      name: 'dear',
      prepare: () => {
        throw new Error('prepared');
      },
    };
    await expect(runBenches([dear, ...TRIVIAL], { only: 'size' })).resolves.toHaveLength(1);
    await expect(runBenches([dear, ...TRIVIAL], { only: 'dear' })).rejects.toThrow('prepared');
  });

  test('shares what benches have in common, and releases it at the end, last first', async () => {
    const told: string[] = [];
    const open = (run: Parameters<Bench['prepare']>[0]): string => {
      told.push('open');
      run.defer(() => void told.push('close'));
      return 'shared';
    };
    const user = (name: string): Bench => ({
      ...plain,
      name,
      prepare: (run) => {
        told.push(run.share('it', open));
        run.defer(() => void told.push(`release ${name}`));
        return { type: 'size', bytes: 1, floor: { text: 'nothing', bytes: 1 } };
      },
    });
    await runBenches([user('a'), user('b')], { pace });
    expect(told).toEqual(['open', 'shared', 'shared', 'release b', 'release a', 'close']);
  });
});

describe('choosing', () => {
  test.each([
    ['part of the name in any case', 'chain CREATE', true],
    ['a regular expression', '^chain .*states$', true],
    ['brackets that are no expression', '(verifyLinks', false],
    ['something else', 'merkle', false],
  ])('%s', (_, pattern, expected) => {
    expect(matches('chain create, states', pattern)).toBe(expected);
  });

  test('peers of peers come along, and stand in one group', () => {
    const size = { type: 'size', bytes: 1, floor: { text: '', bytes: 1 } } as const;
    const named = (name: string, peer?: string): Bench => ({
      ...plain,
      name,
      ...(peer !== undefined && { peer }),
      prepare: () => size,
    });
    const benches = [named('x', 'y'), named('other'), named('z'), named('y', 'z')];
    expect(select(benches, '^x$').map(({ name }) => name)).toEqual(['x', 'z', 'y']);
    expect(groupByPeer(benches).map((group) => group.map(({ name }) => name).toSorted())).toEqual([
      ['x', 'y', 'z'],
      ['other'],
    ]);
    expect(() => select([named('x', 'nobody')], 'x')).toThrow('nobody');
  });
});

test('percentiles are values that were measured', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(
    quantile(
      Array.from({ length: 200 }, (_, i) => i + 1),
      0.99,
    ),
  ).toBe(198);
  expect(quantile([7], 0.99)).toBe(7);
});

test('a floor repeats the different hashes of a piece of work', () => {
  const seen: string[] = [];
  const suite = { hash: (tag: string) => (seen.push(tag), new Uint8Array(32)) } as never;
  const calls = recordHashes(suite, (recording) => {
    for (const tag of ['a', 'b', 'a']) recording.hash(tag, new Uint8Array(1));
  });
  seen.length = 0;
  repeatHashes(suite, calls)();
  expect(seen).toEqual(['a', 'b']);
});

test('the table and the document show every row', async () => {
  const rows = await runBenches(TRIVIAL, { only: 'floor|file', pace });
  expect(printTable(rows, TRIVIAL)).toMatch(/floor: nothing .*\n\nBytes\nsize of a file .* 1\.50 x/);
  const environment = { date: '2026-01-01T00:00:00Z', cpu: 'a CPU', cores: 2 } as never;
  const text = printMarkdown(rows, TRIVIAL, environment);
  for (const { name } of rows) expect(text).toContain(name);
});

test('every bench has its own name and names a peer that exists', () => {
  const names = BENCHES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(BENCHES.flatMap(({ peer }) => peer ?? []).filter((peer) => !names.includes(peer))).toEqual([]);
});
