/**
 * Appending to a vault, always on its newest final state. Several may append to one, so a draft that is not final yet
 * may be followed by another for the same slot: bodies are canonical, a claim's signature covers the total and not the
 * slot, and neither draft can be held against its signer. All drafts are kept until one state is final there.
 */
import {
  claimWindow,
  draftTransition,
  fail,
  ok,
  releaseWindow,
  signMessage,
  equalKeys,
  type BundleItem,
  type ChainId,
  type Claim,
  type Close,
  type Release,
  type Result,
  type Transition,
  type VaultOperation,
  type Write,
} from '@dsm/core';
import { itemsOfDraft } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { chainUnchanged, putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { stateRecords, type StateRecord } from '../records/state.ts';
import { draftKey, vaultDraftRecords } from '../records/vault-draft.ts';
import { requireMaySign } from '../restore/guard.ts';
import { openVault, type HeldVault } from './record.ts';

/** Base units claimed with the newest final state deducted: the canonical claim of this total. */
export const claimOperation = ({ terms, reservation }: HeldVault, total: bigint): Claim => ({
  type: 'claim',
  window: claimWindow(terms),
  to: terms.payee,
  token: terms.token,
  amount: total - reservation.claimed,
  total,
});

export const closeOperation = ({ terms, reservation }: HeldVault): Close => ({
  type: 'close',
  window: claimWindow(terms),
  to: terms.payer,
  token: terms.token,
  amount: terms.funded - reservation.claimed,
});

export const releaseOperation = (device: Device, { terms, reservation }: HeldVault): Release => ({
  type: 'release',
  window: releaseWindow(device.network, terms),
  to: terms.payer,
  token: terms.token,
  amount: terms.funded - reservation.claimed,
});

/**
 * Drafts and signs the claim of a cumulative total on the newest final state. `proof`: the `total` item, the payer's
 * half state, its signature, and the witness of the one leaf. `E_TOTAL` if as much has been claimed before.
 */
export async function appendClaim(
  device: Device,
  vault: ChainId,
  total: bigint,
  proof: readonly BundleItem[],
): Promise<Result<Transition>> {
  const held = await openVault(device, vault);
  if (!held.ok) return held;
  if (total <= held.value.reservation.claimed) return fail('E_TOTAL', 'RES-4', 'claimed already');
  return appendVault(device, held.value, claimOperation(held.value, total), proof);
}

/** Drafts and signs the return of the rest by its payee. The reservation is `closing`, and nothing is unclaimed. */
export async function appendClose(device: Device, vault: ChainId): Promise<Result<Transition>> {
  const held = await openVault(device, vault);
  if (!held.ok) return held;
  const may = await requireMaySign(device);
  return may.ok ? appendVault(device, held.value, closeOperation(held.value), []) : may;
}

/** Drafts and signs the release of the rest. `E_TOO_EARLY` before E + gap. */
export async function appendRelease(device: Device, vault: ChainId): Promise<Result<Transition>> {
  const held = await openVault(device, vault);
  if (!held.ok) return held;
  const may = await requireMaySign(device);
  if (!may.ok) return may;
  const operation = releaseOperation(device, held.value);
  if (device.clock() < operation.window.from) {
    return fail('E_TOO_EARLY', 'RES-5', 'the reservation is not over yet');
  }
  return appendVault(device, held.value, operation, []);
}

async function appendVault(
  device: Device,
  held: HeldVault,
  operation: VaultOperation,
  attached: readonly BundleItem[],
): Promise<Result<Transition>> {
  const { vault, tip, tree, record } = held;
  const { result } = await runWith(device, attached, (context) =>
    draftTransition(context, tip, { kind: 'vault', operation }, tree),
  );
  if (!result.ok) return result;
  const transition = result.value;
  const { authority, hash, body } = transition;
  if (authority === null || !equalKeys(authority.key, device.key.publicKey)) {
    return fail('E_SIGNATURE', 'CHN-12', 'somebody else may append here, not this device');
  }
  const place = placeKey(vault, body.index);
  const state: StateRecord = { hash, status: 'signed', mode: 'online', attached };
  const signature = signMessage(device.suite, device.key.secretKey, authority.purpose, authority.message(hash));
  const writes: Write[] = [
    ...putItems(device, [
      ...itemsOfDraft({ held: { chain: vault, record, tip, tree }, transition, overlay: attached }),
      { type: 'signature', purpose: authority.purpose, subject: hash, position: 0, signature },
    ]),
    stateRecords.put(device, place, state),
    vaultDraftRecords.put(device, draftKey(vault, body.index, hash), attached),
    journalRecords.put(device, place, true),
    putChain(device, vault, { ...record, tip: { index: body.index, hash } }),
  ];
  const committed = await device.store.commit(writes, [chainUnchanged(device, vault, record)]);
  if (committed.ok) return ok(transition);
  return committed.error.code === 'E_CONFLICT'
    ? fail('E_STALE', 'WAL-3', 'the reservation has moved meanwhile')
    : committed;
}
