/** Cards: an account with its identity and the proofs of both. */
import {
  decodeFileOf,
  encodeFile,
  fail,
  keyId,
  ok,
  openBundle,
  requireNoSurplus,
  toHex,
  verifyAccountGenesis,
  verifyIdentity,
  itemNames,
  type AccountGenesis,
  type BundleItem,
  type ChainId,
  type CryptoSuite,
  type KeyId,
  type Network,
  type Result,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { guardStore } from '../guard.ts';
import { contactRecords } from '../records/contact.ts';
import { readItem } from '../records/item.ts';

/** Who a verified card is about. */
export interface CardFacts {
  readonly account: ChainId;
  readonly identity: ChainId;
  /** `H("key", device key)`. */
  readonly device: KeyId;
  /** What the owner calls itself; proves nothing. */
  readonly name: string;
  readonly items: readonly BundleItem[];
}

/** The card of an account whose geneses this device holds, complete in itself. */
export async function cardItems(device: Device, account: ChainId): Promise<Result<readonly BundleItem[]>> {
  const { result, used } = await runAlone(device, [], (context) => verifyAccountGenesis(context, account));
  return result.ok ? ok(used) : result;
}

/** The file that contacts exchange. */
export const ownCard = (device: Device): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const items = await cardItems(device, device.account);
    return items.ok ? ok(encodeFile(device.suite, 'card', { account: device.account }, items.value)) : items;
  });

interface Verifier {
  readonly suite: CryptoSuite;
  readonly network: Network;
}

/** A card from a file: every byte is checked. */
export function openCardFile(verifier: Verifier, file: Uint8Array): Result<CardFacts> {
  const decoded = decodeFileOf(verifier.suite, 'card', file);
  return decoded.ok ? verifyCard(verifier, decoded.value.content.account, decoded.value.items) : decoded;
}

/** An account from the items of its card, which carry nothing else. */
export function verifyCard(
  { suite, network }: Verifier,
  account: ChainId,
  items: readonly BundleItem[],
): Result<CardFacts> {
  const bundle = openBundle(suite, items);
  if (!bundle.ok) return bundle;
  const { evidence } = bundle.value;
  const genesis = verifyAccountGenesis({ suite, network, evidence }, account);
  if (!genesis.ok) return genesis;
  const surplus = requireNoSurplus(bundle.value);
  if (!surplus.ok) return surplus;
  const { identity, key } = genesis.value;
  const owner = verifyIdentity({ suite, network, evidence }, identity);
  if (!owner.ok) return owner;
  const { name } = owner.value;
  return ok({ account, identity, device: keyId(suite, key), name, items });
}

/** The genesis operation of an account that this device holds. */
export async function readAccountGenesis(storage: Storage, account: ChainId): Promise<AccountGenesis | undefined> {
  const body = await readItem(storage, itemNames.genesis(account));
  if (body?.type !== 'body') return undefined;
  const item = await readItem(storage, itemNames.operation(body.body.op));
  const operation = item?.type === 'operation' ? item.operation : undefined;
  return operation?.kind === 'account' && operation.operation.type === 'genesis' ? operation.operation : undefined;
}

/**
 * The key that envelopes to a contact are sealed to: that of its identity's genesis (spec ENV-1). `E_CONTACT` for
 * whom this device has no card of.
 */
export const findKemKey = (storage: Storage, account: ChainId): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const contact = await contactRecords.read(storage, account);
    const body = contact && (await readItem(storage, itemNames.genesis(contact.identity)));
    const item = body?.type === 'body' ? await readItem(storage, itemNames.operation(body.body.op)) : undefined;
    const operation = item?.type === 'operation' && item.operation.kind === 'identity' ? item.operation : undefined;
    return operation
      ? ok(operation.operation.kemKey)
      : fail('E_CONTACT', 'WAL-9', `account ${toHex(account)} is not among the contacts: add its card first`);
  });
