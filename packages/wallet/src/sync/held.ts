/** States of payers that payments to this device rest on: the payee may submit them as well as the payer. */
import { itemNames, ok, type Body, type Result, type StateHash } from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { heldRuns } from '../exchange/totals.ts';
import { readFinal } from '../records/final.ts';
import { readItem } from '../records/item.ts';
import type { Notes } from './notes.ts';

/** Brings the payers' open states to the nodes, in order. Answers how many became final. */
export async function submitHeldRuns(device: Device, notes: Notes): Promise<Result<number>> {
  let count = 0;
  for (const { payment } of await heldRuns(device)) {
    if (payment.state === null) continue;
    const run = await openStates(device, payment.state);
    for (const hash of run) {
      const certificate = notes.take(await certify(device, hash));
      if (!certificate.ok) return certificate;
      if (certificate.value === undefined) break;
      count += 1;
    }
  }
  return ok(count);
}

/** From the first state that is not known to be final up to this one. */
export async function openStates(device: Device, tip: StateHash): Promise<readonly StateHash[]> {
  const run: StateHash[] = [];
  let hash = tip;
  for (;;) {
    const body: Body | undefined = await readBody(device, hash);
    if (!body || body.index === 0 || (await isProven(device, body))) return run;
    run.unshift(hash);
    hash = body.prev;
  }
}

/** The payer showed a certificate for it, or this device has gathered one. */
const isProven = async (device: Device, { chain, index }: Body): Promise<boolean> =>
  (await readFinal(device, chain, index)) !== undefined ||
  (await readItem(device, itemNames.certificate(chain, index))) !== undefined;
