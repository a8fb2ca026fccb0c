/**
 * The one source of chance in a run: xoshiro128** (Blackman and Vigna 2018), seeded through splitmix32. A fork depends
 * on the seed and its label alone, never on what was drawn before, so that leaving out one decision of a plan changes
 * no other.
 */

export interface Random {
  /** 32 bits. */
  next(): number;
  /** A whole number from 0 to `bound` − 1. */
  below(bound: number): number;
  /** A whole number from `low` to `high`, both inclusive. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** One of the words, in proportion to its weight. */
  weigh<K extends string>(weights: Readonly<Record<K, number>>): K;
  bytes(length: number): Uint8Array;
  fork(label: string): Random;
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** FNV-1a with a final mix: labels of forks are short texts. */
function hashText(text: string, start: number): number {
  let hash = (start ^ 2_166_136_261) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  return mix(hash >>> 0);
}

function mix(value: number): number {
  let x = value + 0x9e37_79b9;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export function seededRandom(seed: number): Random {
  const state = new Uint32Array(4);
  let word = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    word = mix(word + Math.imul(i, 0x9e37_79b9));
    state[i] = word;
  }
  const next = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const c2 = c ^ a;
    const d2 = d ^ b;
    state[1] = b ^ c2;
    state[0] = a ^ d2;
    state[2] = c2 ^ (b << 9);
    state[3] = rotate(d2, 11);
    return result;
  };
  const below = (bound: number): number => Math.floor((next() / 4_294_967_296) * bound);
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => next() / 4_294_967_296 < probability,
    pick: (list) => {
      if (list.length === 0) throw new Error('nothing to pick from');
      return list[below(list.length)] as (typeof list)[number];
    },
    weigh: (weights) => {
      const entries = Object.entries(weights) as [keyof typeof weights, number][];
      let left = below(entries.reduce((sum, [, weight]) => sum + weight, 0));
      for (const [word, weight] of entries) {
        left -= weight;
        if (left < 0) return word;
      }
      throw new Error('all weights are zero');
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
    fork: (label) => seededRandom(hashText(label, seed)),
  };
}
