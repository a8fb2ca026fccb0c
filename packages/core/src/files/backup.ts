/** An encrypted backup (spec FIL-3). The digest lets anybody check every byte without the key. */
import { equalBytes, type ChainId, type NetworkId } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bytes, hash, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, type Result } from '../result.ts';

export interface Backup {
  readonly network: NetworkId;
  readonly account: ChainId;
  /** The wallet's clock when the backup was made. */
  readonly timeMs: number;
  /** XChaCha20-Poly1305 nonce. */
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
  /** `H("file", [network, account, timeMs, nonce, sealed])`. */
  readonly digest: Uint8Array;
}

export const backupCodec: Codec<Backup> = record<Backup>({
  network: hash<NetworkId>(),
  account: hash<ChainId>(),
  timeMs: uint(),
  nonce: bytes(24),
  sealed: bytes(16, LIMITS.fileBytes),
  digest: hash(),
});

export const backupDigest = (suite: CryptoSuite, backup: Omit<Backup, 'digest'>): Uint8Array =>
  hashItem(suite, 'file', [backup.network, backup.account, backup.timeMs, backup.nonce, backup.sealed]);

export const verifyBackup = (suite: CryptoSuite, backup: Backup): Result<undefined> =>
  check(equalBytes(backup.digest, backupDigest(suite, backup)), 'E_DAMAGED', 'FIL-3', 'the backup is damaged');
