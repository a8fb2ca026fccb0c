import { ERROR_CODES, fail, memoryDisk, must, ok, type ErrorCode, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { releaseExpired, reserve } from '../../src/account/reserve.ts';
import { createToken, mint } from '../../src/account/token.ts';
import type { Device } from '../../src/device.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import { evidenceRecords } from '../../src/records/evidence.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { sync } from '../../src/sync/sync.ts';
import { introduce, type Person } from '../exchange/table.ts';
import { makeDirectory } from '../support/directory.ts';
import { balanceOf } from '../support/scene.ts';
import { watchSignatures } from '../support/signing.ts';
import { makeWallet, makeWorld, present } from '../support/wallets.ts';
import { pay } from './kit.ts';

/** Numbers that look random and are the same in every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** One node that now and then lies in every way that it can: what it says is otherwise what it should. */
function withLiar(inner: DirectoryTransport, liar: number, roll: (below: number) => number): DirectoryTransport {
  const heard: Uint8Array[] = [new Uint8Array(0)];
  const lie = (answer: Result<Uint8Array>): Result<Uint8Array> => {
    switch (roll(8)) {
      case 0:
        return fail(present(CODES[roll(CODES.length)]), 'NET-1', 'because');
      case 1:
        return ok(present(heard[roll(heard.length)]));
      case 2:
        return ok(new Uint8Array(roll(200)).fill(roll(256)));
      case 3: {
        if (!answer.ok || answer.value.length === 0) return answer;
        const turned = answer.value.slice();
        const at = roll(turned.length);
        turned[at] = (turned[at] ?? 0) ^ (1 << roll(8));
        return ok(turned);
      }
      case 4:
        return fail('E_UNREACHABLE', 'NET-13', 'silent');
      default:
        return answer;
    }
  };
  return {
    async request(node, path, body, signal) {
      const answer = await inner.request(node, path, body, signal);
      if (answer.ok) heard.push(answer.value);
      return node === liar ? lie(answer) : answer;
    },
  };
}

async function settle(devices: readonly Device[]): Promise<void> {
  for (let i = 0; i < 3; i++) for (const device of devices) must(await sync(device));
}

/** Tries again as a person would. */
async function insist<T>(run: () => Promise<Result<T>>, device: Device): Promise<Result<T>> {
  let result = await run();
  for (let i = 0; i < 4 && !result.ok; i++) {
    must(await sync(device));
    result = await run();
  }
  return result;
}

describe('one of four nodes lies about everything', () => {
  test.each([1, 2, 3])('nobody loses, nobody gains, nobody is accused (dice %i)', async (seed) => {
    const world = makeWorld();
    const directory = await makeDirectory(world);
    const transport = withLiar(directory.transport, seed % 4, dice(seed));
    const make = async (name: string): Promise<Person> => {
      const disk = memoryDisk();
      const { device } = await makeWallet(world, name, disk, transport);
      return { device, disk, store: device.store };
    };
    const people = [await make('canteen'), await make('alice'), await make('till')] as const;
    await introduce(...people);
    const watch = watchSignatures(people[0].device.suite);
    const watched = ({ device }: Person): Device => Object.assign({}, device, { suite: watch.suite });
    const [canteen, alice, till] = [watched(people[0]), watched(people[1]), watched(people[2])];
    const { token } = must(
      await insist(() => createToken(canteen, { symbol: 'MEAL', decimals: 2, cap: 10_000n }), canteen),
    );
    const once = async (run: () => Promise<Result<unknown>>, device: Device): Promise<void> => {
      const result = await run();
      // Signed, and not certified yet: a sync finishes it.
      if (!result.ok) must(await sync(device));
    };
    await once(() => mint(canteen, token, 1_000n), canteen);
    await settle([canteen]);
    await once(() => payOnline(canteen, { to: alice.account, token, amount: 600n }), canteen);
    await settle([canteen, alice]);
    const until = world.nowMs + 2 * 86_400_000;
    await once(() => reserve(alice, { for: till.account, token, amount: 300n, until }), alice);
    await settle([alice]);
    await pay({ token }, alice, till, { amount: 70n });
    const { vault } = present((await listReservations(alice))[0]);
    must(await buildClaim(till, vault));
    await pay({ token }, alice, till, { amount: 50n });
    await settle([till, alice]);
    world.nowMs = until + alice.network.gapMs + 1;
    must(await insist(() => releaseExpired(alice, till.account), alice));
    await settle([canteen, alice, till]);
    const available = await Promise.all(
      [canteen, alice, till].map(async (one) => (await balanceOf(one, token)).available),
    );
    expect(available).toEqual([400n, 480n, 120n]);
    for (const device of [canteen, alice, till]) expect(await evidenceRecords.list(device)).toEqual([]);
    expect(watch.twice()).toEqual([]);
  });
});
