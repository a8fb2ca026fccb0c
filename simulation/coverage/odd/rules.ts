/** The tests of the rules, for what they do: each of them breaks one rule and nothing else. */
import { readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { takeGroup, type Group } from './stand-in.ts';

const root = new URL('../../../', import.meta.url);

const FOLDERS: readonly string[] = [
  'packages/core/test/account',
  'packages/core/test/chain',
  'packages/core/test/evidence',
  'packages/core/test/messages',
  'packages/core/test/network',
  'packages/core/test/relationship',
  'packages/core/test/vault',
  'packages/directory/test',
  'packages/directory/test/attack',
];

/** Those of the wallet that reach most for their time. */
const FILES: readonly string[] = [
  'packages/wallet/test/append.test.ts',
  'packages/wallet/test/attack/byzantine.test.ts',
  'packages/wallet/test/attack/halves.test.ts',
  'packages/wallet/test/attack/policy.test.ts',
  'packages/wallet/test/attack/restore-nodes.test.ts',
  'packages/wallet/test/contacts.test.ts',
  'packages/wallet/test/copy.test.ts',
];

/** Servers that listen, and what takes long and reaches little more. */
const LEFT_OUT: readonly string[] = [
  'server.test',
  'http.test',
  'conservation.test',
  'votes.test',
  'windows.test',
  'finals.test',
  'serving.test',
];

const listTests = (): readonly string[] => [
  ...FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith('.test.ts') && !LEFT_OUT.some((part) => name.includes(part)))
      .map((name) => `${folder}/${name}`)
      .toSorted(),
  ),
  ...FILES,
];

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
  const standIn = new URL('stand-in.ts', import.meta.url).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'vitest' || specifier === '@fast-check/vitest'
        ? { url: standIn, shortCircuit: true }
        : next(specifier, context),
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
