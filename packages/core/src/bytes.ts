/** Byte strings: hexadecimal, comparison, branding. */

declare const brand: unique symbol;
/** A byte string of one meaning, so that two of different meanings cannot be swapped. */
export type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** 32 bytes: `H("state", body)`. */
export type StateHash = Branded<'StateHash'>;
/** 32 bytes: `H("chain", genesis body with empty chain id and entropy)`. */
export type ChainId = Branded<'ChainId'>;
/** 32 bytes: `H("network", description)`. */
export type NetworkId = Branded<'NetworkId'>;
/** 32 bytes: `H("token", policy)`. */
export type TokenId = Branded<'TokenId'>;
/** 32 bytes: `H("key", public key)`; names a device. */
export type KeyId = Branded<'KeyId'>;
/** 32 bytes: any other hash. */
export type Hash = Uint8Array;

export const HASH_BYTES = 32;
export const ZERO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes of a lower-case hexadecimal text, or `undefined` when it is not one. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
