/**
 * Which slots this device may have to drive, and with what: the own account where it is open, states of payers that
 * payments to this device rest on, and places of reservations that it has drafts for.
 */
import {
  equalBytes,
  fail,
  itemNames,
  makeVoid,
  ok,
  orderFork,
  releaseWindow,
  verifyCandidate,
  type Body,
  type BundleItem,
  type ChainId,
  type Result,
  type StateHash,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import { openRun } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { packageOf } from '../directory/certify.ts';
import { runAlone } from '../evidence/run-with.ts';
import { heldRuns, isGivenUp } from '../exchange/totals.ts';
import { readChain } from '../records/chain.ts';
import { listEvidenceRecords } from '../records/evidence.ts';
import { readFinal } from '../records/final.ts';
import { readItem } from '../records/item.ts';
import { isLive, listReservations } from '../records/reservation.ts';
import { readState } from '../records/state.ts';
import { draftKey, listVaultDrafts, vaultDraftRecords } from '../records/vault-draft.ts';
import { openStates } from '../sync/held.ts';
import { readTerms } from '../vault/record.ts';
import type { Candidate, OpenSlot } from './drive.ts';

/** A place that is not final, and the signed states that this device has for it, the most wanted first. */
export interface OpenPlace {
  readonly kind: 'own' | 'held' | 'vault';
  readonly chain: ChainId;
  readonly index: number;
  readonly states: readonly StateHash[];
}

/** The lowest open place of every chain that matters to this device. */
export async function openPlaces(device: Device): Promise<Result<readonly OpenPlace[]>> {
  const own = await openRun(device);
  if (!own.ok) return own;
  const places: OpenPlace[] = [];
  const [first] = own.value;
  const record = await readChain(device, device.account);
  if (first && record && first.status === 'signed') {
    places.push({
      kind: 'own',
      chain: device.account,
      index: record.certifiedTip.index + 1,
      states: [first.hash],
    });
  }
  for (const reservation of await listReservations(device)) {
    const { vault } = reservation;
    const isOpen = isLive(reservation) && !isGivenUp(device, reservation);
    const chain = isOpen ? await readChain(device, vault) : undefined;
    if (!chain) continue;
    const index = chain.certifiedTip.index + 1;
    const states = await listVaultDrafts(device, vault, index);
    if (states.length > 0) places.push({ kind: 'vault', chain: vault, index, states });
  }
  // Those of others last: whatever they do, it must not use up the patience before a claim is decided.
  for (const { payment } of await heldRuns(device)) {
    const [hash] = payment.state ? await openStates(device, payment.state) : [];
    const body = hash && (await readBody(device, hash));
    if (!hash || !body || places.some((place) => isPlace(place, body))) continue;
    places.push({ kind: 'held', chain: body.chain, index: body.index, states: [hash] });
  }
  return ok(places);
}

type Place = Pick<OpenPlace, 'chain' | 'index'>;

const isPlace = (one: Place, other: Place): boolean => one.index === other.index && equalBytes(one.chain, other.chain);

/** Everything that it takes to drive an open place. */
export async function openSlot(device: Device, place: OpenPlace): Promise<Result<OpenSlot>> {
  const { chain, index } = place;
  const candidates: Candidate[] = [];
  for (const hash of place.states) {
    const made = await packageOf(device, hash, await attachedOf(device, place, hash));
    if (!made.ok) return made;
    candidates.push({ hash, items: made.value.items });
  }
  const [shown] = candidates;
  const body = shown && (await readBody(device, shown.hash));
  if (!shown || !body) return fail('E_NOT_FOUND', 'WAL-13', 'there is no signed state for this place');
  if (place.kind === 'vault') return vaultSlot(device, place, candidates, body);
  const evidence = (await listEvidenceRecords(device)).find(({ fork }) => isPlace(fork, place));
  const fork = evidence ? { fork: evidence.fork, items: evidence.items } : null;
  const empty = await voidOf(device, body);
  if (!empty.ok) return empty;
  const isOver = device.clock() > lapsesMs(device, body);
  return ok({
    chain,
    index,
    shown,
    fork,
    candidates: isOver ? [empty.value] : [...candidates, empty.value],
    notBeforeMs: fork ? 0 : lapsesMs(device, body) + 1,
    latestMs: lapsesMs(device, body) + 1,
  });
}

/** Two drafts for one place are a reason for rounds; a node may have met another one than these as well. */
async function vaultSlot(
  device: Device,
  { chain, index }: OpenPlace,
  candidates: readonly Candidate[],
  shown: Body,
): Promise<Result<OpenSlot>> {
  const [first, second] = candidates;
  const terms = await readTerms(device, chain);
  if (!first || !terms) return fail('E_NOT_FOUND', 'WAL-13', 'there is no signed state for this place');
  return ok({
    chain,
    index,
    shown: first,
    candidates,
    fork: second ? { fork: orderFork(shown.chain, index, first.hash, second.hash), items: second.items } : null,
    notBeforeMs: 0,
    latestMs: releaseWindow(device.network, terms).from,
  });
}

/** When nodes end a state of an account that is not final, unless a fork is proved. */
export const lapsesMs = ({ network }: Device, { window }: Body): number => window.until + network.gapMs;

async function attachedOf(
  device: Device,
  { kind, chain, index }: OpenPlace,
  hash: StateHash,
): Promise<readonly BundleItem[]> {
  if (kind === 'vault') return (await vaultDraftRecords.read(device, draftKey(chain, index, hash))) ?? [];
  const state = await readState(device, chain, index);
  return state && equalBytes(state.hash, hash) ? state.attached : [];
}

/** The void beside this state, with what a node that knows nothing needs. */
async function voidOf(device: Device, body: Body): Promise<Result<Candidate>> {
  const parent = await readBody(device, body.prev);
  const witness = parent && (await readItem(device, itemNames.witness(parent.root)));
  if (!parent || witness?.type !== 'witness') return fail('E_DAMAGED', 'WAL-1', 'the state below is missing');
  const made = await runAlone(device, [], (context) => makeVoid(context, parent, witness.tree));
  if (!made.result.ok) return made.result;
  const { hash, items } = made.result.value;
  const { result, used } = await runAlone(device, items, (context) => verifyCandidate(context, hash));
  return result.ok ? ok({ hash, items: used }) : result;
}

/** Whether another state than these is known to be final there, or one of these. */
export const isDecided = async (device: Device, { chain, index }: Place): Promise<boolean> =>
  (await readFinal(device, chain, index)) !== undefined;
