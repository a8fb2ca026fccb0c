/** The tests of the rules, for what they do: each of them breaks one rule and nothing else. */
import { readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { takeGroup, type Group } from './stand-in.ts';

const root = new URL('../../../', import.meta.url);
const own = new URL('./', import.meta.url).href;
const simulation = new URL('simulation/', root).href;
const kit = new URL('tests/kit/', root).href;

const STAND_INS: Readonly<Record<string, string>> = {
  vitest: 'stand-in.ts',
  '@fast-check/vitest': 'stand-in.ts',
  '@dsm/platform/node': 'platform.ts',
};

const FOLDERS: readonly string[] = [
  'packages/core/test/account',
  'packages/core/test/bundle',
  'packages/core/test/chain',
  'packages/core/test/evidence',
  'packages/core/test/identity',
  'packages/core/test/machine',
  'packages/core/test/messages',
  'packages/core/test/network',
  'packages/core/test/relationship',
  'packages/core/test/vault',
  'packages/directory/test',
  'packages/directory/test/attack',
  'packages/wallet/test',
  'packages/wallet/test/attack',
  'packages/wallet/test/exchange',
];

/** Servers that listen, timers of the machine, and what repeats others at every byte or size: long, and nothing new. */
const LEFT_OUT: readonly string[] = [
  'directory/test/server.test.ts',
  'wallet/test/attack/bytes.test.ts',
  'wallet/test/attack/unlock-limits.test.ts',
  'wallet/test/crash.test.ts',
  'wallet/test/exchange/repeated.test.ts',
  'wallet/test/lookup.test.ts',
  'wallet/test/unlock-crash.test.ts',
];

const listTests = (): readonly string[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !LEFT_OUT.some((end) => path === `packages/${end}`))
      .toSorted(),
  );

async function runGroup(group: Group, around: readonly Group[], broken: string[]): Promise<void> {
  const groups = [...around, group];
  const guard = async (name: string, work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      broken.push(`${[...groups.map((one) => one.name), name].filter(Boolean).join(' > ')}: ${String(thrown)}`);
    }
  };
  for (const work of group.before) await guard('before', work);
  for (const step of group.steps) {
    if ('steps' in step) {
      await runGroup(step, groups, broken);
      continue;
    }
    await guard(step.name, async () => {
      for (const work of groups.flatMap((one) => one.beforeEach)) await work();
      await step.test();
      for (const work of groups.toReversed().flatMap((one) => one.afterEach)) await work();
    });
  }
  for (const work of group.after) await guard('after', work);
}

/** Answers what was thrown: nothing, if every test ran to its end. */
export async function runRuleTests(done: (file: string) => void): Promise<readonly string[]> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const standIn = STAND_INS[specifier];
      if (standIn && !context.parentURL?.startsWith(simulation))
        return { url: new URL(standIn, own).href, shortCircuit: true };
      const resolved = next(specifier, context);
      // The kit may have been loaded with other suites before: here it is another module.
      return resolved.url.startsWith(kit) ? { ...resolved, url: `${resolved.url}?rules` } : resolved;
    },
  });
  const broken: string[] = [];
  for (const file of listTests()) {
    try {
      await import(new URL(file, root).href);
    } catch (thrown) {
      broken.push(`${file}: ${String(thrown)}`);
      continue;
    }
    await runGroup(takeGroup(file), [], broken);
    done(file);
  }
  hooks.deregister();
  return broken;
}
