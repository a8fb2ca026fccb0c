/** All that is checked, and when: after each kill what it may have hurt, in the end everything. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeFile,
  decodeItem,
  fromHex,
  toHex,
  verifyFile,
  type BundleItem,
  type CryptoSuite,
  type NetworkFile,
  type Store,
} from '@dsm/core';
import { withCopy } from './check/copy.ts';
import { openHeadBook, openLogReader, type LogReader } from './check/heads.ts';
import { checkFacts, readHome, type HomeView } from './check/home.ts';
import {
  certificateKey,
  harvestItems,
  harvestStore,
  openStateBook,
  readStoredItem,
  type StateBook,
} from './check/states.ts';
import type { Violations } from './check/violations.ts';
import type { ChainState } from '@dsm/wallet';
import { addEntry, readEntries, type Progress } from './diary.ts';
import type { Fact } from './facts.ts';
import { walletPath } from './homes.ts';
import { nodeStore } from './nodes.ts';

export interface Checks {
  readonly suite: CryptoSuite;
  readonly file: NetworkFile;
  readonly heads: ReturnType<typeof openHeadBook>;
  readonly book: StateBook;
  readonly logs: readonly LogReader[];
  readonly note: (fact: Fact) => void;
  readonly factsOf: (home: string) => Iterable<Fact>;
  readonly countFacts: () => number;
  readonly checkHome: (home: string) => Promise<HomeView | undefined>;
  readonly checkNode: (node: number) => Promise<void>;
  /** A file of the load; `complete`: it must verify with nothing but itself. */
  readonly checkFile: (path: string) => void;
  /** The final states of an account as the nodes have them. To be called when all nodes are down. */
  readonly readAccount: (account: string) => Promise<readonly ChainState[]>;
  /** Final states that were acknowledged are with the nodes. To be called when all nodes are down. */
  readonly checkFinals: () => Promise<number>;
}

/** Of one fact only the newest version counts: a payment goes on. */
const keyOf = (fact: Fact): string => {
  switch (fact.type) {
    case 'state':
      return `state ${fact.index}`;
    case 'payment':
      return `payment ${fact.payment}`;
    case 'credit':
      return `credit ${fact.chain} ${fact.index}`;
    case 'claim':
      return `claim ${fact.reservation} ${fact.total}`;
    case 'reservation':
      return `reservation ${fact.reservation}`;
    case 'token':
      return `token ${fact.token}`;
    case 'contact':
      return `contact ${fact.account}`;
    case 'file':
      return `file ${fact.path}`;
  }
};

interface Books {
  readonly dir: string;
  readonly suite: CryptoSuite;
  readonly file: NetworkFile;
  readonly progress: Progress;
  readonly violations: Violations;
}

export function openChecks({ dir, suite, file, progress, violations }: Books): Checks {
  const { network } = file;
  const facts = new Map<string, Map<string, Fact>>();
  let recalling = true;
  const heads = openHeadBook({ suite, network }, violations, (node, size, root) =>
    addEntry(dir, { is: 'head', node, size, root }),
  );
  const book = openStateBook(
    { suite, network, heads, violations },
    (key, hash) => addEntry(dir, { is: 'place', key, hash }),
    (chain) => progress.cheats.some(({ account }) => account === chain),
  );
  const stores = network.nodes.map((_, node) => nodeStore(dir, node));
  const logs = network.nodes.map((_, node) => openLogReader(suite, node, violations));

  /** Of two payments out of one balance one at most is ever final; before that nothing is promised. */
  const isUncertain = (fact: Fact): boolean =>
    fact.type === 'payment' &&
    fact.status !== 'final' &&
    progress.cheats.some(({ payments }) => payments.includes(fact.payment));

  const note = (fact: Fact): void => {
    if (isUncertain(fact)) return;
    const own = facts.get(fact.home) ?? new Map<string, Fact>();
    facts.set(fact.home, own);
    const key = keyOf(fact);
    const known = own.get(key);
    if (known && JSON.stringify(known) === JSON.stringify(fact)) return;
    // An older answer repeated says less than what is known already.
    if (known?.type === 'payment' && known.status === 'final') return;
    if (known?.type === 'state' && fact.type === 'state' && known.hash !== fact.hash) {
      violations.add(`home ${fact.home}: state ${fact.index} was ${known.hash}, and is ${fact.hash} in another answer`);
    }
    own.set(key, fact);
    if (!recalling) addEntry(dir, { is: 'fact', fact });
  };

  for (const entry of readEntries(dir)) {
    if (entry.is === 'fact') note(entry.fact);
    else if (entry.is === 'place') book.places.set(entry.key, entry.hash);
    else if (entry.is === 'head') heads.recall(entry.node, entry.size, fromHex(entry.root) ?? new Uint8Array());
  }
  recalling = false;

  const checkFile = (path: string): void => {
    const bytes = readFileSync(join(dir, path));
    const decoded = decodeFile(suite, bytes);
    if (!decoded.ok) return violations.add(`${path} cannot be read: ${decoded.error.message}`);
    harvestItems(book, decoded.value.items, path);
    const verdict = verifyFile(suite, network, bytes);
    progress.checks++;
    if (!verdict.ok) violations.add(`${path} does not verify: ${verdict.error.code} ${verdict.error.message}`);
  };

  return {
    suite,
    file,
    heads,
    book,
    logs,
    note,
    factsOf: (home) => facts.get(home)?.values() ?? [],
    countFacts: () => [...facts.values()].reduce((sum, own) => sum + own.size, 0),
    checkFile,
    async checkHome(home) {
      const looked = await withCopy(walletPath(dir, home), async (store) => {
        await harvestStore(book, store, 'sealed', `home ${home}`);
        await countOpen(store, progress);
        try {
          return await readHome({ suite, network }, home, store);
        } catch (thrown) {
          violations.add(`home ${home} cannot be read: ${String(thrown)}`);
          return undefined;
        }
      });
      if (!looked.ok) {
        violations.add(`home ${home} does not open: ${looked.error.code} ${looked.error.message}`);
        return undefined;
      }
      if (looked.value) progress.checks += checkFacts(looked.value, facts.get(home)?.values() ?? [], violations);
      return looked.value;
    },
    async checkNode(node) {
      const looked = await withCopy(nodeStore(dir, node), async (store) => {
        await logs[node]?.read(store);
        await harvestStore(book, store, 'bare', `node ${node + 1}`);
        progress.checks += logs[node]?.checkHeads(heads) ?? 0;
      });
      if (!looked.ok) violations.add(`node ${node + 1} does not open: ${looked.error.code} ${looked.error.message}`);
    },
    readAccount: (account) => readAccount(suite, stores, account),
    async checkFinals() {
      const wanted: Extract<Fact, { type: 'state' }>[] = [];
      for (const own of facts.values()) for (const fact of own.values()) if (fact.type === 'state') wanted.push(fact);
      const holders = new Map<Fact, number>();
      for (const node of network.nodes.keys()) {
        await withCopy(nodeStore(dir, node), async (store) => {
          for (const fact of wanted) {
            const stored = await store.get('item', certificateKey(fact.chain, fact.index));
            const item = stored && readStoredItem(suite, stored, 'bare');
            if (item?.type !== 'certificate') continue;
            if (toHex(item.certificate.hash) !== fact.hash) {
              violations.add(`node ${node + 1} has another final state ${fact.index} of ${fact.chain}`);
            }
            holders.set(fact, (holders.get(fact) ?? 0) + 1);
          }
        });
      }
      for (const fact of wanted) {
        const count = holders.get(fact) ?? 0;
        if (count < network.quorum) {
          violations.add(`state ${fact.index} of ${fact.chain} was certified, and ${count} nodes know it`);
        }
      }
      progress.checks += wanted.length;
      return wanted.length;
    },
  };
}

/** From state 1 on. Any node may lack a state that a quorum of others has. */
async function readAccount(
  suite: CryptoSuite,
  paths: readonly string[],
  account: string,
): Promise<readonly ChainState[]> {
  const found = new Map<number, ChainState>();
  const place = `certificate ${account} `;
  for (const path of paths) {
    await withCopy(path, async (store) => {
      const read = async (name: string): Promise<BundleItem | undefined> => {
        const stored = await store.get('item', new TextEncoder().encode(name));
        return stored && readStoredItem(suite, stored, 'bare');
      };
      for (const { value } of await store.scan('item', { prefix: new TextEncoder().encode(place) })) {
        const item = readStoredItem(suite, value, 'bare');
        if (item?.type !== 'certificate' || found.has(item.certificate.index)) continue;
        const { hash, index } = item.certificate;
        const body = await read(`body ${toHex(hash)}`);
        if (body?.type !== 'body') continue;
        const operation = await read(`operation ${toHex(body.body.op)}`);
        if (operation?.type !== 'operation') continue;
        found.set(index, { index, hash, status: 'final', body: body.body, operation: operation.operation });
      }
    });
  }
  return [...found.values()].toSorted((one, other) => one.index - other.index);
}

/** Rows of the journal whose state is an intent, and those that are signed and not final. */
async function countOpen(store: Store, progress: Progress): Promise<void> {
  const statuses: unknown[] = [];
  for (const { key } of await store.scan('journal')) {
    const row = await store.get('state', key);
    const sealed = row && decodeItem(row, 2 * row.length);
    const content = sealed?.ok === true && Array.isArray(sealed.value) ? (sealed.value[1] as unknown) : undefined;
    const state = content instanceof Uint8Array ? decodeItem(content) : undefined;
    if (state?.ok === true && Array.isArray(state.value)) statuses.push(state.value[1]);
  }
  if (statuses.includes(1)) progress.unsigned++;
  else if (statuses.length > 0) progress.unsettled++;
}
