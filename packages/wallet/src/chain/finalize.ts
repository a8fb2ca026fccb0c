/**
 * What follows from a Final: in one commit the certificate, the certified tip of the chain, the payment, the
 * reservation, the credit and the newest certified time all say so.
 */
import {
  creditNullifier,
  done,
  equalBytes,
  makeReservation,
  reservationGenesis,
  stateHash,
  type Body,
  type BundleItem,
  type Certificate,
  type Operation,
  type Result,
  type StateHash,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { chainUnchanged, putChain, readChain, type ChainRecord } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { creditRecords } from '../records/credit.ts';
import { finalRecords, readFinal } from '../records/final.ts';
import { putItems } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { reservationRecords } from '../records/reservation.ts';
import { readRestoredIndex, restoredRecords } from '../records/restore.ts';
import { readState, stateRecords, type StateRecord } from '../records/state.ts';
import { draftKey, listVaultDrafts, vaultDraftRecords } from '../records/vault-draft.ts';
import { buryRun, isVoidOfOwn } from './bury.ts';
import { readBody } from './draft.ts';
import { lostPayments, settledPayments } from './settled.ts';
import { noteTime, timeWrites } from './time.ts';

/** A state together with the verified proof that it is final. */
export interface FinalState {
  readonly certificate: Certificate;
  readonly body: Body;
  readonly operation: Operation;
  /** What else came along and is worth keeping. */
  readonly items?: readonly BundleItem[];
}

/**
 * Records a Final. `delivered`: enough nodes are known to have it, so nothing remains to be done for this state.
 * Idempotent. A Final of another state than the one that this device holds at that place marks that one `lost`,
 * with every payment that rests on it.
 */
export async function recordFinal(
  device: Device,
  final: FinalState,
  { delivered }: { readonly delivered: boolean },
): Promise<Result<undefined>> {
  const { certificate, body, operation, items = [] } = final;
  const place = placeKey(body.chain, body.index);
  const known = await readFinal(device, body.chain, body.index);
  const chain = await readChain(device, body.chain);
  if (known && !isBehind(final, known, chain)) {
    if (!delivered) return done;
    return device.store.commit([journalRecords.remove(place)]);
  }
  const state = await readState(device, body.chain, body.index);
  const buried = chain && isVoidOfOwn(device, final, chain) ? chain : undefined;
  const lost = !buried && lostTo(final, state);
  const committed = await device.store.commit(
    [
      ...putItems(device, [
        { type: 'certificate', certificate },
        { type: 'body', body },
        { type: 'operation', operation },
        ...items,
      ]),
      finalRecords.put(device, place, certificate.hash),
      ...(buried ? await buryRun(device, body, certificate.hash, buried) : []),
      ...(buried ? [] : chainWrites(device, final, chain, await stateOf(device, final, state))),
      ...(lost ? await deadBranch(device, body, certificate.hash) : []),
      // Whoever it is about, it is not done before enough nodes have been told.
      delivered ? journalRecords.remove(place) : journalRecords.put(device, place, true),
      ...(await draftRemovals(device, body)),
      ...timeWrites(device, body),
      ...(await effectsOf(device, body, operation)),
      ...(await settledPayments(device, body, operation)),
      ...(lost ? await lostPayments(device, body.chain, body.index, certificate.hash) : []),
    ],
    [...(known ? [] : [finalRecords.isAbsent(place)]), chainUnchanged(device, body.chain, chain)],
  );
  if (committed.ok) noteTime(device, body);
  return committed;
}

/**
 * A claim may have been learnt of from its credit, when this device did not keep the chain of the reservation yet: the
 * chain and the row of the reservation still have to follow, or nothing could be claimed above it.
 */
const isBehind = (
  { body: { index }, certificate: { hash } }: FinalState,
  known: StateHash,
  chain: ChainRecord | undefined,
): boolean => chain?.kind === 'vault' && index > chain.certifiedTip.index && equalBytes(known, hash);

/** The row of the state; of several drafts for a slot of a vault the row may be another's. */
async function stateOf(
  device: Device,
  { body: { chain, index }, certificate: { hash } }: FinalState,
  state: StateRecord | undefined,
): Promise<StateRecord | undefined> {
  const attached = await vaultDraftRecords.read(device, draftKey(chain, index, hash));
  return attached ? { hash, status: 'signed', mode: 'online', attached } : state;
}

/** The row of the state, and that of the chain where this device keeps it. */
function chainWrites(
  device: Device,
  { body, certificate }: FinalState,
  chain: ChainRecord | undefined,
  state: StateRecord | undefined,
): Write[] {
  const place = placeKey(body.chain, body.index);
  const isOurs = state !== undefined && equalBytes(state.hash, certificate.hash);
  // Of an account that a copy of this wallet goes on with, the leaves are not here: the chain stays where it is.
  if (!chain || (chain.kind === 'account' && !isOurs)) {
    const status = isOurs ? 'final' : 'lost';
    return state ? [stateRecords.put(device, place, { ...state, status }), journalRecords.remove(place)] : [];
  }
  const tip = { index: body.index, hash: certificate.hash };
  const final: StateRecord = isOurs
    ? { ...state, status: 'final' }
    : { hash: certificate.hash, status: 'final', mode: 'online', attached: [] };
  const moved: ChainRecord = {
    ...chain,
    certifiedTip: body.index > chain.certifiedTip.index ? tip : chain.certifiedTip,
    tip: body.index >= chain.tip.index ? tip : chain.tip,
  };
  return [stateRecords.put(device, place, final), putChain(device, body.chain, moved)];
}

/** Where another state than the one held is final, whatever rested on that one is lost. */
const lostTo = ({ body, certificate }: FinalState, state: StateRecord | undefined): boolean =>
  body.kind === 'account' && state !== undefined && !equalBytes(state.hash, certificate.hash);

/**
 * Held states of a payer above a place where another state is final, up to the first that stands on that one: they
 * can never be final, and what is shown later at their places is no conflict with them (rule WAL-15).
 */
async function deadBranch(device: Device, { chain, index }: Body, final: StateHash): Promise<Write[]> {
  const writes: Write[] = [];
  for (let above = index + 1; ; above++) {
    const state = await readState(device, chain, above);
    const body = state?.status === 'held' ? await readBody(device, state.hash) : undefined;
    if (!body || equalBytes(body.prev, final)) return writes;
    writes.push(stateRecords.remove(placeKey(chain, above)));
  }
}

/** Drafts for a slot that is decided are of no use, but the final one until it is spread. */
async function draftRemovals(device: Device, { kind, chain, index }: Body): Promise<Write[]> {
  if (kind !== 'vault') return [];
  const drafts = await listVaultDrafts(device, chain, index);
  return drafts.map((hash) => vaultDraftRecords.remove(draftKey(chain, index, hash)));
}

/** Rows that a final operation changes beside its own chain. */
export async function effectsOf(device: Device, body: Body, { kind, operation }: Operation): Promise<Write[]> {
  if (kind === 'account' && operation.type === 'receive' && equalBytes(body.chain, device.account)) {
    const { source, index, output, token, amount } = operation;
    const nullifier = creditNullifier(device.suite, source, index, output);
    return [creditRecords.put(device, nullifier, { source, index, output, token, amount, received: body.index })];
  }
  if (kind === 'account' && operation.type === 'restored') {
    const known = await readRestoredIndex(device, body.chain);
    const tip = { index: body.index, hash: stateHash(device.suite, body) };
    return body.index > known ? [restoredRecords.put(device, body.chain, tip)] : [];
  }
  if (kind === 'account' && operation.type === 'fund') {
    const reservation = await reservationRecords.read(device, operation.vault);
    if (!reservation || reservation.status !== 'pending') return [];
    const funding = { payer: body.chain, payerKey: device.key.publicKey, index: body.index };
    const genesis = makeReservation(device.suite, device.network.id, reservationGenesis(funding, operation));
    return [
      reservationRecords.put(device, operation.vault, { ...reservation, status: 'open' }),
      ...(equalBytes(genesis.body.chain, operation.vault)
        ? [finalRecords.put(device, placeKey(operation.vault, 0), stateHash(device.suite, genesis.body))]
        : []),
    ];
  }
  if (kind === 'vault' && operation.type !== 'genesis') {
    const reservation = await reservationRecords.read(device, body.chain);
    if (!reservation) return [];
    switch (operation.type) {
      case 'claim': {
        const claimed = operation.total > reservation.claimed ? operation.total : reservation.claimed;
        return [reservationRecords.put(device, body.chain, { ...reservation, claimed })];
      }
      case 'close':
      case 'release':
        // What did not come back was claimed, whether or not the claim has been seen.
        return [
          reservationRecords.put(device, body.chain, {
            ...reservation,
            claimed: reservation.funded - operation.amount,
            status: 'released',
          }),
        ];
      case 'void':
        return [];
    }
  }
  return [];
}
