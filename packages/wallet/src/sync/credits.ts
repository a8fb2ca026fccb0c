/**
 * Finding what was paid to this account, without the payer: every node lists the certified debits that name it. A
 * list proves nothing, so each debit is fetched with its certificate and verified; what a node invents is passed over,
 * and what it conceals another one shows.
 */
import {
  creditPageCodec,
  done,
  equalBytes,
  ok,
  outputsOf,
  pathTo,
  tokenId,
  type Credit,
  type ErrorCode,
  type Result,
  type Write,
} from '@dsm/core';
import { creditOutput, nullifierOf, type Received } from '../account/receive.ts';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { askNode } from '../directory/client.ts';
import { fetchFinal, type FetchedState } from '../directory/states.ts';
import { creditRecords } from '../records/credit.ts';
import { cursorKey, cursorRecords } from '../records/cursor.ts';
import { putToken } from '../records/token.ts';
import type { Notes } from './notes.ts';

/** Pages of one node that one look takes in, so that a node cannot keep a device busy for ever. */
const MAX_PAGES = 64;

/** Debits that one node lists and no node can prove: after that many the rest of its list waits for another look. */
const MAX_UNPROVEN = 32;

/** Notes verified debits that the nodes list. Answers how many nodes answered. */
export async function lookForCredits(device: Device): Promise<Result<number>> {
  let answered = 0;
  for (const node of device.network.nodes.keys()) {
    const looked = await lookAtNode(device, node);
    if (!looked.ok) return looked;
    answered += looked.value ? 1 : 0;
  }
  return ok(answered);
}

/** True if the node answered. Fails only where this device's own store does. */
async function lookAtNode(device: Device, node: number): Promise<Result<boolean>> {
  for (let page = 0; page < MAX_PAGES; page++) {
    const cursor = (await cursorRecords.read(device, cursorKey(node))) ?? 0;
    const answer = await askNode(device, node, pathTo.credits(device.account, cursor), null, creditPageCodec);
    if (!answer.ok) return ok(answer.error.code !== 'E_UNREACHABLE' || page > 0);
    const { credits, more } = answer.value;
    const seen = await noteCredits(device, node, cursor, credits);
    if (!seen.ok) return seen;
    if (!more || !seen.value) return ok(true);
  }
  return ok(true);
}

/** False if the rest must wait: a debit that is listed and cannot be fetched now may be true. */
async function noteCredits(
  device: Device,
  node: number,
  start: number,
  credits: readonly Credit[],
): Promise<Result<boolean>> {
  let cursor = start;
  let unproven = 0;
  for (const credit of credits) {
    if (unproven > MAX_UNPROVEN) return ok(false);
    // Cursors ascend; one that does not would have this device go in circles.
    if (credit.cursor <= cursor) return ok(false);
    const key = nullifierOf(device, credit);
    if (!(await creditRecords.read(device, key))) {
      const final = await fetchFinal(device, credit.source, credit.index);
      if (!final.ok && final.error.code === 'E_UNREACHABLE') return ok(false);
      unproven += final.ok ? 0 : 1;
      const noted = final.ok ? await noteCredit(device, credit, final.value) : done;
      if (!noted.ok) return noted;
    }
    cursor = credit.cursor;
    const moved = await device.store.commit([cursorRecords.put(device, cursorKey(node), cursor)]);
    if (!moved.ok) return moved;
  }
  return ok(true);
}

async function noteCredit(device: Device, place: Credit, state: FetchedState): Promise<Result<undefined>> {
  const { source, index, output } = place;
  const debit = outputsOf(state.operation)[output];
  if (!debit || !equalBytes(debit.to, device.account)) return done;
  const recorded = await recordFinal(device, state, { delivered: true });
  if (!recorded.ok) return recorded;
  const key = nullifierOf(device, place);
  const { token, amount } = debit;
  const policies: Write[] = state.items.flatMap((item) =>
    item.type === 'policy' ? putToken(device, tokenId(device.suite, item.policy), item.policy) : [],
  );
  const noted = creditRecords.put(device, key, { source, index, output, token, amount, received: null });
  const committed = await device.store.commit([...policies, noted], [creditRecords.isAbsent(key)]);
  return committed.ok || committed.error.code === 'E_CONFLICT' ? done : committed;
}

/** Codes after which no other credit would go through either. */
const STOPS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['E_PENDING', 'E_FORK']);

/** Credits what was noted, one certified `receive` state each. What one of them fails with does not stop the others. */
export async function takeCredits(device: Device, notes: Notes): Promise<Result<readonly Received[]>> {
  const received: Received[] = [];
  for (const { value } of await creditRecords.list(device)) {
    if (value.received !== null) continue;
    const taken = await creditOutput(device, value);
    if (taken.ok) received.push(taken.value);
    if (taken.ok || taken.error.code === 'E_CREDITED') continue;
    const noted = notes.take(taken);
    if (!noted.ok) return noted;
    if (STOPS.has(taken.error.code)) break;
  }
  return ok(received);
}
