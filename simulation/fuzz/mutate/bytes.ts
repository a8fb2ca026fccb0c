/** Mutations that know nothing of the structure. */
import { concatBytes } from '@dsm/core';
import type { Random } from '../../world/random.ts';

const INTERESTING: readonly number[] = [0x00, 0x01, 0x17, 0x18, 0x1b, 0x40, 0x58, 0x7f, 0x80, 0x9f, 0xc2, 0xf6, 0xff];

function mutateOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return concatBytes([bytes, random.bytes(1 + random.below(9))]);
    case 2:
      return concatBytes([bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at)]);
    case 3:
      return concatBytes([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(9))]);
    case 4: {
      const from = random.below(other.length + 1);
      return concatBytes([bytes.subarray(0, at), other.subarray(from, from + random.below(200))]);
    }
    case 5:
      return concatBytes([bytes.subarray(0, at), bytes.subarray(random.below(at + 1))]).slice(0, bytes.length + 64);
    case 6: {
      const changed = bytes.slice();
      if (at < changed.length) changed[at] = random.pick(INTERESTING);
      return changed;
    }
    default: {
      const changed = bytes.slice();
      if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << random.below(8));
      return changed;
    }
  }
}

/** One to four flips, cuts, insertions or splices. */
export function mutateBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let changed = bytes;
  const count = 1 + (random.below(2) === 0 ? 0 : random.below(4));
  for (let i = 0; i < count; i++) changed = mutateOnce(random, changed, other);
  return changed;
}
