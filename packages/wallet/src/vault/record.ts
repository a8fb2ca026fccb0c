/** A reservation as this device keeps it: terms, newest final state, and its row. */
import {
  CLAIMED_LEAF,
  amount,
  editLeaves,
  equalBytes,
  fail,
  itemNames,
  makeReservation,
  must,
  ok,
  RELEASED_LEAF,
  stateHash,
  StoreError,
  treeRoot,
  type Body,
  type ChainId,
  type CryptoSuite,
  type Result,
  type Tree,
  type VaultGenesis,
  type Write,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { damaged } from '../guard.ts';
import { chainUnchanged, putChain, readChain, type ChainRecord } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems, readItem } from '../records/item.ts';
import { reservationRecords, type ReservationRecord } from '../records/reservation.ts';
import { stateRecords, type StateRecord } from '../records/state.ts';

/** A vault at its newest final state. */
export interface HeldVault {
  readonly vault: ChainId;
  readonly terms: VaultGenesis;
  readonly record: ChainRecord;
  readonly reservation: ReservationRecord;
  /** Newest final state. */
  readonly tip: Body;
  readonly tree: Tree;
}

/** Rows and items of a reservation that this device has just come to know. Nothing in them says that it is funded. */
export function vaultWrites(
  device: Device,
  terms: VaultGenesis,
  { status, total = 0n }: Pick<ReservationRecord, 'status'> & Partial<Pick<ReservationRecord, 'total'>>,
): Write[] {
  const { body } = makeReservation(device.suite, device.network.id, terms);
  const vault = body.chain;
  const { payer, payee, token, funded, until } = terms;
  return [
    ...putItems(device, [
      { type: 'body', body },
      { type: 'operation', operation: { kind: 'vault', operation: terms } },
    ]),
    ...chainWrites(device, body, terms.k),
    reservationRecords.put(device, vault, { vault, payer, payee, token, funded, until, total, claimed: 0n, status }),
  ];
}

/** The chain of a vault at its genesis. */
function chainWrites(device: Device, genesis: Body, k: number): Write[] {
  const tip = { index: 0, hash: stateHash(device.suite, genesis) };
  const state: StateRecord = { hash: tip.hash, status: 'final', mode: 'online', attached: [] };
  return [
    putChain(device, genesis.chain, { kind: 'vault', tip, certifiedTip: tip, k }),
    stateRecords.put(device, placeKey(genesis.chain, 0), state),
  ];
}

/** The chain's row. A payee that has met a reservation in an offer only begins to keep its chain here. */
export async function ensureVaultChain(device: Device, vault: ChainId): Promise<ChainRecord | undefined> {
  const known = await readChain(device, vault);
  if (known) return known;
  const terms = await readTerms(device, vault);
  if (!terms) return undefined;
  const { body } = makeReservation(device.suite, device.network.id, terms);
  const made = await device.store.commit(chainWrites(device, body, terms.k), [
    chainUnchanged(device, vault, undefined),
  ]);
  if (!made.ok && made.error.code !== 'E_CONFLICT') throw new StoreError(made.error);
  return readChain(device, vault);
}

/** The terms of a vault, from its genesis. */
export async function readTerms(device: Device, vault: ChainId): Promise<VaultGenesis | undefined> {
  const body = await readItem(device, itemNames.genesis(vault));
  if (body?.type !== 'body') return undefined;
  const item = await readItem(device, itemNames.operation(body.body.op));
  const operation = item?.type === 'operation' ? item.operation : undefined;
  return operation?.kind === 'vault' && operation.operation.type === 'genesis' ? operation.operation : undefined;
}

/** `E_NOT_FOUND` when this device does not know the reservation. */
export async function openVault(device: Device, vault: ChainId): Promise<Result<HeldVault>> {
  const record = await ensureVaultChain(device, vault);
  const reservation = await reservationRecords.read(device, vault);
  const terms = await readTerms(device, vault);
  if (!record || !reservation || !terms) return fail('E_NOT_FOUND', 'RES-1', 'this device knows no such reservation');
  const tip = await readBody(device, record.certifiedTip.hash);
  if (!tip) throw damaged('the newest state of a reservation is missing');
  const tree = treeOf(device, terms, reservation, tip.index);
  if (!equalBytes(treeRoot(tree), tip.root)) throw damaged('a reservation does not have the root of its state');
  return ok({ vault, terms, record, reservation, tip, tree });
}

/** The leaves of a vault follow from its terms, what was claimed and what was taken back. */
function treeOf(device: Device, terms: VaultGenesis, reservation: ReservationRecord, index: number): Tree {
  const { suite, network } = device;
  const genesis = makeReservation(suite, network.id, terms);
  if (index === 0) return genesis.tree;
  return withPayouts(suite, genesis.tree, reservation);
}

function withPayouts(suite: CryptoSuite, tree: Tree, { claimed, funded, status }: ReservationRecord): Tree {
  const leaves = editLeaves(suite, tree);
  if (claimed > 0n) must(leaves.write(CLAIMED_LEAF, amount, claimed));
  if (status === 'released') must(leaves.write(RELEASED_LEAF, amount, funded - claimed));
  return leaves.tree();
}
