/**
 * Backup: one encrypted file with every record. The key follows from the master seed, so the 24 words open it; the
 * digest lets anybody check every byte without a key.
 */
import {
  backupDigest,
  encodeFile,
  encodeItem,
  equalBytes,
  fail,
  LIMITS,
  ok,
  type Item,
  type Result,
  type Store,
  type StoreRecord,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { deriveSecret } from '../keys/derive.ts';
import { allCollections } from '../records/all.ts';

/** Form of what is sealed: `[version, [[collection, [[key, value], …]], …]]`. */
export const BACKUP_VERSION = 1;

const recordsToItem = (records: readonly StoreRecord[]): Item => records.map(({ key, value }) => [key, value]);

async function readAll(store: Store): Promise<Uint8Array> {
  const collections: Item[] = [];
  for (const name of allCollections) collections.push([name, recordsToItem(await store.scan(name))]);
  return encodeItem([BACKUP_VERSION, collections]);
}

const MOST_READS = 16;

/**
 * All records as they stood at one moment: what is read twice in a row and is the same. A commit between two of the
 * collections would make a backup that contradicts itself, and that shows only when it is needed.
 */
async function readAtOnce(store: Store): Promise<Uint8Array | undefined> {
  let before = await readAll(store);
  for (let reads = 1; reads < MOST_READS; reads++) {
    const now = await readAll(store);
    if (equalBytes(before, now)) return now;
    before = now;
  }
  return undefined;
}

/** `E_LIMIT` when the wallet is larger than a file may be, `E_BUSY` when it never stands still. */
export const backup = (device: Device): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const { suite, store, network, account } = device;
    const plain = await readAtOnce(store);
    if (!plain) return fail('E_BUSY', 'FIL-3', 'the wallet is being written all the time: try again');
    // The tag of the seal and the file around it.
    if (plain.length + LIMITS.leafBytes > LIMITS.fileBytes) {
      return fail('E_LIMIT', 'FIL-3', 'the wallet is larger than one file may be');
    }
    const nonce = device.entropy(24);
    const key = deriveSecret(suite, device.keys.seed, 'backup');
    const timeMs = device.clock();
    const sealed = suite.seal(key, nonce, plain, encodeItem([network.id, account, timeMs]));
    const content = { network: network.id, account, timeMs, nonce, sealed };
    return ok(encodeFile(suite, 'backup', { ...content, digest: backupDigest(suite, content) }));
  });
