/** A turn that a crash cut off is taken again when this device has done other things since. */
import { faultyStore, memoryStore, must, type CommitFault, type MemoryDisk, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import {
  accept,
  acknowledge,
  commit,
  offer,
  receive,
  request,
  takeAck,
  type Exchanged,
} from '../../src/exchange/index.ts';
import { policyKey, policyRecords } from '../../src/records/policy.ts';
import { sync } from '../../src/sync/sync.ts';
import { reopen } from '../support/wallets.ts';
import { command, copyOf, credit, layTable, type Person, type Table } from './table.ts';

const messageOf = (exchanged: Exchanged): Uint8Array => exchanged.message as Uint8Array;
const FAULTS: readonly CommitFault[] = ['lost', 'kept'];
const DAY_MS = 86_400_000;

/** Runs the turn on copies of the device, each commit of it failing once, and hands on what a restart finds. */
async function crashEverywhere(
  table: Table,
  disk: MemoryDisk,
  turn: (device: Device) => Promise<Result<Exchanged>>,
  then: (device: Device, where: string) => Promise<void>,
): Promise<void> {
  const open = (store: Parameters<typeof reopen>[1]): Promise<Device> => reopen(table.world, store, table.directory);
  const counting = faultyStore(memoryStore(structuredClone(disk)), {});
  must(await turn(await open(counting)));
  const commits = counting.commits();
  expect(commits).toBeGreaterThan(0);
  for (let at = 1; at <= commits; at++) {
    for (const fault of FAULTS) {
      const left = structuredClone(disk);
      await turn(await open(faultyStore(memoryStore(left), { [at]: fault })));
      await then(await open(memoryStore(left)), `commit ${at} of ${commits} ${fault}`);
    }
  }
}

describe('a turn that a crash cut off', () => {
  // By chance the leaves that a credit touches may be shown by the very branches that show those of the offer.
  test.each([1, 2, 3])(
    'REL-21: an offer is the same offer after a credit that came between the crash and its repetition (%s)',
    async () => {
      const table = await layTable();
      const { alice, canteen, till, token } = table;
      const paid = must(await payOnline(canteen.device, { to: alice.device.account, token, amount: 1n }));
      const fields = { command: command(), to: till.device.account, token, order: 'tea', provisional: true };
      const turn = (device: Device) => offer(device, { ...fields, amount: 100n });
      await crashEverywhere(table, alice.disk, turn, async (device, where) => {
        await credit(device, paid.chain, paid.index, canteen.device);
        const repeated = await turn(device);
        expect(repeated.ok ? repeated.value.turn : repeated.error, where).toBe('offered');
        expect(must(await turn(device)).message, where).toEqual(must(repeated).message);
      });
    },
  );

  test('REL-21: a request is the same request after an offer of the payer on the same state', async () => {
    const table = await layTable();
    const { alice, till, token } = table;
    const to = till.device.account;
    const first = must(
      await offer(alice.device, { command: command(), to, token, amount: 100n, order: '', provisional: false }),
    );
    const accepted = must(await accept(till.device, messageOf(first)));
    const committed = must(await commit(alice.device, messageOf(accepted)));
    const { payment } = must(await receive(till.device, messageOf(committed)));
    must(await takeAck(alice.device, messageOf(must(await acknowledge(till.device, payment)))));
    // Another reservation, so that the two drafts on the payer's half touch other leaves.
    must(await reserve(alice.device, { for: to, token, amount: 5_000n, until: table.world.nowMs + 40 * DAY_MS }));
    const crossing = must(
      await offer(alice.device, { command: command(), to, token, amount: 4_000n, order: '', provisional: false }),
    );
    const fields = { command: command(), from: alice.device.account, token, order: 'tea' };
    const turn = (device: Device) => request(device, { ...fields, amount: 200n });
    await crashEverywhere(table, till.disk, turn, async (device, where) => {
      must(await accept(device, messageOf(crossing)));
      const repeated = await turn(device);
      // Where nothing of the request was kept, the accepted offer goes first (rule REL-21).
      const code = repeated.ok ? repeated.value.turn : repeated.error.code;
      expect(where.startsWith('commit 1 ') && where.endsWith('lost') ? 'E_OPEN' : 'requested', where).toBe(code);
    });
  });

  // What a sync settles between the crash and the repetition changes nothing of the answer.
  describe.each(['provisional', 'reserved'] as const)('REL-21: of a %s payment', (kind) => {
    const dates = ({ payment, turn }: Exchanged) => ({ turn, claimBy: payment.claimBy, settleBy: payment.settleBy });

    /** The exchange up to the turn of the one who crashes. */
    const begin = async () => {
      const table = await layTable();
      const { alice, till, token } = table;
      const any = { provisional: 'any', maxUnits18: 0n, run: 4 } as const;
      must(await till.device.store.commit([policyRecords.put(till.device, policyKey(null), any)]));
      const fields = { command: command(), to: till.device.account, token, order: 'tea', amount: 100n };
      const offered = must(await offer(alice.device, { ...fields, provisional: kind === 'provisional' }));
      return { table, alice, till, offered: messageOf(offered) };
    };

    /** Crashes in the turn, syncs, and takes it again: the same as without the crash. */
    const check = async (table: Table, disk: MemoryDisk, turn: (device: Device) => Promise<Result<Exchanged>>) => {
      const genuine = dates(must(await turn(await copyOf(table, { disk } as Person))));
      await crashEverywhere(table, disk, turn, async (device, where) => {
        must(await sync(device));
        const repeated = await turn(device);
        expect(repeated.ok ? dates(repeated.value) : repeated.error, where).toEqual(genuine);
        must(await sync(device));
        expect(must(await turn(device)).message, where).toEqual(must(repeated).message);
      });
    };

    test('the accept', async () => {
      const { table, till, offered } = await begin();
      await check(table, till.disk, (device) => accept(device, offered));
    });

    test('the commit', async () => {
      const { table, alice, till, offered } = await begin();
      const accepted = messageOf(must(await accept(till.device, offered)));
      await check(table, alice.disk, (device) => commit(device, accepted));
    });

    test('the receipt and its acknowledgement', async () => {
      const { table, alice, till, offered } = await begin();
      const accepted = messageOf(must(await accept(till.device, offered)));
      const committed = messageOf(must(await commit(alice.device, accepted)));
      await check(table, till.disk, async (device) => {
        const received = await receive(device, committed);
        return received.ok ? acknowledge(device, received.value.payment) : received;
      });
    });
  });
});
