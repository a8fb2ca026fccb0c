/**
 * No signature is verified twice in one task: verifiers run again whenever something that they missed has been loaded,
 * and several objects of one request may carry the same signature.
 */
import { equalBytes, toHex } from '../bytes.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { equalKeys } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';

interface Checked {
  readonly key: PublicKey;
  readonly purpose: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly valid: boolean;
}

/** Enough to tell honest signatures apart; whatever has the same beginning is compared as a whole. */
const NAME_BYTES = 16;

/** A suite that remembers what it has verified, as long as it is kept itself. */
export function verifyOnce(suite: CryptoSuite): CryptoSuite {
  const known = new Map<string, Checked[]>();
  return {
    ...suite,
    verify(key, purpose, message, signature) {
      const name = toHex(signature.subarray(0, NAME_BYTES));
      const checks = known.get(name) ?? [];
      const before = checks.find(
        (check) =>
          check.purpose === purpose &&
          equalBytes(check.message, message) &&
          equalBytes(check.signature, signature) &&
          equalKeys(check.key, key),
      );
      if (before) return before.valid;
      const valid = suite.verify(key, purpose, message, signature);
      checks.push({ key, purpose, message, signature, valid });
      known.set(name, checks);
      return valid;
    },
  };
}
