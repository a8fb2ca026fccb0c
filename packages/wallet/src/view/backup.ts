/**
 * Backup: one encrypted file with every record. The key follows from the master seed, so the 24 words open it; the
 * digest lets anybody check every byte without a key.
 */
import {
  backupDigest,
  encodeFile,
  encodeItem,
  fail,
  LIMITS,
  ok,
  type Item,
  type Result,
  type StoreRecord,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { deriveSecret } from '../keys/derive.ts';
import { allCollections } from '../records/all.ts';

/** Form of what is sealed: `[version, [[collection, [[key, value], …]], …]]`. */
export const BACKUP_VERSION = 1;

const recordsToItem = (records: readonly StoreRecord[]): Item => records.map(({ key, value }) => [key, value]);

/** `E_LIMIT` when the wallet is larger than a file may be. */
export const backup = (device: Device): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const { suite, store, network, account } = device;
    const collections: Item[] = [];
    for (const name of allCollections) collections.push([name, recordsToItem(await store.scan(name))]);
    const plain = encodeItem([BACKUP_VERSION, collections]);
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
