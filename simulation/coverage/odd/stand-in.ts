/**
 * Stands in for vitest where the tests of the rules are run for what they do: what they expect is vitest's to judge, here
 * nothing is compared. Properties get a fixed seed and few runs, so that every run of the report is the same.
 */
import * as fc from 'fast-check';

export { fc };

fc.configureGlobal({ seed: 1, numRuns: 20, endOnFailure: true });

type Work = (...args: readonly unknown[]) => unknown;

/** Tests and what is around them, in the order in which they were written. */
export interface Group {
  readonly name: string;
  readonly steps: (Group | { readonly name: string; readonly test: Work })[];
  readonly before: Work[];
  readonly beforeEach: Work[];
  readonly after: Work[];
  readonly afterEach: Work[];
}

const newGroup = (name: string): Group => ({ name, steps: [], before: [], beforeEach: [], after: [], afterEach: [] });

let current: Group = newGroup('');

/** What was described since the last call. */
export function takeGroup(name: string): Group {
  const taken = { ...current, name };
  current = newGroup('');
  return taken;
}

export const beforeAll = (work: Work): void => void current.before.push(work);
export const beforeEach = (work: Work): void => void current.beforeEach.push(work);
export const afterAll = (work: Work): void => void current.after.push(work);
export const afterEach = (work: Work): void => void current.afterEach.push(work);

const lastWork = (args: readonly unknown[]): Work => args.findLast((arg) => typeof arg === 'function') as Work;

function addGroup(name: string, work: Work, args: readonly unknown[] = []): void {
  const outer = current;
  current = newGroup(name);
  outer.steps.push(current);
  work(...args);
  current = outer;
}

const forEach =
  (add: (name: string, work: Work, args: readonly unknown[]) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, ...rest: readonly unknown[]): void => {
    for (const row of rows) add(name, lastWork(rest), Array.isArray(row) ? row : [row]);
  };

const addTest = (name: string, work: Work, args: readonly unknown[] = []): void =>
  void current.steps.push({ name, test: () => work(...args) });

export const describe = Object.assign((name: string, work: Work): void => addGroup(name, work), {
  each: forEach(addGroup),
});

const plainTest = (name: string, ...rest: readonly unknown[]): void => addTest(name, lastWork(rest));

export const test = Object.assign(plainTest, {
  each: forEach(addTest),
  skipIf: (skipped: boolean) => (skipped ? () => {} : plainTest),
  prop:
    (arbitraries: readonly fc.Arbitrary<unknown>[] | Record<string, fc.Arbitrary<unknown>>) =>
    (name: string, work: Work): void => {
      const whole = Array.isArray(arbitraries)
        ? fc.tuple(...arbitraries)
        : fc.record(arbitraries as Record<string, fc.Arbitrary<unknown>>).map((values) => [values]);
      addTest(name, () => fc.assert(fc.asyncProperty(whole, async (args) => void (await work(...args)))));
    },
});

const ignore = (): void => {};

/** Functions that are to throw are called, promises waited for; nothing is compared. */
function look(value: unknown): unknown {
  const settled = value instanceof Promise ? value.then(ignore, ignore) : Promise.resolve();
  const face: unknown = new Proxy(ignore, {
    get: (_, name) => {
      if (name === 'not') return face;
      if (name === 'resolves' || name === 'rejects') return new Proxy(ignore, { get: () => () => settled });
      return () => {
        if (typeof value !== 'function' || name !== 'toThrow') return;
        try {
          value();
        } catch {
          // As it should.
        }
      };
    },
  });
  return face;
}

export const expect = Object.assign(look, {
  fail: (message: string): never => {
    throw new Error(message);
  },
  arrayContaining: ignore,
  objectContaining: ignore,
  stringContaining: ignore,
  stringMatching: ignore,
  any: ignore,
});
