/** States of payers that payments to this device rest on: the payee may submit them as well as the payer. */
import { equalBytes, itemNames, ok, type Body, type Result, type StateHash } from '@dsm/core';
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

/**
 * From the first state that is not known to be final up to this one. Where another state is final below, that place
 * alone: nothing above it can be final any more.
 */
export async function openStates(device: Device, tip: StateHash): Promise<readonly StateHash[]> {
  const run: StateHash[] = [];
  let hash = tip;
  for (;;) {
    const body: Body | undefined = await readBody(device, hash);
    if (!body || body.index === 0) return run;
    const final = await provenAt(device, body);
    if (final) return equalBytes(final, hash) ? run : [hash];
    run.unshift(hash);
    hash = body.prev;
  }
}

/** The payer showed a certificate for this place, or this device has gathered one. */
async function provenAt(device: Device, { chain, index }: Body): Promise<StateHash | undefined> {
  const known = await readFinal(device, chain, index);
  if (known) return known;
  const item = await readItem(device, itemNames.certificate(chain, index));
  return item?.type === 'certificate' ? item.certificate.hash : undefined;
}
