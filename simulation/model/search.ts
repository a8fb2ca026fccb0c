/** Breadth first over all states; the first state that breaks a property is a nearest one. */
import { openChecker, type Property } from './properties.ts';
import type { Rules } from './rules.ts';
import type { Slot } from './slots.ts';
import { openTable } from './table.ts';
import { openWorld, type Parts, type World } from './world.ts';

export interface SearchOptions {
  /** States after which the search gives up. */
  readonly limit: number;
  /** Leave nothing out of the states: four times as many, the same answers. */
  readonly plain?: boolean;
  /** Look for this property alone. */
  readonly only?: Property | undefined;
  readonly progress?: (states: number, depth: number) => void;
}

export interface Search {
  readonly world: World;
  readonly states: number;
  readonly steps: number;
  /** Most steps from the beginning. */
  readonly depth: number;
  readonly locals: number;
  /** All that is reachable was seen. */
  readonly complete: boolean;
  readonly broken: Property | null;
  /** From the beginning to the broken state, interchangeable nodes sorted in each. */
  readonly path: readonly Parts[];
}

interface Packing {
  readonly low: (parts: Parts) => number;
  readonly high: (parts: Parts) => number;
  readonly unpack: (low: number, high: number, into: Parts) => void;
}

function packingOf(honest: number): Packing {
  if (honest > 3) {
    return {
      low: ({ ids, facts }) => ((ids[0] as number) | ((ids[1] as number) << 14) | (facts << 28)) >>> 0,
      high: ({ ids }) => ((ids[2] as number) | ((ids[3] as number) << 14)) >>> 0,
      unpack: (low, high, into) => {
        const { ids } = into;
        ids[0] = low & 0x3fff;
        ids[1] = (low >>> 14) & 0x3fff;
        ids[2] = high & 0x3fff;
        ids[3] = (high >>> 14) & 0x3fff;
        into.facts = low >>> 28;
      },
    };
  }
  const third = honest > 2;
  return {
    low: ({ ids }) => ((ids[0] as number) | ((ids[1] as number) << 16)) >>> 0,
    high: ({ ids, facts }) => ((third ? (ids[2] as number) : 0) | (facts << 16)) >>> 0,
    unpack: (low, high, into) => {
      const { ids } = into;
      ids[0] = low & 0xffff;
      ids[1] = low >>> 16;
      if (third) ids[2] = high & 0xffff;
      into.facts = high >>> 16;
    },
  };
}

export function search(rules: Rules, slot: Slot, { limit, plain, only, progress }: SearchOptions): Search {
  const world = openWorld(rules, slot, plain);
  const check = openChecker(world, only);
  const packing = packingOf(world.honest);
  const table = openTable(limit + 4096);
  const first = world.initial();
  table.add(packing.low(first), packing.high(first), 0);
  let broken: Property | null = check(first);
  let brokenAt = 0;
  let steps = 0;
  let depth = 0;
  let levelEnd = 1;
  let at = 0;
  const current: Parts = { ids: new Int32Array(world.honest), facts: 0 };
  const found = (_node: number, _action: number, next: Parts): void => {
    steps += 1;
    world.normalize(next);
    if (!table.add(packing.low(next), packing.high(next), at) || broken !== null) return;
    broken = check(next);
    if (broken !== null) brokenAt = table.size() - 1;
  };
  const holds = (): boolean => broken === null;
  for (; at < table.size() && holds() && table.size() < limit; at += 1) {
    if (at === levelEnd) {
      depth += 1;
      levelEnd = table.size();
      progress?.(table.size(), depth);
    }
    packing.unpack(table.low(at), table.high(at), current);
    world.expand(current, found);
  }
  const path: Parts[] = [];
  if (broken !== null) {
    for (let index = brokenAt; ; index = table.parent(index)) {
      const parts: Parts = { ids: new Int32Array(world.honest), facts: 0 };
      packing.unpack(table.low(index), table.high(index), parts);
      path.unshift(parts);
      if (index === 0) break;
    }
  }
  return {
    world,
    states: table.size(),
    steps,
    depth,
    locals: world.locals.states.length,
    complete: broken === null && at === table.size(),
    broken,
    path,
  };
}
