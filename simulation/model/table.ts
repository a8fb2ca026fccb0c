/** The set of states reached, in order: open addressing over typed arrays; 20 to 28 bytes a state. */

export interface StateTable {
  readonly size: () => number;
  readonly low: (index: number) => number;
  readonly high: (index: number) => number;
  readonly parent: (index: number) => number;
  /** True if the state is new. */
  readonly add: (low: number, high: number, parent: number) => boolean;
}

const mix = (low: number, high: number): number => {
  let hash = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 15), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f);
  return (hash ^ (hash >>> 16)) >>> 0;
};

export function openTable(limit: number): StateTable {
  let room = 1 << 16;
  let lows = new Uint32Array(room);
  let highs = new Uint32Array(room);
  let parents = new Uint32Array(room);
  /** Index of a state plus one; never more than two thirds full. */
  let slots = new Uint32Array(room * 2);
  let mask = slots.length - 1;
  let count = 0;

  const widen = (old: Uint32Array, length: number): Uint32Array<ArrayBuffer> => {
    const wide = new Uint32Array(length);
    wide.set(old);
    return wide;
  };

  const rehash = (): void => {
    slots = new Uint32Array(slots.length * 2);
    mask = slots.length - 1;
    for (let index = 0; index < count; index += 1) {
      let at = mix(lows[index] as number, highs[index] as number) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = index + 1;
    }
  };

  const add = (low: number, high: number, parent: number): boolean => {
    let at = mix(low, high) & mask;
    for (;;) {
      const found = slots[at] as number;
      if (found === 0) break;
      if (lows[found - 1] === low && highs[found - 1] === high) return false;
      at = (at + 1) & mask;
    }
    if (count >= limit) throw new Error(`more than ${limit} states`);
    if (count === room) {
      room = Math.min(room + (room >>> 1), limit);
      lows = widen(lows, room);
      highs = widen(highs, room);
      parents = widen(parents, room);
    }
    lows[count] = low;
    highs[count] = high;
    parents[count] = parent;
    count += 1;
    slots[at] = count;
    if (count * 3 > slots.length * 2) rehash();
    return true;
  };

  return {
    size: () => count,
    low: (index) => lows[index] as number,
    high: (index) => highs[index] as number,
    parent: (index) => parents[index] as number,
    add,
  };
}
