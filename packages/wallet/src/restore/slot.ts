/**
 * The slot above the published tip (spec WAL-35). What the lost device had begun there is taken over as the open state
 * of this account, so that it is driven to its end like any other; nothing is signed while it stands.
 */
import { equalBytes, fail, ok, stateHash, type BundleItem, type Result } from '@dsm/core';
import { openChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { damaged } from '../guard.ts';
import { chainUnchanged, putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { putLeaves } from '../records/leaf.ts';
import { stateRecords } from '../records/state.ts';
import { repeatState } from './adopt.ts';
import { effectsBeside } from './effects.ts';
import { lookAtSlot } from './published.ts';

/**
 * `clear`: a quorum has seen no state above the newest final one, and nobody shows one. `moved`: there is another final one, or an open one was
 * taken over. `E_PENDING`: something stands there, and nobody shows it now.
 */
export async function takeOverOpen(device: Device): Promise<Result<'clear' | 'moved'>> {
  const held = await openChain(device, device.account);
  if (!held) throw damaged('the account of this wallet is missing');
  const index = held.tip.index + 1;
  const look = await lookAtSlot(device, { chain: device.account, index });
  if (!look.ok) return look;
  if (look.value.isFinal) return ok('moved');
  for (const { items } of look.value.seen) {
    const body = items.find((item) => item.type === 'body')?.body;
    const operation = items.find((item) => item.type === 'operation')?.operation;
    if (!body || !operation || body.index !== index || !equalBytes(body.prev, held.record.tip.hash)) continue;
    const repeated = await repeatState(device, held, body, operation, items);
    if (!repeated.ok) continue;
    const { transition, used } = repeated.value;
    if (!isSigned(used)) continue;
    const place = placeKey(device.account, index);
    const hash = stateHash(device.suite, body);
    const committed = await device.store.commit(
      [
        ...putItems(device, [...used, ...repeated.value.witness]),
        stateRecords.put(device, place, { hash, status: 'signed', mode: 'online', attached: [] }),
        journalRecords.put(device, place, true),
        ...putLeaves(device, device.account, transition.tree, transition.touched),
        putChain(device, device.account, { ...held.record, tip: { index, hash } }),
        ...(await effectsBeside(device, transition, used, false)),
      ],
      [chainUnchanged(device, device.account, held.record)],
    );
    return committed.ok ? ok('moved') : committed;
  }
  if (look.value.isClear) return ok('clear');
  return fail('E_PENDING', 'WAL-35', 'a state that was signed before the restore is open, and no node shows it whole');
}

const isSigned = (used: readonly BundleItem[]): boolean => used.some(({ type }) => type === 'signature');
