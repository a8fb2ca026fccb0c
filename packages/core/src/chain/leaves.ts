/**
 * Reading and writing named leaves of a state root while remembering which were touched. The same editor runs on a
 * device's whole tree and on a witness.
 */
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { decodeWith, encodeWith, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { getLeaf, leafPath, setLeaf, type Tree } from '../merkle/sparse.ts';
import { done, fail, ok, type Result } from '../result.ts';

export interface Leaves {
  read<T>(name: Item, codec: Codec<T>): Result<T | undefined>;
  write<T>(name: Item, codec: Codec<T>, value: T): Result<undefined>;
  /** The tree with everything written so far. */
  tree(): Tree;
  /** Paths read or written, each once. */
  touched(): readonly Uint8Array[];
}

export function editLeaves(suite: CryptoSuite, start: Tree): Leaves {
  let tree = start;
  const paths = new Map<string, Uint8Array>();
  const touch = (name: Item): Uint8Array => {
    const path = leafPath(suite, name);
    paths.set(path.join(), path);
    return path;
  };
  return {
    read: (name, codec) => {
      const bytes = getLeaf(tree, touch(name));
      if (!bytes.ok) return bytes;
      return bytes.value === undefined ? ok(undefined) : decodeWith(codec, bytes.value, 'leaf', LIMITS.leafBytes);
    },
    write: (name, codec, value) => {
      const bytes = encodeWith(codec, value);
      if (bytes.length > LIMITS.leafBytes) return fail('E_LIMIT', 'CHN-9', 'leaf too large');
      const next = setLeaf(suite, tree, touch(name), bytes);
      if (!next.ok) return next;
      tree = next.value;
      return done;
    },
    tree: () => tree,
    touched: () => [...paths.values()],
  };
}
