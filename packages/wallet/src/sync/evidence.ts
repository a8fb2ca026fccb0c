/** Evidence against devices that this one deals with, as the nodes keep it. */
import { evidenceListCodec, pathTo, toHex, type ChainId, type Result, ok } from '@dsm/core';
import type { Device } from '../device.ts';
import { answersOf, askAll } from '../directory/client.ts';
import { keepEvidence } from '../evidence/store.ts';
import { listContactRecords } from '../records/contact.ts';
import { listPayments } from '../records/payment.ts';
import type { Notes } from './notes.ts';

/** The own account, contacts, and whoever paid or was paid. */
async function knownAccounts(device: Device): Promise<readonly ChainId[]> {
  const contacts = (await listContactRecords(device)).map(({ account }) => account);
  const peers = (await listPayments(device)).map(({ peer }) => peer);
  const all = [device.account, ...contacts, ...peers];
  return [...new Map(all.map((account) => [toHex(account), account])).values()];
}

/** Fetches, verifies and keeps. What does not verify is passed over. */
export async function lookForEvidence(device: Device, notes: Notes): Promise<Result<undefined>> {
  for (const account of await knownAccounts(device)) {
    const lists = answersOf(await askAll(device, pathTo.evidence(account), null, evidenceListCodec));
    for (const file of lists.flatMap(({ files }) => files)) {
      const kept = notes.take(await keepEvidence(device, file));
      if (!kept.ok) return kept;
    }
  }
  return ok(undefined);
}
