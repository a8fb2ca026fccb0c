/**
 * A worker that is really killed: one with an honest store misses nothing, one whose store says "durable" too early is
 * found out by the checks.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, must } from '@dsm/core';
import { startNode } from '@dsm/directory';
import { openSqliteStore, systemClock, systemEntropy, wordsFromEntropy } from '@dsm/platform/node';
import { createWallet, httpTransport } from '@dsm/wallet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNetwork, suite } from '../../../tests/kit/index.ts';
import { withCopy } from '../check/copy.ts';
import { checkFacts, readHome } from '../check/home.ts';
import { noViolations } from '../check/violations.ts';
import { factsOf, type Fact } from '../facts.ts';
import { openHome, walletPath } from '../homes.ts';
import { endAll } from '../process.ts';

const dir = mkdtempSync(join(tmpdir(), 'dsm-forgetful-'));
const net = makeNetwork();
const ends: (() => Promise<void>)[] = [];
let endpoints: readonly string[] = [];

beforeAll(async () => {
  const nodes = await Promise.all(
    net.nodeKeys.map(({ secretKey }, nodeIndex) =>
      startNode({
        network: net.network,
        nodeIndex,
        secretKey,
        store: memoryStore(),
        suite,
        clock: systemClock,
        emptyStore: 'claim',
        port: 0,
      }),
    ),
  );
  ends.push(...nodes.map((node) => must(node).close));
  endpoints = nodes.map((node) => `http://127.0.0.1:${must(node).port}`);
});

afterAll(async () => {
  await endAll();
  await Promise.all(ends.map((end) => end()));
  rmSync(dir, { recursive: true, force: true });
});

async function makeHome(name: string): Promise<void> {
  mkdirSync(join(dir, name));
  const store = must(await openSqliteStore({ path: walletPath(dir, name) }));
  const created = await createWallet({
    store,
    suite,
    clock: systemClock,
    entropy: systemEntropy,
    transport: httpTransport(endpoints),
    network: net.network,
    endpoints,
    name,
    passphrase: 'correct horse battery staple',
    algorithm: 'ml-dsa-44',
    wordsFromEntropy,
    cost: { memoryKib: 64, passes: 1, lanes: 1 },
  });
  must(created);
  await store.close();
}

/** What the checks find after a worker has issued a token and was killed. */
async function killAndLook(name: string, workerFlags: readonly string[]): Promise<readonly string[]> {
  await makeHome(name);
  const facts: Fact[] = [];
  const violations = noViolations();
  const home = openHome({
    dir,
    name,
    kind: 'worker',
    workerFlags,
    hooks: {
      onAnswer: (_, command, answer) => facts.push(...factsOf(name, command, answer, () => '')),
      onCrash: (_, how) => violations.add(how),
      afterKill: async () => {
        const looked = await withCopy(walletPath(dir, name), (store) =>
          readHome({ suite, network: net.network }, name, store),
        );
        checkFacts(must(looked), facts, violations);
      },
    },
  });
  await home.run({ do: 'token', symbol: 'MEAL', max: '1000' });
  for (let i = 0; i < 3; i++) await home.run({ do: 'mint', amount: '1' });
  expect(facts).toHaveLength(7);
  home.victim()?.kill();
  await home.victim()?.ended;
  await home.revive();
  await home.close();
  return violations.list;
}

test('nothing that an honest worker has answered is missing after SIGKILL', async () => {
  expect(await killAndLook('honest', [])).toEqual([]);
});

test('what a forgetful worker has answered is missed', async () => {
  const found = await killAndLook('forgetful', ['--forgetful']);
  expect(found.length).toBeGreaterThan(0);
  expect(found.every((one) => one.includes('missing'))).toBe(true);
});
