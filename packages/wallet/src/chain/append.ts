/**
 * Appending to a chain: the intent is durable before a signature is made, the signature before it leaves. A device
 * never signs two states for one place: the intent replaces the chain's row only if nobody else did, and from then on
 * this very body is signed and no other, after a crash too.
 */
import {
  done,
  equalKeys,
  fail,
  ok,
  signMessage,
  type Authority,
  type BundleItem,
  type ChainId,
  type Condition,
  type Context,
  type Operation,
  type Purpose,
  type Result,
  type Transition,
  type Write,
  verifyDraft,
  itemNames,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { chainUnchanged, putChain, readChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems, readItem } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { putLeaves } from '../records/leaf.ts';
import { readState, stateRecords, type StateMode, type StateRecord } from '../records/state.ts';
import { requireMayAppend } from '../restore/guard.ts';
import { draftNext, itemsOfDraft, requireChain, type Draft, type HeldChain } from './draft.ts';

export interface AppendOptions {
  readonly chain: ChainId;
  /** May depend on where the chain stands. */
  readonly operation: Operation | ((held: HeldChain) => Operation);
  /** `online` by default. */
  readonly mode?: StateMode;
  /** Items that the operation rests on and that the store does not have yet: they are stored along. */
  readonly overlay?: readonly BundleItem[];
  /** Items that this state alone needs in this form, where the store holds others of the same name. */
  readonly attached?: readonly BundleItem[];
  /** What changes together with the intent: payment, reservation and other rows. */
  readonly alongside?: (transition: Transition) => readonly Write[];
  readonly conditions?: (transition: Transition) => readonly Condition[];
}

/** Drafts the next state, writes the intent, signs. The state is durable and signed when this answers. */
export async function appendState(device: Device, options: AppendOptions): Promise<Result<Transition>> {
  const ready = await finishIntent(device, options.chain);
  if (!ready.ok) return ready;
  const held = await requireChain(device, options.chain);
  if (!held.ok) return held;
  const items = [...(options.overlay ?? []), ...(options.attached ?? [])];
  const operation = typeof options.operation === 'function' ? options.operation(held.value) : options.operation;
  const draft = await draftNext(device, held.value, operation, items);
  if (!draft.ok) return draft;
  const written = await writeIntent(device, draft.value, options);
  return written.ok ? signIntent(device, options.chain, draft.value.transition.body.index) : written;
}

/** One commit: everything that the state needs, conditioned on the chain not having moved. `E_STALE` if it has. */
export async function writeIntent(
  device: Device,
  draft: Draft,
  { mode = 'online', overlay = [], attached = [], alongside, conditions }: Omit<AppendOptions, 'chain' | 'operation'>,
): Promise<Result<undefined>> {
  const { held, transition } = draft;
  const { chain, record } = held;
  const { index } = transition.body;
  const own = ownAuthority(device, transition);
  if (!own.ok) return own;
  const allowed = await requireMayAppend(device, transition);
  if (!allowed.ok) return allowed;
  const state: StateRecord = { hash: transition.hash, status: 'intent', mode, attached };
  const committed = await device.store.commit(
    [
      ...putItems(device, [...overlay, ...itemsOfDraft(draft)]),
      stateRecords.put(device, placeKey(chain, index), state),
      journalRecords.put(device, placeKey(chain, index), true),
      ...putLeaves(device, chain, transition.tree, transition.touched),
      putChain(device, chain, { ...record, tip: { index, hash: transition.hash } }),
      ...(alongside?.(transition) ?? []),
    ],
    [
      chainUnchanged(device, chain, record),
      stateRecords.isAbsent(placeKey(chain, index)),
      ...(conditions?.(transition) ?? []),
    ],
  );
  if (!committed.ok && committed.error.code === 'E_CONFLICT') {
    return fail('E_STALE', 'WAL-3', 'the chain has moved meanwhile');
  }
  return committed;
}

const ownAuthority = (device: Device, { authority }: Transition): Result<Authority> =>
  authority !== null && equalKeys(authority.key, device.key.publicKey)
    ? ok(authority)
    : fail('E_SIGNATURE', 'CHN-12', 'somebody else may append here, not this device');

/** Signs the intent at this place, if it is one; a state that is signed already is answered as it is. */
export async function signIntent(device: Device, chain: ChainId, index: number): Promise<Result<Transition>> {
  const state = await readState(device, chain, index);
  if (!state) return fail('E_NOT_FOUND', 'WAL-3', 'there is no such state');
  const transition = await redraft(device, state);
  if (!transition.ok) return transition;
  const { hash } = transition.value;
  const own = ownAuthority(device, transition.value);
  if (!own.ok) return own;
  if (state.status !== 'intent') return transition;
  const allowed = await requireMayAppend(device, transition.value);
  if (!allowed.ok) return allowed;
  const authority = own.value;
  const signature = signMessage(device.suite, device.key.secretKey, authority.purpose, authority.message(hash));
  const place = placeKey(chain, index);
  const signed: StateRecord = { ...state, status: 'signed' };
  const committed = await device.store.commit(
    [
      ...putItems(device, [{ type: 'signature', purpose: authority.purpose, subject: hash, position: 0, signature }]),
      stateRecords.put(device, place, signed),
      // Chains of relationships are never certified: once a state is signed, nothing remains to be done.
      ...(isAgreed(transition.value) ? [journalRecords.remove(place)] : []),
    ],
    [stateRecords.isUnchanged(device, place, state)],
  );
  return committed.ok ? transition : committed;
}

const isAgreed = ({ body: { kind } }: Transition): boolean => kind === 'half' || kind === 'strand';

/** A stored state with its transition, from its stored operation and witness. */
async function redraft(device: Device, state: StateRecord): Promise<Result<Transition>> {
  const { result } = await runWith(device, state.attached, (context: Context) => {
    const body = context.evidence.body(state.hash);
    return body ? verifyDraft(context, body) : fail('E_DAMAGED', 'WAL-1', 'a stored state is missing');
  });
  return result;
}

/** A crash may have left an intent at the tip: it is signed before anything else is written. */
export async function finishIntent(device: Device, chain: ChainId): Promise<Result<undefined>> {
  const record = await readChain(device, chain);
  if (!record) return fail('E_NOT_FOUND', 'WAL-3', 'this device does not keep that chain');
  const { index } = record.tip;
  const state = await readState(device, chain, index);
  if (state?.status !== 'intent') return done;
  const signed = await signIntent(device, chain, index);
  return signed.ok ? done : signed;
}

/** The stored signature of a state, if there is one. */
export async function readSignature(
  device: Device,
  purpose: Purpose,
  { hash }: Pick<Transition, 'hash'>,
): Promise<Uint8Array | undefined> {
  const item = await readItem(device, itemNames.signature(purpose, hash, 0));
  return item?.type === 'signature' ? item.signature : undefined;
}
