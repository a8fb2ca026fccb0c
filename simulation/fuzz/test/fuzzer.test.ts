/** That the fuzzer finds what it looks for: targets with one defect each. */
import { decodeItem, encodeItem, equalBytes, fail, must, ok, uint, type Codec, type ErrorCode } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../world/random.ts';
import { attempt } from '../attempt.ts';
import { tryDeclaredLengths } from '../declared.ts';
import { minimise } from '../minimise.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { makePool, mutateItem } from '../mutate/items.ts';
import { mend } from '../mutate/mend.ts';
import { replaceAt, treeAt, writeTree, type Tree } from '../mutate/tree.ts';
import { openProgress } from '../progress.ts';
import { begin, openSession, step, type Session } from '../session.ts';
import { makeWorld } from '../seeds/world.ts';
import { tryShortInputs } from '../short.ts';
import { ACCEPTED, argumentTarget, codecTarget, generalise, judge, type Target } from '../targets/target.ts';
import { allTargets, coreTargets } from '../targets/table.ts';

const world = makeWorld();
const targets = coreTargets(world);
const SEED: Tree = [1, 'abc', new Uint8Array(40), [2, [3, null]]];

const sessionOf = (target: Target, seed: number): Session =>
  openSession([target], { random: seededRandom(seed), suite: world.suite, onNew: () => {} });

async function findingsOf(target: Target, inputs = 3_000): Promise<readonly string[]> {
  const session = sessionOf(target, 7);
  const [course] = session.courses;
  if (!course) throw new Error('a session without a course');
  await begin(session, course, []);
  for (let i = 0; i < inputs && session.findings.length === 0; i++) await step(session, course);
  return session.findings.map(({ what }) => what);
}

const over = (run: Target['run']): Target => ({ name: 'bad', input: 'item', seeds: [writeTree(SEED)], run });

const badUint: Codec<number> = { ...uint(), toItem: (value) => (value === 1_024 ? 0 : value) };

describe('a defect is found', () => {
  test.each<[string, Target]>([
    [
      'RangeError',
      over((bytes) => {
        const item = decodeItem(bytes);
        if (item.ok && Array.isArray(item.value) && item.value.length > 200) throw new RangeError('too long');
        return ACCEPTED;
      }),
    ],
    ['unknown code', over((bytes) => judge(bytes[0] === 0xf6 ? fail('E_NEW' as ErrorCode, 'ENC-1', 'x') : ok(0)))],
    ['no rule', over((bytes) => judge(bytes[0] === 0xf6 ? fail('E_FORMAT', '', 'x') : ok(0)))],
    ['a defect is admitted', over((bytes) => judge(bytes.length < 3 ? fail('E_INTERNAL', 'ENC-1', 'x') : ok(0)))],
    ['encoded otherwise', codecTarget('bad', badUint, [5])],
    [
      'the input was written to',
      over((bytes) => {
        bytes[bytes.length - 1] = 0xaa;
        return ACCEPTED;
      }),
    ],
    [
      'object is not extensible',
      argumentTarget(
        'bad',
        { ...uint(), fromItem: () => ok({}) } as unknown as Codec<object>,
        [5 as never],
        (value) => {
          Object.defineProperty(value, 'x', { value: 1 });
          return ACCEPTED;
        },
      ),
    ],
  ])('%s', async (what, target) => {
    expect((await findingsOf(target)).join()).toContain(what);
  });

  test('memory for a length that is only declared', async () => {
    const kept: Uint8Array[] = [];
    const bad = over((bytes) => {
      if (bytes.some((byte, i) => (byte & 0x1f) === 0x1a && bytes[i + 1] === 0x7f)) kept.push(new Uint8Array(2 ** 24));
      return judge(fail('E_ENCODING', 'ENC-1', 'x'));
    });
    const { findings } = await tryDeclaredLengths([bad]);
    expect(findings[0]?.what).toMatch(/bytes allocated/);
    expect(kept.length).toBeGreaterThan(0);
  });

  test('a decoder of short inputs that does not begin with decodeItem', () => {
    const lax = over((bytes) => (bytes.length < 2 ? ACCEPTED : judge(fail('E_ENCODING', 'ENC-1', 'x'))));
    expect(tryShortInputs([lax], 1).findings).toEqual([]);
    const deaf = over(() => ACCEPTED);
    expect(tryShortInputs([deaf], 2).findings).toHaveLength(1);
  });

  test('short inputs leave the slow targets out, whatever they read', () => {
    const run = (): never => {
      throw new Error('called');
    };
    const slow = (['item', 'text'] as const).map((input): Target => ({
      name: input,
      input,
      isSlow: true,
      seeds: [],
      run,
    }));
    expect(tryShortInputs(slow, 1)).toMatchObject({ calls: 0, findings: [] });
    expect(tryShortInputs([{ name: 'text', input: 'text', seeds: [], run }], 1).findings).toHaveLength(1);
  });

  test('every target of all that are fuzzed answers a short input', async () => {
    const all = await allTargets(world);
    expect(tryShortInputs(all, 1).findings).toEqual([]);
  });
});

describe('a way through the code', () => {
  test.each([
    ['a time is expected, not "12:00"', 'a time is expected, not ""'],
    ['a time is expected, not "a"b"" here', 'a time is expected, not "" here'],
    ['a time is expected, not "cut of', 'a time is expected, not ""'],
    ['state 17 of 00112233445566778899 is missing', 'state N of X is missing'],
  ])('is told without what differs: %s', (message, way) => {
    expect(generalise(message)).toBe(way);
  });
});

describe('progress', () => {
  test('is told as a phase begins and ends, with the seconds of each', async () => {
    const lines: string[] = [];
    const { phase, at, spent } = openProgress((line) => lines.push(line));
    expect(await phase('one', () => 1)).toBe(1);
    await phase('two', () => at(() => 'too early to say'));
    expect(lines.map((line) => line.replaceAll(/[\d.]+/g, '#').trim())).toEqual([
      '# s  one …',
      '# s  one: done in # s',
      '# s  two …',
      '# s  two: done in # s',
    ]);
    expect(spent().map(([name]) => name)).toEqual(['one', 'two']);
  });
});

describe('minimising', () => {
  test('ends with the time that is given', async () => {
    let calls = 0;
    const still = (): boolean => ++calls > 0;
    const bytes = new Uint8Array(300).fill(0xff);
    expect(await minimise(bytes, still, 500, () => calls >= 1)).toHaveLength(150);
    expect(calls).toBe(1);
  });

  test('an item keeps what matters and loses the rest', async () => {
    const hasThree = (bytes: Uint8Array): boolean => {
      const item = decodeItem(bytes);
      return item.ok && JSON.stringify(item.value).includes('3');
    };
    const small = await minimise(writeTree(SEED), hasThree, 500);
    expect(small.length).toBeLessThan(8);
    expect(hasThree(small)).toBe(true);
  });

  test('bytes that are no item too', async () => {
    const bytes = new Uint8Array(300).fill(0xff);
    bytes[200] = 7;
    expect(await minimise(bytes, (one) => one.includes(7) && one.includes(0xff), 500)).toHaveLength(2);
  });
});

describe('mutation', () => {
  test('is a function of the seed', () => {
    const pool = makePool([SEED]);
    const make = (seed: number): string => {
      const random = seededRandom(seed);
      const all = Array.from({ length: 50 }, () => writeTree(mutateItem(random, SEED, pool)));
      return all.map((bytes) => Buffer.from(mutateBytes(random, bytes, bytes)).toString('hex')).join();
    };
    expect(make(1)).toBe(make(1));
    expect(make(1)).not.toBe(make(2));
  });

  test('ENC-1: its writer makes the bytes that core makes', () => {
    for (const seed of targets.filter(({ input }) => input === 'item').flatMap((target) => target.seeds)) {
      const item = must(decodeItem(seed));
      expect(equalBytes(writeTree(item), encodeItem(item))).toBe(true);
    }
  });

  test('mending leads a changed operation to the rule that refuses it', async () => {
    const target = targets.find(({ name }) => name === 'verifySubmission') as Target;
    const root: Tree = must(decodeItem(target.seeds.at(-2) as Uint8Array));
    const items = treeAt(root, [1]) as readonly Tree[];
    const at = items.findIndex((item) => Array.isArray(item) && item[0] === 2);
    // [2, [account, [transfer, window, token, amount, …]]]
    const changed = replaceAt(root, [1, at, 1, 1, 3], () => 10n ** 30n);
    const plain = await attempt(target, writeTree(changed));
    const mended = await attempt(target, writeTree(mend(world.suite, root, changed)));
    expect(plain.outcome?.mark).toMatch(/^E_INCOMPLETE/);
    expect(mended.outcome?.mark).toMatch(/^E_BALANCE/);
  });
});
