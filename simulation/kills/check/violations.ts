/** What went wrong, in words; empty after a good run. */
export interface Violations {
  readonly list: readonly string[];
  readonly add: (what: string) => void;
}

/** Enough to see what it is about. */
const MOST = 50;

export function noViolations(onAdd: (what: string) => void = () => {}): Violations {
  const list: string[] = [];
  const seen = new Set<string>();
  return {
    list,
    add(what) {
      if (seen.has(what) || list.length >= MOST) return;
      seen.add(what);
      list.push(what);
      onAdd(what);
    },
  };
}
