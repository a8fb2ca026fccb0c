/**
 * One atomic change of the store, built up by reading and writing. Whatever was read is a condition of the commit, so
 * that two writers on one store can never both succeed on the same records (spec NET-19).
 */
import { toHex, type Condition, type Result, type Store, type Write } from '@dsm/core';

export interface Transaction {
  /** Sees what was written before in this transaction. The value read is a condition of the commit. */
  read(collection: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Reads without a condition: for records that never change once they are there. */
  peek(collection: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  write(collection: string, key: Uint8Array, value: Uint8Array): void;
}

export interface OpenTransaction extends Transaction {
  /** Runs one part of the work; what it wrote is dropped if it throws. */
  part<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  isEmpty(): boolean;
  commit(): Promise<Result<undefined>>;
}

const nameOf = (collection: string, key: Uint8Array): string => `${collection} ${toHex(key)}`;

export function openTransaction(store: Store): OpenTransaction {
  const conditions = new Map<string, Condition>();
  const writes = new Map<string, Write>();

  const written = (layers: readonly Map<string, Write>[], name: string): Uint8Array | undefined => {
    const found = layers.find((layer) => layer.has(name))?.get(name);
    return found && 'put' in found ? found.put : undefined;
  };

  const over = (layers: readonly Map<string, Write>[]): Transaction => ({
    async read(collection, key) {
      const name = nameOf(collection, key);
      const own = written(layers, name);
      if (own) return own;
      const value = await store.get(collection, key);
      if (!conditions.has(name)) {
        conditions.set(
          name,
          value === undefined ? { collection, key, is: 'absent' } : { collection, key, is: 'equal', value },
        );
      }
      return value;
    },
    peek: async (collection, key) => written(layers, nameOf(collection, key)) ?? (await store.get(collection, key)),
    write: (collection, key, value) => {
      layers[0]?.set(nameOf(collection, key), { collection, key, put: value });
    },
  });

  return {
    ...over([writes]),
    async part(work) {
      const layer = new Map<string, Write>();
      const result = await work(over([layer, writes]));
      for (const [name, write] of layer) writes.set(name, write);
      return result;
    },
    isEmpty: () => writes.size === 0,
    commit: () => store.commit([...writes.values()], [...conditions.values()]),
  };
}
