/** Which benches run: those that were asked for, and what they are compared with. */
import type { Bench } from './bench.ts';

/** Part of the name in any case, or a regular expression. */
export function matches(name: string, pattern: string): boolean {
  if (name.toLowerCase().includes(pattern.toLowerCase())) return true;
  try {
    return new RegExp(pattern, 'i').test(name);
  } catch {
    return false;
  }
}

/** In the order of the list; without a pattern, all. */
export function select(benches: readonly Bench[], pattern?: string): readonly Bench[] {
  if (pattern === undefined) return benches;
  const chosen = new Set(benches.filter(({ name }) => matches(name, pattern)));
  // A peer may have a peer of its own.
  for (const { peer } of chosen) if (peer !== undefined) chosen.add(benchNamed(benches, peer));
  return benches.filter((bench) => chosen.has(bench));
}

export function benchNamed(benches: readonly Bench[], name: string): Bench {
  const found = benches.find((bench) => bench.name === name);
  if (!found) throw new Error(`no bench is called ${name}`);
  return found;
}

/** Benches that are connected by their peers stand together, groups in the order of their first. */
export function groupByPeer(benches: readonly Bench[]): readonly (readonly Bench[])[] {
  const groups: Bench[][] = [];
  for (const bench of benches) {
    const related = groups.filter((group) =>
      group.some(({ name, peer }) => name === bench.peer || peer === bench.name),
    );
    const [first] = related;
    if (!first) {
      groups.push([bench]);
      continue;
    }
    first.push(bench);
    for (const other of related.slice(1)) {
      first.push(...other);
      groups.splice(groups.indexOf(other), 1);
    }
  }
  return groups;
}
