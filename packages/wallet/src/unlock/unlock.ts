/**
 * Unlocking (rule WAL-13): places that votes do not decide are driven through rounds, to a signed state or to a void.
 * Every step is repeatable: what a node has promised it repeats, and what became final is recorded once.
 */
import {
  done,
  encodeWith,
  equalBytes,
  fail,
  finalRequestCodec,
  isVoid,
  itemNames,
  ok,
  ROUTES,
  chainTipCodec,
  type Body,
  type BundleItem,
  type Certificate,
  type ChainId,
  type ErrorCode,
  type Result,
  type StateHash,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { askAll } from '../directory/client.ts';
import { spreadFinal } from '../directory/gather.ts';
import { fetchFinal } from '../directory/states.ts';
import { guardStore } from '../guard.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { requireMaySign } from '../restore/guard.ts';
import { signIntents } from '../sync/journal.ts';
import { makeNotes, type Notes, type OpenFailure } from '../sync/notes.ts';
import { driveSlot, essentialsOf, type OpenSlot } from './drive.ts';
import { makePace, type Pace, type PaceOptions, type WaitingSlot } from './pace.ts';
import { isDecided, lapsesMs, openPlaces, openSlot, type OpenPlace } from './slots.ts';

/** A place that has been decided. */
export interface UnlockedSlot {
  readonly chain: ChainId;
  readonly index: number;
  readonly hash: StateHash;
  /** Of the certificate; 0 where votes decided it after all. */
  readonly round: number;
  /** `kept`: a state that this device had for it. `void`: nothing. `other`: somebody else's. */
  readonly outcome: 'kept' | 'void' | 'other';
}

export interface Unlocking {
  readonly unlocked: readonly UnlockedSlot[];
  /** What goes on later, and when. */
  readonly waiting: readonly WaitingSlot[];
}

export interface UnlockReport extends Unlocking {
  /** What was left open for other reasons. */
  readonly open: readonly OpenFailure[];
}

export interface UnlockOptions extends PaceOptions {
  /** One chain only: the own account, a reservation, or the account of a payer. Default: all. */
  readonly chain?: ChainId | undefined;
}

/** More places than that mean something circles. */
const MAX_PLACES = 64;

/**
 * Decides every place that is open and may be decided, waiting for rounds to open as long as the patience lasts.
 * `E_NOT_FOUND` for a chain that this device has nothing to do with.
 */
export const unlock = (device: Device, { chain, ...pacing }: UnlockOptions): Promise<Result<UnlockReport>> =>
  guardStore(async () => {
    const signed = await signIntents(device);
    if (!signed.ok) return signed;
    if (chain && !(await isKnown(device, chain))) {
      return fail('E_NOT_FOUND', 'WAL-13', 'this device has nothing to do with that chain');
    }
    const pace = makePace(pacing);
    const unlocked: UnlockedSlot[] = [];
    for (let round = 0; ; round++) {
      const notes = makeNotes();
      const driven = await driveOpen(device, notes, pace, chain);
      if (!driven.ok) return driven;
      unlocked.push(...driven.value.unlocked);
      if (driven.value.unlocked.length === 0 || round > MAX_PLACES) {
        // A restored account that signs nothing yet is open as well, though no place of it has to be driven.
        const mine = !chain || equalBytes(chain, device.account);
        const may = mine ? notes.take(await requireMaySign(device)) : done;
        return may.ok ? ok({ unlocked, waiting: driven.value.waiting, open: notes.list() }) : may;
      }
    }
  });

async function isKnown(device: Device, chain: ChainId): Promise<boolean> {
  if (await readChain(device, chain)) return true;
  const places = await openPlaces(device);
  return places.ok && places.value.some((place) => equalBytes(place.chain, chain));
}

/** Each open place once; the states above one that was decided are for the next call. */
export async function driveOpen(device: Device, notes: Notes, pace: Pace, only?: ChainId): Promise<Result<Unlocking>> {
  const places = await openPlaces(device);
  if (!places.ok) return places;
  const unlocked: UnlockedSlot[] = [];
  const waiting: WaitingSlot[] = [];
  for (const place of places.value) {
    if (only && !equalBytes(place.chain, only)) continue;
    const driven = notes.take(await drivePlace(device, place, pace), place);
    if (!driven.ok) return driven;
    if (driven.value && 'hash' in driven.value) unlocked.push(driven.value);
    else if (driven.value) waiting.push(driven.value);
  }
  return ok({ unlocked, waiting });
}

/** Votes first, since nodes that were away may be back; rounds where these cannot decide. */
async function drivePlace(device: Device, place: OpenPlace, pace: Pace): Promise<Result<UnlockedSlot | WaitingSlot>> {
  const voted = await tryVotes(device, place);
  if (voted.ok || !mayDrive(place, voted.error.code)) return voted;
  const slot = await openSlot(device, place);
  if (!slot.ok) return slot;
  const early = await waitForLapse(device, place, slot.value, pace);
  if (early) return ok(early);
  // Time has passed: what may be proposed now is another question.
  const due = await openSlot(device, place);
  if (!due.ok) return due;
  const driven = await driveSlot(device, due.value, pace);
  switch (driven.type) {
    case 'waiting':
      return ok(driven.slot);
    case 'failed':
      return driven.failure;
    case 'final':
      return settle(device, place, due.value, driven.certificate, driven.items);
  }
}

async function tryVotes(device: Device, place: OpenPlace): Promise<Result<UnlockedSlot>> {
  let last: Result<UnlockedSlot> = fail('E_NOT_FOUND', 'WAL-13', 'there is no signed state for this place');
  for (const hash of place.states) {
    const certificate = await certify(device, hash);
    if (certificate.ok) return ok(describe(device, place, certificate.value));
    last = certificate;
    if (await isDecided(device, place)) return adopted(device, place);
    if (certificate.error.code !== 'E_CONFLICT') break;
  }
  return last;
}

/** Refusals that are about the state itself, or come from the own store, are not mended by rounds. */
function mayDrive({ kind }: OpenPlace, code: ErrorCode): boolean {
  if (code === 'E_CONFLICT' || code === 'E_FORK' || code === 'E_PENDING') return true;
  // A claim that came too late is lost, and rounds would only stand in the way of the release.
  return code === 'E_WINDOW' && kind !== 'vault';
}

/** Where no fork is proved, nodes end a state of an account only when its time is over. */
async function waitForLapse(
  device: Device,
  { kind, chain, index }: OpenPlace,
  { fork, shown }: OpenSlot,
  pace: Pace,
): Promise<WaitingSlot | undefined> {
  const body = kind === 'vault' || fork ? undefined : await readBody(device, shown.hash);
  if (!body) return undefined;
  const slot = { chain, index, round: 1, atMs: lapsesMs(device, body) + 1 };
  const left = slot.atMs - device.clock();
  return left <= 0 || (await pace.wait(slot, left)) ? undefined : slot;
}

/** First recorded, then spread, as in `certify`. */
async function settle(
  device: Device,
  place: OpenPlace,
  slot: OpenSlot,
  certificate: Certificate,
  shown: readonly BundleItem[],
): Promise<Result<UnlockedSlot>> {
  const [body, operation] = essentialsOf(device, slot, shown, certificate.hash);
  if (body?.type !== 'body' || operation?.type !== 'operation') return fetchDecided(device, place, certificate);
  const final = { certificate, body: body.body, operation: operation.operation };
  const recorded = await recordFinal(device, final, { delivered: false });
  if (!recorded.ok) return recorded;
  const holders = await spreadFinal(device, final);
  const spread = holders < device.network.quorum ? done : await recordFinal(device, final, { delivered: true });
  return spread.ok ? ok(describe(device, place, certificate, body.body)) : spread;
}

/** Nobody has shown the state: a node that has it serves it once it knows that it is final. */
async function fetchDecided(device: Device, place: OpenPlace, certificate: Certificate): Promise<Result<UnlockedSlot>> {
  await askAll(
    device,
    ROUTES.final,
    encodeWith(finalRequestCodec(device.suite), { certificate, items: [] }),
    chainTipCodec,
  );
  const final = await fetchFinal(device, place.chain, place.index);
  if (!final.ok) return final;
  const recorded = await recordFinal(device, final.value, { delivered: true });
  return recorded.ok ? adopted(device, place) : recorded;
}

/** The Final that this device has learnt of meanwhile. */
async function adopted(device: Device, place: OpenPlace): Promise<Result<UnlockedSlot>> {
  const item = await readItem(device, itemNames.certificate(place.chain, place.index));
  if (item?.type !== 'certificate') return fail('E_DAMAGED', 'WAL-1', 'the certificate of a final state is missing');
  return ok(describe(device, place, item.certificate, await readBody(device, item.certificate.hash)));
}

function describe(
  { suite }: Device,
  { chain, index, states }: OpenPlace,
  { hash, round }: Certificate,
  body?: Body,
): UnlockedSlot {
  const isKept = states.some((state) => equalBytes(state, hash));
  const outcome = isKept ? 'kept' : body && isVoid(suite, body) ? 'void' : 'other';
  return { chain, index, hash, round, outcome };
}
