/** Evidence as a person handles it. */
import { fail, fromHex, ok, type Result } from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { evidenceFile, keepEvidence } from '../evidence/store.ts';
import { guardStore } from '../guard.ts';
import { evidenceRecords, listEvidenceRecords, type EvidenceRecord } from '../records/evidence.ts';

export const listEvidence = (storage: Storage): Promise<Result<readonly EvidenceRecord[]>> =>
  guardStore(async () => ok(await listEvidenceRecords(storage)));

/** The file of one piece, by its id in hexadecimal. */
export const exportEvidence = (storage: Storage, id: string): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const key = fromHex(id);
    const record = key && (await evidenceRecords.read(storage, key));
    return record ? ok(evidenceFile(storage, record)) : fail('E_NOT_FOUND', 'EVD-4', 'there is no such evidence');
  });

/** Verifies and keeps what somebody else found. */
export const importEvidence = (device: Device, file: Uint8Array): Promise<Result<EvidenceRecord>> =>
  guardStore(async () => {
    const kept = await keepEvidence(device, file);
    return kept.ok ? ok(kept.value.record) : kept;
  });
