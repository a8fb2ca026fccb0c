/** What both Argon2id implementations are given: the same bytes of a passphrase, costs within the same bounds. */
import type { StretchCost } from '@dsm/core';

export const STRETCH_BYTES = 32;
const MIN_SALT_BYTES = 8;
/** 1 GiB: no device asks for more, and a cost read from a file must not exhaust the machine. */
const MAX_MEMORY_KIB = 1_048_576;
const MAX_PASSES = 64;
const MAX_LANES = 64;

const utf8 = new TextEncoder();

/** UTF-8 of the NFKC form: two keyboards that compose a letter differently give the same passphrase. */
export const passphraseBytes = (passphrase: string): Uint8Array => utf8.encode(passphrase.normalize('NFKC'));

/** Throws a `RangeError` outside RFC 9106 section 3.1 or over our bounds: whoever reads a cost from a file checks it. */
export function requireStretchable(salt: Uint8Array, { memoryKib, passes, lanes }: StretchCost): void {
  const within = (value: number, min: number, max: number): boolean =>
    Number.isInteger(value) && value >= min && value <= max;
  if (salt.length < MIN_SALT_BYTES) throw new RangeError(`salt: at least ${MIN_SALT_BYTES} bytes expected`);
  if (!within(lanes, 1, MAX_LANES)) throw new RangeError(`lanes: 1 to ${MAX_LANES} expected`);
  if (!within(passes, 1, MAX_PASSES)) throw new RangeError(`passes: 1 to ${MAX_PASSES} expected`);
  if (!within(memoryKib, 8 * lanes, MAX_MEMORY_KIB)) {
    throw new RangeError(`memoryKib: 8 a lane to ${MAX_MEMORY_KIB} expected`);
  }
}
