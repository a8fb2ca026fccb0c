/** No signature is verified twice in one task: verifiers run again whenever something they missed has been loaded. */
import { equalBytes, equalKeys, type CryptoSuite, type PublicKey } from '@dsm/core';

interface Checked {
  readonly key: PublicKey;
  readonly purpose: string;
  readonly message: Uint8Array;
  readonly valid: boolean;
}

/** A suite that remembers what it has verified, as long as it is kept itself. */
export function verifyOnce(suite: CryptoSuite): CryptoSuite {
  const known = new WeakMap<Uint8Array, Checked[]>();
  return {
    ...suite,
    verify(key, purpose, message, signature) {
      const checks = known.get(signature) ?? [];
      const before = checks.find(
        (check) => check.purpose === purpose && equalBytes(check.message, message) && equalKeys(check.key, key),
      );
      if (before) return before.valid;
      const valid = suite.verify(key, purpose, message, signature);
      known.set(signature, [...checks, { key, purpose, message, valid }]);
      return valid;
    },
  };
}
