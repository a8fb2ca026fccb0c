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
  type Result,
  type Write,
} from '@dsm/core';
import { creditOutput, nullifierOf, type Received } from '../account/receive.ts';
import type { Device } from '../device.ts';
import { askNode } from '../directory/client.ts';
import { fetchFinal, type FetchedState } from '../directory/states.ts';
import { creditRecords } from '../records/credit.ts';
import { cursorKey, cursorRecords } from '../records/cursor.ts';
import { putItems } from '../records/item.ts';
import { putToken } from '../records/token.ts';

/** Pages of one node that one look takes in, so that a node cannot keep a device busy for ever. */
const MAX_PAGES = 64;

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
  for (const credit of credits) {
    // Cursors ascend; one that does not would have this device go in circles.
    if (credit.cursor <= cursor) return ok(false);
    const key = nullifierOf(device, credit);
    if (!(await creditRecords.read(device, key))) {
      const final = await fetchFinal(device, credit.source, credit.index);
      if (!final.ok && final.error.code === 'E_UNREACHABLE') return ok(false);
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
  const key = nullifierOf(device, place);
  const { token, amount } = debit;
  const policies: Write[] = state.items.flatMap((item) =>
    item.type === 'policy' ? putToken(device, tokenId(device.suite, item.policy), item.policy) : [],
  );
  const committed = await device.store.commit(
    [
      ...putItems(device, state.items),
      ...policies,
      creditRecords.put(device, key, { source, index, output, token, amount, received: null }),
    ],
    [creditRecords.isAbsent(key)],
  );
  return committed.ok || committed.error.code === 'E_CONFLICT' ? done : committed;
}

export interface CreditsTaken {
  readonly received: readonly Received[];
  /** Why the rest was not taken in. */
  readonly failure: Result<never> | undefined;
}

/** Credits what was noted, one certified `receive` state each. Stops at the first that does not go through. */
export async function takeCredits(device: Device): Promise<CreditsTaken> {
  const received: Received[] = [];
  for (const { value } of await creditRecords.list(device)) {
    if (value.received !== null) continue;
    const taken = await creditOutput(device, value);
    if (taken.ok) received.push(taken.value);
    else if (taken.error.code !== 'E_CREDITED') return { received, failure: taken };
  }
  return { received, failure: undefined };
}
