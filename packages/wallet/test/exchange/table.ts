/** Two people and an issuer at a table: wallets in memory, four nodes in the same process. */
import {
  CBOR_TYPE,
  decodeFailure,
  fail,
  memoryDisk,
  memoryStore,
  must,
  ok,
  tokenId,
  type ChainId,
  type MemoryDisk,
  type Result,
  type Store,
  type TokenId,
} from '@dsm/core';
import { openNode } from '../../../directory/src/node.ts';
import { mint as mintTokens, createToken } from '../../src/account/token.ts';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import { addContact } from '../../src/contacts/contacts.ts';
import { ownCard } from '../../src/contacts/card.ts';
import { creditOutput } from '../../src/account/receive.ts';
import type { Device } from '../../src/device.ts';
import { fetchFinal } from '../../src/directory/states.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import { putToken, tokenRecords } from '../../src/records/token.ts';
import { makeWallet, makeWorld, reopen, suite, type TestWorld } from '../support/wallets.ts';

export interface Directory extends DirectoryTransport {
  /** Positions of nodes that do not answer. */
  readonly down: Set<number>;
}

export async function makeDirectory(world: TestWorld): Promise<Directory> {
  const nodes = await Promise.all(
    world.net.nodeKeys.map(async ({ secretKey }, nodeIndex) =>
      must(
        await openNode({
          network: world.net.network,
          nodeIndex,
          secretKey,
          store: memoryStore(),
          suite,
          clock: world.clock,
          emptyStore: 'claim',
        }),
      ),
    ),
  );
  const down = new Set<number>();
  return {
    down,
    async request(node, path, body): Promise<Result<Uint8Array>> {
      const there = nodes[node];
      if (!there || down.has(node)) return fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer`);
      const response = await there.app.request(path, {
        method: body === null ? 'GET' : 'POST',
        ...(body !== null && { body: body as Uint8Array<ArrayBuffer>, headers: { 'content-type': CBOR_TYPE } }),
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      return response.ok ? ok(answer) : { ok: false, error: must(decodeFailure(answer)) };
    },
  };
}

export interface Person {
  device: Device;
  readonly disk: MemoryDisk;
  readonly store: Store;
}

export interface Table {
  readonly world: TestWorld;
  readonly directory: Directory;
  readonly canteen: Person;
  readonly alice: Person;
  readonly till: Person;
  readonly token: TokenId;
}

export async function makePerson(world: TestWorld, directory: Directory, name: string): Promise<Person> {
  const disk = memoryDisk();
  const { device } = await makeWallet(world, name, disk, directory);
  return { device, disk, store: device.store };
}

/** Another device with the same memory: a byte copy, or the same device after a restart. */
export async function copyOf(table: Table, person: Person): Promise<Device> {
  return reopen(table.world, memoryStore(structuredClone(person.disk)), table.directory);
}

export async function introduce(...people: readonly Person[]): Promise<void> {
  for (const one of people) {
    for (const other of people) {
      if (one !== other) must(await addContact(one.device, { file: must(await ownCard(other.device)) }));
    }
  }
}

/** The canteen mints and pays Alice 130 units of two digits; Alice sets 20 aside for the till. */
export async function layTable(): Promise<Table> {
  const world = makeWorld();
  const directory = await makeDirectory(world);
  const canteen = await makePerson(world, directory, 'canteen');
  const alice = await makePerson(world, directory, 'alice');
  const till = await makePerson(world, directory, 'till');
  await introduce(canteen, alice, till);
  const { token } = must(await createToken(canteen.device, { symbol: 'MEAL', decimals: 2, cap: 10_000_000n }));
  must(await mintTokens(canteen.device, token, 100_000n));
  const paid = must(await payOnline(canteen.device, { to: alice.device.account, token, amount: 13_000n }));
  const table = { world, directory, canteen, alice, till, token };
  await credit(alice.device, paid.chain, paid.index, canteen.device);
  must(
    await reserve(alice.device, {
      for: till.device.account,
      token,
      amount: 2_000n,
      until: world.nowMs + 30 * 86_400_000,
    }),
  );
  return table;
}

/** What sync does with a credit, by hand. */
export async function credit(device: Device, source: ChainId, index: number, payer: Device): Promise<void> {
  for (const { value: policy } of await tokenRecords.list(payer)) {
    must(await device.store.commit(putToken(device, tokenId(suite, policy), policy)));
  }
  const final = must(await fetchFinal(device, source, index));
  const items = [
    { type: 'certificate', certificate: final.certificate } as const,
    { type: 'body', body: final.body } as const,
    { type: 'operation', operation: final.operation } as const,
    ...(final.items ?? []),
  ];
  must(await creditOutput(device, { source, index, output: 0 }, items));
}

let serial = 0;
/** The key of a new command. */
export const command = (): Uint8Array => suite.hash('test-command', Uint8Array.of(++serial & 255, serial >> 8));
