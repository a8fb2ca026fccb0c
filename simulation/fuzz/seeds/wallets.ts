/** Devices and nodes in one process, and every message between them at the moment when its receiver has not taken it. */
import {
  CBOR_TYPE,
  decodeFailure,
  fail,
  memoryDisk,
  memoryStore,
  must,
  ok,
  type Entropy,
  type MemoryDisk,
  type Network,
  type TokenId,
} from '@dsm/core';
import { openNode, type OpenNode } from '@dsm/directory';
import {
  accept,
  acknowledge,
  addContact,
  agree,
  backup,
  buildClaim,
  commit,
  createToken,
  createWallet,
  exportEvidence,
  joinMachine,
  listEvidence,
  listReservations,
  mint,
  offer,
  openMachine,
  openWallet,
  ownCard,
  payOnline,
  propose,
  receive,
  request,
  reserve,
  setPolicy,
  sync,
  takeSteps,
  tell,
  type Device,
  type DirectoryTransport,
  type Exchanged,
} from '@dsm/wallet';
import { DAY_MS, START_MS, seed } from '../../../tests/kit/index.ts';
import type { FuzzSuite } from '../suite.ts';
import { counter } from './machines.ts';
import type { World } from './world.ts';

/** Records by reference: what a store has written is never changed in place, so a copy of the lists is a copy. */
export const copyDisk = (disk: MemoryDisk): MemoryDisk =>
  new Map([...disk].map(([name, records]) => [name, [...records]]));

export const sameDisk = (a: MemoryDisk, b: MemoryDisk): boolean =>
  [...new Set([...a.keys(), ...b.keys()])].every((name) => {
    const [one, two] = [a.get(name) ?? [], b.get(name) ?? []];
    return one.length === two.length && one.every((record, i) => record === two[i] || isSame(record, two[i]));
  });

type StoreRow = { readonly key: Uint8Array; readonly value: Uint8Array } | undefined;
const isSame = (a: StoreRow, b: StoreRow): boolean =>
  a !== undefined && b !== undefined && Buffer.compare(a.key, b.key) === 0 && Buffer.compare(a.value, b.value) === 0;

/** Bytes that follow from a name and a counter. */
export function countedEntropy(name: string): Entropy {
  let count = 0;
  return (length) => {
    count += 1;
    const parts: number[] = [];
    for (let block = 0; parts.length < length; block++) parts.push(...seed('entropy', name, count, block));
    return Uint8Array.from(parts.slice(0, length));
  };
}

export const PASSPHRASE = 'correct horse';
export const COST = { memoryKib: 8, passes: 1, lanes: 1 } as const;

/** A directory in this process. */
export interface Directory {
  readonly transport: DirectoryTransport;
  /** While true nobody answers. */
  isDown: boolean;
  readonly disks: readonly MemoryDisk[];
}

export async function makeDirectory({ net, suite }: World): Promise<Directory> {
  const disks = net.nodeKeys.map(() => memoryDisk());
  const nodes: OpenNode[] = [];
  for (const [nodeIndex, { secretKey }] of net.nodeKeys.entries()) {
    const store = memoryStore(disks[nodeIndex]);
    const { network } = net;
    const clock = (): number => START_MS;
    nodes.push(must(await openNode({ network, nodeIndex, secretKey, store, suite, clock, emptyStore: 'claim' })));
  }
  const directory: Directory = {
    isDown: false,
    disks,
    transport: {
      async request(node, path, body) {
        const app = nodes[node]?.app;
        if (!app || directory.isDown) return fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer`);
        const response = await app.request(path, {
          method: body === null ? 'GET' : 'POST',
          ...(body !== null && { body: new Uint8Array(body), headers: { 'content-type': CBOR_TYPE } }),
        });
        const bytes = new Uint8Array(await response.arrayBuffer());
        return response.ok ? ok(bytes) : { ok: false, error: must(decodeFailure(bytes)) };
      },
    },
  };
  return directory;
}

interface Person {
  readonly device: Device;
  readonly disk: MemoryDisk;
}

async function makePerson(suite: FuzzSuite, network: Network, directory: Directory, name: string): Promise<Person> {
  const disk = memoryDisk();
  const { id: _id, quorum: _quorum, ...description } = network;
  const created = must(
    await createWallet({
      store: memoryStore(disk),
      suite,
      clock: () => START_MS,
      entropy: countedEntropy(name),
      transport: directory.transport,
      network: description,
      endpoints: [],
      name,
      passphrase: PASSPHRASE,
      algorithm: 'ml-dsa-44',
      wordsFromEntropy: () => '',
      cost: COST,
    }),
  );
  return { device: created.device, disk };
}

/** As after a restart, on a copy of the disk. */
export const reopen = async (suite: FuzzSuite, disk: MemoryDisk, transport: DirectoryTransport): Promise<Device> =>
  must(
    await openWallet({
      store: memoryStore(disk),
      suite,
      clock: () => START_MS,
      entropy: countedEntropy('again'),
      transportFor: () => transport,
      passphrase: PASSPHRASE,
    }),
  );

export type Handler =
  | 'accept'
  | 'commit'
  | 'receive'
  | 'takeAck'
  | 'addContact'
  | 'importEvidence'
  | 'submitFile'
  | 'joinMachine'
  | 'takeSteps';

/** A genuine message and the disk of the one who is to take it. */
export interface Pending {
  readonly handler: Handler;
  readonly bytes: Uint8Array;
  readonly disk: MemoryDisk;
}

const messageOf = ({ message }: Exchanged): Uint8Array => {
  if (!message) throw new Error('this turn has no message');
  return message;
};

const introduce = async (a: Person, b: Person): Promise<void> => {
  must(await addContact(a.device, { file: must(await ownCard(b.device)) }));
  must(await addContact(b.device, { file: must(await ownCard(a.device)) }));
};

/** The file of a backup and the 32 bytes behind the words that open it. */
export interface SavedWallet {
  readonly file: Uint8Array;
  readonly seed: Uint8Array;
}

export interface Scene {
  readonly directory: Directory;
  readonly pending: readonly Pending[];
  readonly saved: SavedWallet;
}

export async function makeScene(world: World): Promise<Scene> {
  const { suite, net } = world;
  const directory = await makeDirectory(world);
  const person = (name: string): Promise<Person> => makePerson(suite, net.network, directory, name);
  const [canteen, alice, till] = [await person('canteen'), await person('alice'), await person('till')];
  for (const [a, b] of [
    [canteen, alice],
    [canteen, till],
    [alice, till],
  ] as const) {
    await introduce(a, b);
  }
  const { token } = must(await createToken(canteen.device, { symbol: 'MEAL', decimals: 2, cap: 10_000_000n }));
  must(await mint(canteen.device, token, 100_000n));
  must(await payOnline(canteen.device, { to: alice.device.account, token, amount: 13_000n }));
  must(await sync(alice.device));
  const until = START_MS + 30 * DAY_MS;
  must(await reserve(alice.device, { for: till.device.account, token, amount: 2_000n, until }));
  must(await setPolicy(till.device, { provisionalMax: 'any', run: 8 }));
  const twin = copyDisk(alice.disk);
  const pending = [
    ...(await exchangeMessages(alice, till, token)),
    ...(await machineMessages(alice, till)),
    ...(await evidenceMessages(world, directory, { alice, till, canteen, twin, token })),
  ];
  const saved = { file: must(await backup(till.device)), seed: till.device.keys.seed };
  return { directory, pending, saved };
}

async function exchangeMessages(alice: Person, till: Person, token: TokenId): Promise<readonly Pending[]> {
  const pending: Pending[] = [];
  const note = (handler: Handler, bytes: Uint8Array, { disk }: Person): Uint8Array => {
    pending.push({ handler, bytes, disk: copyDisk(disk) });
    return bytes;
  };
  let serial = 0;
  const command = (): Uint8Array => seed('command', ++serial);
  const to = till.device.account;
  for (const [compact, provisional] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const) {
    const terms = { to, token, amount: 100n, order: 'tea', compact, provisional };
    const offered = await offer(alice.device, { ...terms, command: command() });
    if (!offered.ok) continue;
    const proposal = note('accept', messageOf(offered.value), till);
    const accepted = await accept(till.device, proposal, { compact });
    if (!accepted.ok) continue;
    const agreed = note('commit', messageOf(accepted.value), alice);
    const committed = note('receive', messageOf(must(await commit(alice.device, agreed, { compact }))), till);
    const received = must(await receive(till.device, committed));
    note('takeAck', messageOf(must(await acknowledge(till.device, received.payment))), alice);
  }
  const asked = { command: command(), from: alice.device.account, token, amount: 50n, order: '' };
  note('commit', messageOf(must(await request(till.device, asked))), alice);
  const [reservation] = await listReservations(till.device);
  if (reservation) note('submitFile', must(await buildClaim(till.device, reservation.vault)), till);
  return pending;
}

/** An invitation, a proposal to one who has joined, its agreement, and all of it to one who has not. */
async function machineMessages(alice: Person, till: Person): Promise<readonly Pending[]> {
  const before = copyDisk(till.disk);
  const rules = { expiryMs: DAY_MS, maxSteps: 0 };
  const parties = [till.device.account];
  const opened = must(await openMachine(alice.device, { port: counter, parties, params: new Uint8Array(0), rules }));
  const id = opened.relationship;
  must(await joinMachine(till.device, opened.message, [counter]));
  const joined = copyDisk(till.disk);
  const proposal = { operation: 'add', input: Uint8Array.of(3) };
  const { step } = must(await propose(alice.device, id, proposal, [counter]));
  const proposed = must(await tell(alice.device, id));
  const waiting = copyDisk(alice.disk);
  must(await takeSteps(till.device, proposed, [counter]));
  must(await agree(till.device, id, step, [counter]));
  const agreed = must(await tell(till.device, id));
  return [
    { handler: 'joinMachine', bytes: opened.message, disk: before },
    { handler: 'joinMachine', bytes: proposed, disk: before },
    { handler: 'takeSteps', bytes: proposed, disk: joined },
    { handler: 'takeSteps', bytes: agreed, disk: waiting },
  ];
}

interface Fraud {
  readonly alice: Person;
  readonly till: Person;
  readonly canteen: Person;
  readonly twin: MemoryDisk;
  readonly token: TokenId;
}

/** A copied device spends twice; who asks the nodes then has the evidence. */
async function evidenceMessages(
  { suite }: World,
  directory: Directory,
  { alice, till, canteen, twin, token }: Fraud,
): Promise<readonly Pending[]> {
  const before = copyDisk(canteen.disk);
  const card = must(await ownCard(till.device));
  const copy = await reopen(suite, twin, directory.transport);
  await payOnline(alice.device, { to: till.device.account, token, amount: 7n });
  await payOnline(copy, { to: canteen.device.account, token, amount: 8n });
  await sync(canteen.device);
  const [found] = must(await listEvidence(canteen.device));
  const contact: Pending = { handler: 'addContact', bytes: card, disk: before };
  if (!found) return [contact];
  const file = must(await exportEvidence(canteen.device, Buffer.from(found.id).toString('hex')));
  return [contact, { handler: 'importEvidence', bytes: file, disk: before }];
}
