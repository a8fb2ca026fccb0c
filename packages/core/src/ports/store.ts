/**
 * The store port: named collections of records, read by key or in key order, and one atomic commit with
 * conditions. A commit is durable when its promise resolves `ok`; after anything else nothing of it is there, or
 * (after a crash or a failed sync) all of it or nothing.
 *
 * Keys are byte strings, ordered lexicographically. Both the wallet and the directory node keep everything behind
 * this port; PostgreSQL, SQLite, IndexedDB and memory implement it alike.
 */
import type { Result } from '../result.ts';

export interface StoreRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What must hold of a record before the commit, else `E_CONFLICT` and nothing is written. */
export type Condition =
  | { readonly collection: string; readonly key: Uint8Array; readonly is: 'absent' }
  | { readonly collection: string; readonly key: Uint8Array; readonly is: 'equal'; readonly value: Uint8Array };

export type Write =
  | { readonly collection: string; readonly key: Uint8Array; readonly put: Uint8Array }
  | { readonly collection: string; readonly key: Uint8Array; readonly remove: true };

export interface ScanOptions {
  /** Only keys that begin with these bytes. */
  readonly prefix?: Uint8Array;
  /** Only keys strictly after this one. */
  readonly after?: Uint8Array;
  readonly limit?: number;
  /** Greatest key first; `after` then means strictly before. */
  readonly reverse?: boolean;
}

export interface Store {
  get(collection: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  scan(collection: string, options?: ScanOptions): Promise<readonly StoreRecord[]>;
  commit(writes: readonly Write[], conditions?: readonly Condition[]): Promise<Result<undefined>>;
  close(): Promise<void>;
}
