/** Lengths in bytes, and the refusal of arguments that only a programmer's error can make wrong. */

export const SEED_BYTES = 32;
export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 24;
export const AEAD_TAG_BYTES = 16;

/** For our own arguments only: bytes of peers are answered with false or undefined, never with an exception. */
export function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${name}: ${length} bytes expected, ${bytes.length} given`);
}
