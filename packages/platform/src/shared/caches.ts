/** A cache that cannot grow without bound. */

/**
 * Answers what `make` made for this key before, or makes it. At most `limit` values are kept, the least recently used
 * is dropped: keys of peers pass through, and a peer can have many.
 */
export function boundedCache<V>(limit: number): (key: string, make: () => V) => V {
  const kept = new Map<string, V>();
  return (key, make) => {
    const found = kept.get(key);
    if (found !== undefined) {
      kept.delete(key);
      kept.set(key, found);
      return found;
    }
    const made = make();
    if (kept.size >= limit) kept.delete(kept.keys().next().value as string);
    kept.set(key, made);
    return made;
  };
}

/** More tags than this software has: reached only by a defect, which must not exhaust memory either. */
const MAX_TAGS = 1_024;

/** The same for hash tags: no bookkeeping on a hit, since tags come from our own code and hashing is the hot path. */
export function tagCache<V>(make: (tag: string) => V): (tag: string) => V {
  const kept = new Map<string, V>();
  return (tag) => {
    let found = kept.get(tag);
    if (found === undefined) {
      if (kept.size >= MAX_TAGS) kept.clear();
      found = make(tag);
      kept.set(tag, found);
    }
    return found;
  };
}
