import { must, type CryptoSuite } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { commit, receive, request } from '../../src/exchange/index.ts';
import { command, layTable } from '../exchange/table.ts';
import { messageOf, pay, takeAny } from './kit.ts';

interface Count {
  verified: number;
}

const counting = (suite: CryptoSuite, count: Count): CryptoSuite => ({
  ...suite,
  verify: (...args) => {
    count.verified += 1;
    return suite.verify(...args);
  },
});

describe('a payment costs as much after many payments as after a few', () => {
  test('REL-13: out of a reservation, in signatures verified and in bytes', async () => {
    const table = await layTable();
    const count: Count = { verified: 0 };
    const suite = counting(table.alice.device.suite, count);
    const alice = { ...table.alice.device, suite };
    const till = { ...table.till.device, suite };
    const cost = async (): Promise<readonly number[]> => {
      const before = count.verified;
      const { offered, accepted, committed } = await pay(table, alice, till);
      return [count.verified - before, ...[offered, accepted, committed].map((turn) => messageOf(turn).length)];
    };
    for (let i = 0; i < 3; i++) await cost();
    const early = await cost();
    for (let i = 0; i < 8; i++) await cost();
    const late = await cost();
    expect(late[0]).toBeLessThanOrEqual((early[0] ?? 0) + 2);
    for (const [i, bytes] of late.slice(1).entries()) expect(bytes).toBeLessThan((early[i + 1] ?? 0) + 300);
    const options = { command: command(), from: alice.account, token: table.token, amount: 1n, order: '' };
    const before = count.verified;
    const asked = must(await request(till, { ...options, compact: true }));
    const paid = must(await commit(alice, messageOf(asked), { compact: true }));
    must(await receive(till, messageOf(paid)));
    expect(count.verified - before).toBeLessThanOrEqual(early[0] ?? 0);
  });

  test('REL-13: provisional ones too, where the payer half never moves', async () => {
    const table = await layTable();
    const { alice, till } = table;
    await takeAny(till.device, 64);
    const sizes: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { accepted } = await pay(table, alice.device, till.device, { provisional: true });
      sizes.push(messageOf(accepted).length);
    }
    expect(sizes.at(-1)).toBeLessThan((sizes[2] ?? 0) + 300);
  });
});
