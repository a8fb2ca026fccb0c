/**
 * For every rule about value one state that breaks this rule and no other, completely proved and signed with the right
 * key, sent to all four nodes: each of them refuses it with the code of the rule. Where the nodes are is up to the test.
 */
import { beforeAll } from 'vitest';
import { describeStates } from './states.ts';
import { describeVaults } from './vaults.ts';
import { openWorld, type NodesUnderTest } from './world.ts';

export type { NodesUnderTest };

/** Registers the tests. */
export function describeForgeries(open: () => Promise<NodesUnderTest>): void {
  beforeAll(() => openWorld(open), 60_000);
  describeStates();
  describeVaults();
}
