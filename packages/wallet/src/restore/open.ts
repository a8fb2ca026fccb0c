/**
 * A wallet from the file of a backup and the 24 words (spec WAL-33): everything of it is written in one commit, or
 * nothing. What was signed since the backup is unknown, so the device signs nothing for a while (WAL-34).
 */
import {
  decodeFileOf,
  decodeItem,
  done,
  encodeItem,
  equalBytes,
  equalKeys,
  fail,
  memoryStore,
  ok,
  openNetwork,
  verifyBackup,
  type Backup,
  type Clock,
  type CryptoSuite,
  type Entropy,
  type Item,
  type Network,
  type NetworkDescription,
  type Result,
  type Store,
  type StretchCost,
  type Write,
} from '@dsm/core';
import { readAccountGenesis } from '../contacts/card.ts';
import type { Device, Storage, WalletKeys } from '../device.ts';
import { damaged, guardStore } from '../guard.ts';
import { deriveKeys, deriveSecret, SEED_BYTES } from '../keys/derive.ts';
import { DEFAULT_COST, sealKeys, verifyCost } from '../keys/seal.ts';
import type { DirectoryTransport, Endpoints } from '../ports.ts';
import { allCollections } from '../records/all.ts';
import { readChain } from '../records/chain.ts';
import { placeOfKey } from '../records/codecs.ts';
import { journalRecords } from '../records/journal.ts';
import { endpointsRecords, keysRecords, SOLE, timeRecords, walletRecords, type WalletRecord } from '../records/meta.ts';
import { listPayments, paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { restoreRecords, type RestoreRecord } from '../records/restore.ts';
import { makeDevice } from '../wallet/create.ts';
import { BACKUP_VERSION } from '../view/backup.ts';
import { readNetworkTime } from './contact.ts';
import { signsFromMs } from './date.ts';

export interface BackupOptions {
  readonly suite: CryptoSuite;
  /** The file of a backup. */
  readonly file: Uint8Array;
  /** The 32 bytes behind the 24 words. */
  readonly seed: Uint8Array;
  /** What the network must be, and where its nodes answer now; without it, as it was when the backup was made. */
  readonly network?: { readonly network: NetworkDescription; readonly endpoints: Endpoints };
}

export interface RestoreOptions extends BackupOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly transportFor: (endpoints: Endpoints) => DirectoryTransport;
  /** The new passphrase. */
  readonly passphrase: string;
  readonly cost?: StretchCost;
}

/**
 * `E_EXISTS`: the store holds a wallet. `E_PASSPHRASE`: the words are those of another wallet, or the new passphrase is
 * empty. `E_NETWORK`: a backup of another network. `E_DAMAGED` and the codes of FIL-1: the bytes are not those of a
 * backup.
 */
export const restoreWallet = (options: RestoreOptions): Promise<Result<Device>> => guardStore(() => restore(options));

/** Whether the file is a backup that the words open, before a home is made for it. Nothing is written. */
export const verifyBackupFile = (options: BackupOptions): Promise<Result<undefined>> =>
  guardStore(async () => {
    const content = openFile(options);
    if (!content.ok) return content;
    const opened = await readSealed(options, content.value);
    return opened.ok ? done : opened;
  });

async function restore(options: RestoreOptions): Promise<Result<Device>> {
  const { store, suite, passphrase, cost = DEFAULT_COST } = options;
  if (passphrase === '') return fail('E_PASSPHRASE', 'WAL-2', 'an empty passphrase protects nothing');
  const bounded = verifyCost(cost);
  if (!bounded.ok) return bounded;
  if (await store.get(walletRecords.name, SOLE)) return exists();
  const content = openFile(options);
  if (!content.ok) return content;
  const opened = await readSealed(options, content.value);
  if (!opened.ok) return opened;
  const { saved, wallet: before, network, keys } = opened.value;
  const wallet: WalletRecord = { ...before, salt: options.entropy(16), cost };
  const endpoints = options.network?.endpoints ?? (await endpointsRecords.read(saved, SOLE)) ?? [];
  const newestMs = (await timeRecords.read(saved, SOLE)) ?? 0;
  const storage = { store, suite };
  const transport = options.transportFor(endpoints);
  const timeMs = await readNetworkTime({ transport, network });
  const waiting = beginWaiting(options, network, content.value, { newestMs, timeMs });
  const committed = await store.commit(
    [
      ...(await copyRecords(saved)),
      walletRecords.put(storage, SOLE, wallet),
      keysRecords.put(storage, SOLE, sealKeys(options, passphrase, wallet, keys)),
      endpointsRecords.put(storage, SOLE, endpoints),
      restoreRecords.put(storage, SOLE, waiting),
    ],
    [walletRecords.isAbsent(SOLE)],
  );
  if (!committed.ok) return committed.error.code === 'E_CONFLICT' ? exists() : committed;
  return ok(makeDevice({ ...options, transport }, wallet, network, keys, newestMs));
}

const exists = () => fail('E_EXISTS', 'WAL-33', 'there is a wallet already; nothing was changed');

function openFile({ suite, file, network }: BackupOptions): Result<Backup> {
  const decoded = decodeFileOf(suite, 'backup', file);
  if (!decoded.ok) return decoded;
  const { content, items } = decoded.value;
  const intact = verifyBackup(suite, content);
  if (!intact.ok) return intact;
  if (items.length > 0) return fail('E_SURPLUS', 'BND-3', 'a backup carries no evidence');
  if (!network) return ok(content);
  const expected = openNetwork(suite, network.network);
  if (!expected.ok) return expected;
  return equalBytes(expected.value.id, content.network)
    ? ok(content)
    : fail('E_NETWORK', 'WAL-33', 'the backup belongs to another network');
}

/** What was saved, in a store in memory, and what it says about itself. */
interface Opened {
  readonly saved: Storage;
  readonly wallet: WalletRecord;
  readonly network: Network;
  readonly keys: WalletKeys;
}

async function readSealed({ suite, seed }: BackupOptions, backup: Backup): Promise<Result<Opened>> {
  if (seed.length !== SEED_BYTES) throw new Error(`a seed has ${SEED_BYTES} bytes`);
  const { network: networkId, account, timeMs, nonce, sealed } = backup;
  const bound = encodeItem([networkId, account, timeMs]);
  const plain = suite.open(deriveSecret(suite, seed, 'backup'), nonce, sealed, bound);
  if (!plain) return fail('E_PASSPHRASE', 'WAL-33', 'these words do not open this backup: they are of another wallet');
  const saved = { store: memoryStore(), suite };
  const loaded = await loadRecords(saved, plain);
  if (!loaded.ok) return loaded;
  const wallet = await walletRecords.read(saved, SOLE);
  if (!wallet) throw damaged('the backup holds no wallet');
  const network = openNetwork(suite, wallet.network);
  if (!network.ok || !equalBytes(network.value.id, networkId) || !equalBytes(wallet.account, account)) {
    throw damaged('the backup contradicts what is written on it');
  }
  const keys = deriveKeys(suite, wallet.algorithm, seed);
  const genesis = await readAccountGenesis(saved, account);
  if (!genesis || !equalKeys(genesis.key, keys.device.publicKey))
    throw damaged('the keys are not those of the account');
  return ok({ saved, wallet, network: network.value, keys });
}

/** Reads `[version, [[collection, [[key, value], …]], …]]`; each record has its own check (WAL-1). */
async function loadRecords(saved: Storage, plain: Uint8Array): Promise<Result<undefined>> {
  const item = decodeItem(plain);
  const [version, collections] = item.ok && Array.isArray(item.value) ? (item.value as readonly Item[]) : [];
  if (version !== BACKUP_VERSION) return fail('E_VERSION', 'WAL-33', 'a backup of another version of this software');
  const writes: Write[] = [];
  for (const entry of listOf(collections)) {
    const [name, records] = listOf(entry);
    if (typeof name !== 'string' || !allCollections.includes(name)) {
      return fail('E_VERSION', 'WAL-33', 'a backup of another version of this software');
    }
    for (const row of listOf(records)) {
      const [key, put] = listOf(row);
      if (!(key instanceof Uint8Array) || !(put instanceof Uint8Array)) throw damaged('a record of the backup is none');
      writes.push({ collection: name, key, put });
    }
  }
  return saved.store.commit(writes);
}

function listOf(item: Item | undefined): readonly Item[] {
  if (!Array.isArray(item)) throw damaged('the backup cannot be read');
  return item as readonly Item[];
}

/** Rewritten, or about what only the lost device goes on with. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  walletRecords.name,
  keysRecords.name,
  endpointsRecords.name,
  restoreRecords.name,
  journalRecords.name,
  paymentRecords.name,
]);

/** All records as they were, but for what was under way: nobody here knows what became of it. */
async function copyRecords(saved: Storage): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const name of allCollections.filter((one) => !NOT_COPIED.has(one))) {
    for (const { key, value } of await saved.store.scan(name)) writes.push({ collection: name, key, put: value });
  }
  for (const { key } of await journalRecords.list(saved)) {
    // Claims and releases may be brought to the nodes by anybody, at any time; nothing else is finished here.
    const chain = await readChain(saved, placeOfKey(key).chain);
    if (chain?.kind === 'vault') writes.push(journalRecords.put(saved, key, true));
  }
  for (const payment of await listPayments(saved)) {
    const row: PaymentRecord = UNDER_WAY.has(payment.status) ? { ...payment, status: 'unknown', grade: null } : payment;
    writes.push(paymentRecords.put(saved, payment.payment, row));
  }
  return writes;
}

const UNDER_WAY: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['requested', 'offered', 'accepted']);

function beginWaiting(
  { clock }: Pick<RestoreOptions, 'clock'>,
  network: Network,
  { timeMs: backupAt }: Backup,
  { newestMs, timeMs }: { readonly newestMs: number; readonly timeMs: number | undefined },
): RestoreRecord {
  const restoredAt = Math.max(clock(), newestMs, backupAt, timeMs ?? 0);
  const signsFrom = signsFromMs(network, restoredAt);
  return { backupAt, restoredAt, contacted: timeMs !== undefined, signsFrom, draft: null, restored: null };
}
