import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryStore, type ChainId } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { allCollections } from '../src/records/all.ts';
import { indexKey, placeKey, placeOfKey } from '../src/records/codecs.ts';
import { finalRecords } from '../src/records/final.ts';
import { suite } from './support/wallets.ts';

const source = join(import.meta.dirname, '../src');

describe('records', () => {
  test('FIL-3: every collection that is defined is in a backup', () => {
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const defined = files.flatMap((name) => {
      const text = readFileSync(join(source, name), 'utf8');
      return [...text.matchAll(/defineCollection\(\s*'(\w+)'/g)].map(([, collection]) => collection);
    });
    expect(defined.toSorted()).toEqual([...allCollections].toSorted());
  });

  test('WAL-1: a record under the key of another is damage', async () => {
    const storage = { store: memoryStore(), suite };
    const [one, two] = [placeKey(new Uint8Array(32) as ChainId, 1), placeKey(new Uint8Array(32) as ChainId, 2)];
    const write = finalRecords.put(storage, one, new Uint8Array(32).fill(5) as never);
    await storage.store.commit([{ ...write, key: two }]);
    await expect(finalRecords.read(storage, two)).rejects.toMatchObject({ failure: { code: 'E_DAMAGED' } });
  });

  test('places sort as their numbers do and read back', () => {
    const chain = new Uint8Array(32).fill(9) as ChainId;
    for (const index of [0, 255, 256, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(placeOfKey(placeKey(chain, index))).toEqual({ chain, index });
    }
    expect(Buffer.compare(indexKey(255), indexKey(256))).toBe(-1);
    expect(Buffer.compare(indexKey(2 ** 32 - 1), indexKey(2 ** 32))).toBe(-1);
  });
});
