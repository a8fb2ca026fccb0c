/**
 * Taking over what the account did after the backup, as the network has it (spec WAL-35): each state is repeated on
 * the leaves of the one before, and what follows from it beside the chain is written with it.
 */
import {
  draftTransition,
  equalBytes,
  fail,
  ok,
  pruneTree,
  stateHash,
  stateMessage,
  verifyAuthority,
  verifyMessage,
  type BundleItem,
  type Body,
  type ChainId,
  type Operation,
  type Result,
  type Transition,
  type Write,
} from '@dsm/core';
import { unwindRun } from '../chain/bury.ts';
import { openChain, readBody, type HeldChain } from '../chain/draft.ts';
import { effectsOf, recordFinal } from '../chain/finalize.ts';
import { lostPayments, settledPayments } from '../chain/settled.ts';
import { noteTime, timeWrites } from '../chain/time.ts';
import type { Device } from '../device.ts';
import { fetchFinal, fetchTipIndex } from '../directory/states.ts';
import { runWith } from '../evidence/run-with.ts';
import { damaged } from '../guard.ts';
import { chainUnchanged, putChain, readChain, type ChainRecord } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { finalRecords, readFinal } from '../records/final.ts';
import { putItems } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { putLeaves } from '../records/leaf.ts';
import { SOLE } from '../records/meta.ts';
import { readRestore, restoreRecords } from '../records/restore.ts';
import { readState, stateRecords } from '../records/state.ts';
import { isFatal } from '../sync/notes.ts';
import { signsFromMs } from './date.ts';
import { effectsBeside } from './effects.ts';
import { fetchPublished, type PublishedState } from './published.ts';

/** Adopts every final state of the own account that the nodes show. Answers how many were new. */
export async function adoptPublished(device: Device): Promise<Result<number>> {
  const newest = await fetchTipIndex(device, device.account);
  let count = 0;
  for (;;) {
    const chain = await requireAccount(device);
    const index = chain.certifiedTip.index + 1;
    if (index > newest) return ok(count);
    const published = await fetchPublished(device, device.account, index);
    if (!published.ok) return published;
    const adopted = await adoptAny(device, chain, published.value);
    if (!adopted.ok) return adopted;
    count += 1;
  }
}

const requireAccount = async (device: Device): Promise<ChainRecord> => {
  const chain = await readChain(device, device.account);
  if (!chain) throw damaged('the account of this wallet is missing');
  return chain;
};

/** Several nodes may show the same state with more or less of what it rests on, or with something else. */
async function adoptAny(
  device: Device,
  chain: ChainRecord,
  published: readonly PublishedState[],
): Promise<Result<undefined>> {
  let last: Result<undefined> = fail('E_PENDING', 'WAL-35', 'no node shows the next state of this account');
  for (const state of published) {
    last = await adoptState(device, chain, withSignature(device, state, published));
    if (last.ok || isFatal(last.error)) return last;
  }
  return last;
}

/** A node that did not vote for a state has no signature of it: the right one of any node takes the place of all. */
function withSignature(device: Device, state: PublishedState, published: readonly PublishedState[]): PublishedState {
  const { suite, key } = device;
  const { chain, index, hash } = state.certificate;
  const message = stateMessage(device, chain, index, hash);
  const right = published
    .flatMap(({ shown }) => shown)
    .find(
      (item) =>
        item.type === 'signature' &&
        item.purpose === 'state' &&
        equalBytes(item.subject, hash) &&
        verifyMessage(suite, key.publicKey, 'state', message, item.signature),
    );
  return right ? { ...state, shown: [...state.shown.filter(({ type }) => type !== 'signature'), right] } : state;
}

async function adoptState(device: Device, chain: ChainRecord, state: PublishedState): Promise<Result<undefined>> {
  const { certificate, body, operation } = state;
  const own = await readState(device, body.chain, body.index);
  const isHeld = own !== undefined && equalBytes(own.hash, certificate.hash);
  if (isHeld && !(await readFinal(device, body.chain, body.index))) {
    // An intent of the backup, which the lost device has signed.
    const items = state.shown.filter(({ type }) => type === 'signature');
    return recordFinal(device, { certificate, body, operation, items }, { delivered: true });
  }
  const ready = await dropRun(device, chain, body, certificate.hash);
  if (!ready.ok) return ready;
  const held = await openChain(device, device.account);
  if (!held) throw damaged('the account of this wallet is missing');
  const repeated = await repeatState(device, held, body, operation, state.shown);
  if (!repeated.ok) return repeated;
  const { transition, used } = repeated.value;
  const place = placeKey(body.chain, body.index);
  const tip = { index: body.index, hash: certificate.hash };
  const committed = await device.store.commit(
    [
      ...putItems(device, [...used, { type: 'certificate', certificate }]),
      finalRecords.put(device, place, certificate.hash),
      stateRecords.put(device, place, { hash: certificate.hash, status: 'final', mode: 'online', attached: [] }),
      journalRecords.remove(place),
      ...putLeaves(device, body.chain, transition.tree, transition.touched),
      putChain(device, body.chain, { ...held.record, tip, certifiedTip: tip }),
      ...timeWrites(device, body),
      ...(await effectsBeside(device, transition, used, true)),
      ...(await effectsOf(device, body, operation)),
      ...(await settledPayments(device, body, operation)),
      ...(await waitLonger(device, body, operation)),
    ],
    [chainUnchanged(device, body.chain, held.record)],
  );
  if (committed.ok) noteTime(device, body);
  return committed;
}

/** Own states above the newest final one that another state has overtaken: the account goes back to that one. */
async function dropRun(
  device: Device,
  chain: ChainRecord,
  { index }: Body,
  final: PublishedState['certificate']['hash'],
): Promise<Result<undefined>> {
  if (chain.tip.index <= chain.certifiedTip.index) return ok(undefined);
  return goBack(device, chain, await lostPayments(device, device.account, index, final));
}

/** The account as it was at its newest final state. `payments`: what becomes of those that the dropped states made. */
export async function goBack(
  device: Device,
  chain: ChainRecord,
  payments: readonly Write[],
): Promise<Result<undefined>> {
  const body = await readBody(device, chain.certifiedTip.hash);
  if (!body) throw damaged('a final state of the account is missing');
  return device.store.commit(
    [
      ...(await unwindRun(device, chain, body.root)),
      putChain(device, device.account, { ...chain, tip: chain.certifiedTip }),
      ...payments,
    ],
    [chainUnchanged(device, device.account, chain)],
  );
}

export interface Repeated {
  readonly transition: Transition;
  /** What the repetition rests on, and the owner's signature if it was shown and is right. */
  readonly used: readonly BundleItem[];
  /** The leaves that the step touches, as they were before it. */
  readonly witness: readonly BundleItem[];
}

/** The step from the newest state of the account to this one, with what a node showed of it. */
export async function repeatState(
  device: Device,
  held: HeldChain,
  body: Body,
  operation: Operation,
  shown: readonly BundleItem[],
): Promise<Result<Repeated>> {
  const source = await fetchSource(device, operation);
  if (!source.ok) return source;
  const { result, used } = await runWith(device, shown, (context) => {
    const hash = stateHash(device.suite, body);
    const drafted = draftTransition(context, held.tip, operation, held.tree);
    if (!drafted.ok) return drafted;
    if (!equalBytes(drafted.value.hash, hash)) {
      return fail('E_LINK', 'CHN-11', `state ${body.index} of the account is not the one that follows`);
    }
    context.evidence.body(hash);
    context.evidence.operation(body.op);
    const token = 'token' in operation.operation ? operation.operation.token : undefined;
    if (token) context.evidence.policy(token);
    const signed = verifyAuthority(context, drafted.value);
    return ok({ transition: drafted.value, isSigned: signed.ok });
  });
  if (!result.ok) return result;
  const { transition, isSigned } = result.value;
  const witness: readonly BundleItem[] = [{ type: 'witness', tree: pruneTree(held.tree, transition.touched) }];
  return ok({ transition, witness, used: isSigned ? used : used.filter(({ type }) => type !== 'signature') });
}

/** A credit rests on a final state of somebody else: verified, and kept like any other. */
async function fetchSource(device: Device, { kind, operation }: Operation): Promise<Result<undefined>> {
  if (kind !== 'account' || operation.type !== 'receive') return ok(undefined);
  const place: readonly [ChainId, number] = [operation.source, operation.index];
  if (await readFinal(device, ...place)) return ok(undefined);
  const final = await fetchFinal(device, ...place);
  return final.ok ? recordFinal(device, final.value, { delivered: true }) : final;
}

/**
 * A state that was signed after the restore: the lost device is not lost, or a second one was restored from the same
 * backup. The wait begins anew, so that the two do not contradict each other while the other one goes on.
 */
async function waitLonger(device: Device, { window }: Body, { operation }: Operation): Promise<readonly Write[]> {
  const restore = await readRestore(device);
  if (!restore || restore.restored || operation.type === 'void' || window.from <= restore.restoredAt) return [];
  const restoredAt = window.from;
  return [
    restoreRecords.put(device, SOLE, { ...restore, restoredAt, signsFrom: signsFromMs(device.network, restoredAt) }),
  ];
}
