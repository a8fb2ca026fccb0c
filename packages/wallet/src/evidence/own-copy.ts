/** Noticing that a copy of this wallet has gone on without this one (rule WAL-6). */
import { done, type Result } from '@dsm/core';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { fetchFinal, fetchTipIndex } from '../directory/states.ts';
import { readChain } from '../records/chain.ts';
import { readRestore } from '../records/restore.ts';
import { isWaiting } from '../restore/guard.ts';

/** Learns of a final state of the own account beyond the newest that this device has written. */
export async function lookForCopy(device: Device): Promise<Result<undefined>> {
  // Until a restored device signs again, what it does not hold is what was signed after its backup.
  if (isWaiting(await readRestore(device))) return done;
  const chain = await readChain(device, device.account);
  if (!chain || (await fetchTipIndex(device, device.account)) <= chain.tip.index) return done;
  const final = await fetchFinal(device, device.account, chain.tip.index + 1);
  return final.ok ? recordFinal(device, final.value, { delivered: true }) : done;
}
