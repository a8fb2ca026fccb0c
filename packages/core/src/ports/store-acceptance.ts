/**
 * The rules of the store port as executable cases, tied to no test framework: an adapter proves itself by running
 * every one of them against itself.
 */
import { compareBytes, equalBytes, toHex } from '../bytes.ts';
import { StoreError } from './store-error.ts';
import type { ScanOptions, Store, StoreRecord, Write } from './store.ts';

export interface StoreAcceptanceCase {
  readonly name: string;
  /**
   * Throws an `Error` that says what is violated. `open` opens one and the same storage each time, empty at first;
   * a case closes a store before it opens the next, and closes the last one.
   */
  run(open: () => Promise<Store>): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (collection: string, key: Uint8Array, value: Uint8Array): Write => ({ collection, key, put: value });
const remove = (collection: string, key: Uint8Array): Write => ({ collection, key, remove: true });

function expect(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(rule);
}

function expectValue(actual: Uint8Array | undefined, expected: Uint8Array | undefined, rule: string): void {
  const same = actual === undefined || expected === undefined ? actual === expected : equalBytes(actual, expected);
  expect(same, `${rule}: expected ${expected && toHex(expected)}, found ${actual && toHex(actual)}`);
}

const show = (records: readonly StoreRecord[]): string =>
  records.map(({ key, value }) => `${toHex(key)}=${toHex(value)}`).join(' ');

async function expectScan(
  store: Store,
  collection: string,
  options: ScanOptions | undefined,
  expected: readonly StoreRecord[],
  rule: string,
): Promise<void> {
  const found = show(await store.scan(collection, options));
  expect(found === show(expected), `${rule}: expected [${show(expected)}], found [${found}]`);
}

async function write(store: Store, ...writes: Write[]): Promise<void> {
  const result = await store.commit(writes);
  expect(result.ok, `a commit without conditions must succeed: ${result.ok ? '' : result.error.message}`);
}

async function expectConflict(committed: ReturnType<Store['commit']>, rule: string): Promise<void> {
  const result = await committed;
  expect(!result.ok && result.error.code === 'E_CONFLICT', `${rule}: expected E_CONFLICT`);
}

/** A case on one store, opened before and closed after. */
const onOne = (name: string, body: (store: Store) => Promise<void>): StoreAcceptanceCase => ({
  name,
  async run(open) {
    const store = await open();
    try {
      await body(store);
    } finally {
      await store.close();
    }
  },
});

/** Keys in the order that a scan must give them: unsigned bytes, a prefix before what it begins. */
const ORDERED = [
  bytes(),
  bytes(0),
  bytes(0, 0),
  bytes(0, 1),
  bytes(0x7f),
  bytes(0x80),
  bytes(0x80, 0),
  bytes(0x80, 0xff),
  bytes(0xff),
  bytes(0xff, 0xff),
  bytes(0xff, 0xff, 0),
].map((key, i) => ({ key, value: bytes(i) }));

const fill = async (store: Store): Promise<void> =>
  write(store, ...ORDERED.toReversed().map(({ key, value }) => put('c', key, value)));

/** A small linear congruential generator: the case must be the same in every run. */
function pseudoRandom(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** What `options` must answer, computed in the most obvious way. */
function expectedScan(model: ReadonlyMap<string, StoreRecord>, options: ScanOptions): StoreRecord[] {
  const { prefix = bytes(), after, limit = Number.POSITIVE_INFINITY, reverse = false } = options;
  const sorted = [...model.values()].toSorted((a, b) => compareBytes(a.key, b.key));
  return (reverse ? sorted.toReversed() : sorted)
    .filter(({ key }) => equalBytes(key.subarray(0, prefix.length), prefix))
    .filter(({ key }) => after === undefined || (reverse ? compareBytes(key, after) < 0 : compareBytes(key, after) > 0))
    .slice(0, Math.min(limit, sorted.length));
}

async function compareWithModel(store: Store): Promise<void> {
  const random = pseudoRandom();
  const model = new Map<string, StoreRecord>();
  const key = (): Uint8Array => Uint8Array.from({ length: random(3) }, () => [0, 1, 0xfe, 0xff][random(4)] as number);
  for (let round = 0; round < 150; round++) {
    const writes = Array.from({ length: random(4) }, () =>
      random(3) === 0 ? remove('c', key()) : put('c', key(), bytes(round, random(256))),
    );
    const at = key();
    const known = model.get(toHex(at))?.value;
    const expected = random(3) === 0 ? bytes(random(4)) : known;
    const result = await store.commit(writes, [
      expected === undefined
        ? { collection: 'c', key: at, is: 'absent' }
        : { collection: 'c', key: at, is: 'equal', value: expected },
    ]);
    const holds = expected === undefined ? known === undefined : known !== undefined && equalBytes(known, expected);
    expect(result.ok === holds, `round ${round}: the condition was judged wrongly`);
    if (holds) {
      for (const change of writes) {
        if ('put' in change) model.set(toHex(change.key), { key: change.key, value: change.put });
        else model.delete(toHex(change.key));
      }
    }
    const options: ScanOptions = {
      ...(random(2) === 0 && { prefix: key() }),
      ...(random(2) === 0 && { after: key() }),
      ...(random(2) === 0 && { limit: random(6) }),
      ...(random(2) === 0 && { reverse: true }),
    };
    await expectScan(store, 'c', options, expectedScan(model, options), `round ${round}`);
  }
}

export const storeAcceptance: readonly StoreAcceptanceCase[] = [
  onOne('STO-1: an empty store answers undefined and an empty scan', async (store) => {
    expectValue(await store.get('c', bytes(1)), undefined, 'absent record');
    await expectScan(store, 'c', undefined, [], 'empty collection');
  }),

  onOne('STO-1: a put is read back, in its own collection only', async (store) => {
    await write(store, put('a', bytes(1), bytes(10)), put('b', bytes(1), bytes(20)));
    expectValue(await store.get('a', bytes(1)), bytes(10), 'collection a');
    expectValue(await store.get('b', bytes(1)), bytes(20), 'collection b');
    expectValue(await store.get('c', bytes(1)), undefined, 'collection c');
    await expectScan(store, 'a', {}, [{ key: bytes(1), value: bytes(10) }], 'scan of a');
  }),

  onOne('STO-1: a put replaces, a remove removes, to remove what is absent is no failure', async (store) => {
    await write(store, put('c', bytes(1), bytes(1)));
    await write(store, put('c', bytes(1), bytes(2, 2)), remove('c', bytes(9)));
    expectValue(await store.get('c', bytes(1)), bytes(2, 2), 'replaced');
    await write(store, remove('c', bytes(1)));
    expectValue(await store.get('c', bytes(1)), undefined, 'removed');
  }),

  onOne('STO-1: the writes of a commit apply in order', async (store) => {
    await write(
      store,
      put('c', bytes(1), bytes(1)),
      remove('c', bytes(1)),
      put('c', bytes(2), bytes(1)),
      put('c', bytes(2), bytes(2)),
      remove('c', bytes(3)),
      put('c', bytes(3), bytes(3)),
    );
    const left = [
      { key: bytes(2), value: bytes(2) },
      { key: bytes(3), value: bytes(3) },
    ];
    await expectScan(store, 'c', {}, left, 'later writes win');
  }),

  onOne('STO-1: empty keys and values, large values and views into larger arrays are stored exactly', async (store) => {
    const all = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);
    await write(store, put('c', bytes(), bytes()), put('c', all.subarray(7, 9), all.subarray(3)));
    expectValue(await store.get('c', bytes()), bytes(), 'empty key, empty value');
    expectValue(await store.get('c', bytes(7, 8)), all.slice(3), 'large value');
  }),

  onOne('STO-1: any text names a collection', async (store) => {
    const names = ['', 'a', 'a\0', 'a\0b', 'A', '\u00e4', 'a\u0308', "'; --", '%', '\u{1f511}'];
    await write(store, ...names.map((name, i) => put(name, bytes(1), bytes(i))));
    for (const [i, name] of names.entries()) {
      await expectScan(store, name, {}, [{ key: bytes(1), value: bytes(i) }], `collection ${JSON.stringify(name)}`);
    }
  }),

  onOne('STO-1: a thousand writes are one commit', async (store) => {
    const records = Array.from({ length: 1_000 }, (_, i) => ({ key: bytes(i >> 8, i & 255), value: bytes(i & 255) }));
    await write(store, ...records.map(({ key, value }) => put('c', key, value)));
    await expectScan(store, 'c', {}, records, 'all of them');
  }),

  onOne('STO-1: what a caller does to its arrays changes nothing that is stored', async (store) => {
    const key = bytes(1);
    const value = bytes(5);
    await write(store, put('c', key, value));
    key[0] = 2;
    value[0] = 6;
    expectValue(await store.get('c', bytes(1)), bytes(5), 'arrays given to commit');
    (await store.get('c', bytes(1)))?.fill(7);
    for (const record of await store.scan('c')) {
      record.key.fill(7);
      record.value.fill(7);
    }
    await expectScan(store, 'c', {}, [{ key: bytes(1), value: bytes(5) }], 'arrays answered');
  }),

  onOne('STO-1: a scan is in byte order, or in the reverse', async (store) => {
    await fill(store);
    await expectScan(store, 'c', undefined, ORDERED, 'forward');
    await expectScan(store, 'c', { reverse: true }, ORDERED.toReversed(), 'reverse');
  }),

  onOne('STO-1: a prefix admits exactly the keys that begin with it', async (store) => {
    await fill(store);
    for (const prefix of [bytes(), bytes(0), bytes(0x80), bytes(0xff), bytes(0xff, 0xff), bytes(5), bytes(0, 0, 0)]) {
      const expected = ORDERED.filter(({ key }) => equalBytes(key.subarray(0, prefix.length), prefix));
      await expectScan(store, 'c', { prefix }, expected, `prefix ${toHex(prefix)}`);
      const backward = { prefix, reverse: true };
      await expectScan(store, 'c', backward, expected.toReversed(), `prefix ${toHex(prefix)}, reverse`);
    }
  }),

  onOne('STO-1: after is exclusive, limit bounds, and paging visits every record once', async (store) => {
    await fill(store);
    await expectScan(store, 'c', { limit: 0 }, [], 'limit 0');
    await expectScan(store, 'c', { after: bytes(0), limit: 2 }, ORDERED.slice(2, 4), 'after 00');
    await expectScan(store, 'c', { after: bytes(0x7f, 1) }, ORDERED.slice(5), 'after a key that is not there');
    await expectScan(store, 'c', { after: bytes(0xff, 0xff, 0) }, [], 'after the last');
    await expectScan(store, 'c', { after: bytes(), reverse: true }, [], 'before the first');
    await expectScan(store, 'c', { prefix: bytes(0x80), after: bytes(0x80) }, ORDERED.slice(6, 8), 'within a prefix');
    await expectScan(store, 'c', { prefix: bytes(0x80), after: bytes(0xff) }, [], 'after the prefix');
    await expectScan(store, 'c', { prefix: bytes(0xff), after: bytes(1) }, ORDERED.slice(8), 'before the prefix');
    for (const reverse of [false, true]) {
      const visited: StoreRecord[] = [];
      for (;;) {
        const last = visited.at(-1);
        const page = await store.scan('c', { limit: 3, reverse, ...(last && { after: last.key }) });
        visited.push(...page);
        if (page.length === 0) break;
        expect(visited.length <= ORDERED.length, 'paging repeats records');
      }
      expect(show(visited) === show(reverse ? ORDERED.toReversed() : ORDERED), 'paging misses records');
    }
  }),

  onOne('STO-2: a commit whose conditions hold is written', async (store) => {
    const first = await store.commit([put('c', bytes(1), bytes())], [{ collection: 'c', key: bytes(1), is: 'absent' }]);
    expect(first.ok, 'absent holds');
    const next = await store.commit(
      [put('c', bytes(1), bytes(2))],
      [
        { collection: 'c', key: bytes(1), is: 'equal', value: bytes() },
        { collection: 'd', key: bytes(1), is: 'absent' },
      ],
    );
    expect(next.ok, 'equal holds, of an empty value too');
    expectValue(await store.get('c', bytes(1)), bytes(2), 'written');
  }),

  onOne('STO-2: a commit whose condition fails writes nothing at all', async (store) => {
    await write(store, put('c', bytes(1), bytes(1)));
    const writes = [put('d', bytes(1), bytes(1)), put('c', bytes(1), bytes(2)), remove('c', bytes(1))];
    const at = { collection: 'c', key: bytes(1) } as const;
    await expectConflict(store.commit(writes, [{ ...at, is: 'absent' }]), 'absent of a present record');
    await expectConflict(store.commit(writes, [{ ...at, is: 'equal', value: bytes(9) }]), 'another value');
    await expectConflict(store.commit(writes, [{ ...at, is: 'equal', value: bytes(1, 0) }]), 'a longer value');
    await expectConflict(store.commit(writes, [{ ...at, is: 'equal', value: bytes() }]), 'an empty value');
    const elsewhere = { collection: 'd', key: bytes(1) } as const;
    await expectConflict(store.commit(writes, [{ ...elsewhere, is: 'equal', value: bytes() }]), 'equal of nothing');
    await expectConflict(
      store.commit(writes, [
        { ...at, is: 'equal', value: bytes(1) },
        { ...elsewhere, is: 'equal', value: bytes(1) },
      ]),
      'the second of two conditions',
    );
    expectValue(await store.get('c', bytes(1)), bytes(1), 'unchanged');
    expectValue(await store.get('d', bytes(1)), undefined, 'not written');
  }),

  onOne('STO-2: conditions are judged before the writes of their commit; they may be all there is', async (store) => {
    const absent = [{ collection: 'c', key: bytes(1), is: 'absent' }] as const;
    expect((await store.commit([])).ok, 'an empty commit');
    expect((await store.commit([], absent)).ok, 'a condition alone');
    expect((await store.commit([put('c', bytes(1), bytes(1))], absent)).ok, 'absent before the put');
    await expectConflict(store.commit([remove('c', bytes(1))], absent), 'present before the remove');
    await expectConflict(store.commit([], absent), 'a condition alone that fails');
  }),

  onOne('STO-2: of commits that race for one absent record, one wins', async (store) => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        store.commit(
          [put('c', bytes(1), bytes(i)), put('winner', bytes(i), bytes())],
          [{ collection: 'c', key: bytes(1), is: 'absent' }],
        ),
      ),
    );
    expect(results.filter((result) => result.ok).length === 1, 'exactly one commit succeeds');
    const winner = results.findIndex((result) => result.ok);
    expectValue(await store.get('c', bytes(1)), bytes(winner), 'the record is that of the winner');
    await expectScan(store, 'winner', {}, [{ key: bytes(winner), value: bytes() }], 'nothing of the others');
  }),

  onOne('STO-1, STO-2: random commits and scans answer as a plain model does', compareWithModel),

  {
    name: 'STO-4: what was committed is there when the storage is opened again',
    async run(open) {
      for (let generation = 0; generation < 3; generation++) {
        const store = await open();
        const before = Array.from({ length: generation }, (_, i) => ({ key: bytes(i), value: bytes(i, i) }));
        await expectScan(store, 'c', {}, before, `generation ${generation}`);
        await write(store, put('c', bytes(generation), bytes(generation, generation)));
        await store.close();
      }
    },
  },

  {
    name: 'STO-4: a closed store refuses everything; to close it twice is no failure',
    async run(open) {
      const store = await open();
      await write(store, put('c', bytes(1), bytes(1)));
      await store.close();
      await store.close();
      const late = await store.commit([put('c', bytes(1), bytes(2))]);
      expect(!late.ok && late.error.code === 'E_STORE', 'commit fails with E_STORE');
      for (const read of [() => store.get('c', bytes(1)), () => store.scan('c')]) {
        const refusal: unknown = await read().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(refusal instanceof StoreError && refusal.failure.code === 'E_STORE', 'a read rejects with a StoreError');
      }
      const again = await open();
      expectValue(await again.get('c', bytes(1)), bytes(1), 'the refused commit left nothing');
      await again.close();
    },
  },
];
