/** Fork evidence: verified, kept, and what it forbids. */
import {
  decodeFileOf,
  done,
  encodeFile,
  equalBytes,
  fail,
  keyId,
  ok,
  openBundle,
  requireNoSurplus,
  verifyFork,
  type ChainId,
  type KeyId,
  type Result,
} from '@dsm/core';
import { contextOf, type Device, type Storage } from '../device.ts';
import { readChain } from '../records/chain.ts';
import { contactRecords } from '../records/contact.ts';
import { evidenceRecords, listEvidenceRecords, type EvidenceRecord } from '../records/evidence.ts';
import { readFinal } from '../records/final.ts';

/** Verifies an evidence file and keeps it. Answers the record, and whether it is new to this device. */
export async function keepEvidence(
  device: Device,
  file: Uint8Array,
): Promise<Result<{ readonly record: EvidenceRecord; readonly isNew: boolean }>> {
  const decoded = decodeFileOf(device.suite, 'evidence', file);
  if (!decoded.ok) return decoded;
  const { content: fork, items } = decoded.value;
  const bundle = openBundle(device.suite, items);
  if (!bundle.ok) return bundle;
  const accusation = verifyFork(contextOf(device, bundle.value.evidence), fork);
  if (!accusation.ok) return accusation;
  const surplus = requireNoSurplus(bundle.value);
  if (!surplus.ok) return surplus;
  const { id } = accusation.value;
  const known = await evidenceRecords.read(device, id);
  if (known) return ok({ record: known, isNew: false });
  const record = { id, fork, device: accusation.value.device as KeyId, at: device.clock(), items };
  const committed = await device.store.commit(
    [evidenceRecords.put(device, id, record)],
    [evidenceRecords.isAbsent(id)],
  );
  if (!committed.ok && committed.error.code !== 'E_CONFLICT') return committed;
  return ok({ record, isNew: committed.ok });
}

/** The file of a piece of evidence, complete in itself. */
export const evidenceFile = ({ suite }: Pick<Storage, 'suite'>, { fork, items }: EvidenceRecord): Uint8Array =>
  encodeFile(suite, 'evidence', fork, items);

/** Evidence against a device key. */
export async function findEvidence(storage: Storage, device: KeyId): Promise<EvidenceRecord | undefined> {
  const all = await listEvidenceRecords(storage);
  return all.find((record) => equalBytes(record.device, device));
}

const COPY = 'a copy of this wallet exists';

/**
 * For new states of the own account: `E_FORK` once there is evidence against the own key, or another state is known
 * to be final where the own chain stands or would go on. Claims, settlement and evidence are never asked.
 */
export async function requireUnforked(device: Device): Promise<Result<undefined>> {
  const found = await findEvidence(device, keyId(device.suite, device.key.publicKey));
  if (found) {
    const evidence = evidenceFile(device, found);
    return fail('E_FORK', 'WAL-6', `this key has signed two states for one place; ${COPY}`, { evidence });
  }
  const chain = await readChain(device, device.account);
  const index = chain?.tip.index ?? 0;
  const [here, next] = [
    await readFinal(device, device.account, index),
    await readFinal(device, device.account, index + 1),
  ];
  const isOther = here !== undefined && chain !== undefined && !equalBytes(here, chain.tip.hash);
  return isOther || next !== undefined
    ? fail('E_FORK', 'WAL-6', `the network has states of this account that this wallet does not hold; ${COPY}`)
    : done;
}

/** For new business with a contact: `E_QUARANTINED` once there is evidence against its key. */
export async function requireTrusted(device: Device, account: ChainId): Promise<Result<undefined>> {
  const contact = await contactRecords.read(device, account);
  const found = contact && (await findEvidence(device, contact.device));
  return found
    ? fail('E_QUARANTINED', 'EVD-4', `there is evidence that ${contact.name} signed two states for one place`)
    : done;
}
