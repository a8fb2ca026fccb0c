/** Reproducible randomness: everything that a run does follows from its seed (xorshift128+, seeded by splitmix32). */

export interface Random {
  /** Whole number from 0 to below `bound`. */
  below(bound: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

function splitMix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

export function makeRandom(seed: number): Random {
  const next = splitMix(seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x27d4eb2f));
  let [a, b, c, d] = [next(), next(), next(), next() | 1];
  const word = (): number => {
    let mixed = d;
    d = c;
    c = b;
    b = a;
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    a = (mixed ^ b ^ (b >>> 19)) >>> 0;
    return a;
  };
  const below = (bound: number): number => Math.floor((word() / 2 ** 32) * bound);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (list) => {
      if (list.length === 0) throw new Error('nothing to pick from');
      return list[below(list.length)] as (typeof list)[number];
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
