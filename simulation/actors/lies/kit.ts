/**
 * What a modified client works with: a dream of its own wallet, that is the shipped program over a copy of its records
 * in memory, and states that no rule has looked at, signed with its own key. Its home knows nothing of either.
 */
import {
  ACCEPTED_LEAF,
  amount as amountCodec,
  editLeaves,
  hash as hashCodec,
  halfTermsCodec,
  hashOperation,
  memoryDisk,
  memoryStore,
  nextBody,
  outcomeCodec,
  outcomeLeaf,
  pruneTree,
  signMessage,
  stateHash,
  stateMessage,
  TERMS_LEAF,
  toHex,
  totalLeaf,
  treeRoot,
  type Accept,
  type Body,
  type BundleItem,
  type Pay,
  type Result,
  type StateHash,
  type Tree,
} from '@dsm/core';
import { accept, commit, receive, takeAck, type Device, type Exchanged } from '@dsm/wallet';
import type { HeldChain } from '../../../packages/wallet/src/chain/draft.ts';
import { allCollections } from '../../../packages/wallet/src/records/all.ts';
import { runCommand, type DeviceSeat } from '../../world/device.ts';
import type { Random } from '../../world/random.ts';
import type { World } from '../../world/world.ts';
import type { LetterKind } from '../letters.ts';

/** Two who know each other, and the name of what one of them is about to say. */
export interface Liar {
  readonly world: World;
  readonly random: Random;
  readonly name: string;
  readonly cheat: DeviceSeat;
  readonly honest: DeviceSeat;
}

/** Says something false. False: the occasion was not there. */
export type Lie = (liar: Liar) => Promise<boolean>;

/** The wallet over a copy of everything that it holds: what it does there, nobody has seen. */
export async function dreamOf(device: Device): Promise<Device> {
  const store = memoryStore(memoryDisk());
  for (const collection of allCollections) {
    const records = await device.store.scan(collection);
    await store.commit(records.map(({ key, value }) => ({ collection, key, put: value })));
  }
  return { ...device, store };
}

/** A state of a half that follows by form; whether it may, nobody has asked. */
export interface Bent {
  readonly body: Body;
  readonly hash: StateHash;
  readonly items: readonly BundleItem[];
}

export function bendHalf(
  device: Device,
  { tip, tree }: Pick<HeldChain, 'tip' | 'tree'>,
  operation: Pay | Accept,
): Bent {
  const { suite } = device;
  const leaves = editLeaves(suite, tree);
  const terms = leaves.read([...TERMS_LEAF.half], halfTermsCodec);
  const k = terms.ok && terms.value ? terms.value.k : 1;
  if (operation.type === 'pay') {
    leaves.read(totalLeaf(operation.vault), amountCodec);
    leaves.write(totalLeaf(operation.vault), amountCodec, operation.total);
  } else {
    leaves.write(ACCEPTED_LEAF, hashCodec(), operation.precommit);
    for (const { precommit, outcome } of operation.outcomes)
      leaves.write(outcomeLeaf(precommit), outcomeCodec, outcome);
  }
  const op = hashOperation(suite, { kind: 'half', operation });
  const body = nextBody(suite, tip, { op, window: operation.window, root: treeRoot(leaves.tree()), k });
  const items: readonly BundleItem[] = [
    { type: 'body', body },
    { type: 'operation', operation: { kind: 'half', operation } },
    { type: 'witness', tree: pruneTree(tree, leaves.touched()) },
  ];
  return { body, hash: stateHash(suite, body), items };
}

/** The signature of this device, with its true key. */
export function signBent(
  device: Device,
  { body, hash }: Pick<Bent, 'body' | 'hash'>,
  purpose: 'state' | 'ack' = 'state',
): BundleItem {
  const message = stateMessage(device, body.chain, body.index, hash);
  const signature = signMessage(device.suite, device.key.secretKey, purpose, message);
  return { type: 'signature', purpose, subject: hash, position: 0, signature };
}

/** What is said in place of the truth: the rest of the letter stays as the shipped program wrote it. */
export function exchangeItems(
  { suite }: Device,
  items: readonly BundleItem[],
  truth: StateHash,
  instead: readonly BundleItem[],
): readonly BundleItem[] {
  const spoken = items.find((item) => item.type === 'body' && isState(suite, item.body, truth));
  const op = spoken?.type === 'body' ? spoken.body.op : undefined;
  const rest = items.filter((item) => {
    if (item === spoken) return false;
    if (item.type === 'signature') return Buffer.compare(item.subject, truth) !== 0;
    return !(item.type === 'operation' && op && Buffer.compare(hashOperation(suite, item.operation), op) === 0);
  });
  // One root has one witness: that of the lie takes the place of that of the truth.
  const rootOf = (tree: Tree): string => toHex(treeRoot(tree));
  const roots = new Set(instead.flatMap((item) => (item.type === 'witness' ? [rootOf(item.tree)] : [])));
  const others = rest.filter((item) => item.type !== 'witness' || !roots.has(rootOf(item.tree)));
  return [...others, ...instead];
}

const isState = (suite: Device['suite'], body: Body, hash: StateHash): boolean =>
  Buffer.compare(stateHash(suite, body), hash) === 0;

const TURNS: Readonly<Record<LetterKind, (device: Device, bytes: Uint8Array) => Promise<Result<Exchanged>>>> = {
  offer: accept,
  accept: commit,
  request: commit,
  commit: receive,
  ack: takeAck,
};

/** What the person was told of a lie: the check on lies reads it. */
export interface LieTold {
  readonly name: string;
  /** Must be refused, and nothing may change. */
  readonly refusable: boolean;
  readonly code: string | undefined;
  /** Commits to the disk of whoever was lied to. */
  readonly commits: number;
}

/** Hands the letter over, by hand. `refusable` false: it is well said, and only must not do any harm. */
export async function hand(
  { world, honest, name }: Liar,
  kind: LetterKind,
  message: Uint8Array,
  refusable = true,
): Promise<Uint8Array | undefined> {
  const { disk } = honest.who;
  let commits = 0;
  const done = await runCommand(world, honest, kind, async (device) => {
    const before = disk.commits;
    const result = await TURNS[kind](device, message);
    commits = disk.commits - before;
    return result;
  });
  if (done.type === 'crashed') return undefined;
  const { result } = done;
  world.count(`lie: ${name}`);
  const end = `lie ${name}: ${result.ok ? 'ok' : result.error.code}`;
  world.told.set(end, (world.told.get(end) ?? 0) + 1);
  const value: LieTold = { name, refusable, code: result.ok ? undefined : result.error.code, commits };
  world.note({ type: 'told', by: honest.who, command: 'lie', failure: undefined, value });
  return result.ok ? (result.value.message ?? undefined) : undefined;
}
