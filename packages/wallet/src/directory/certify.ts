/**
 * Driving one state to Final: own states, claims, and states of a payer that the payee carries. Everything that the
 * nodes need goes along, so nodes that lag behind need nothing else.
 */
import {
  equalBytes,
  fail,
  itemNames,
  ok,
  verifySubmission,
  type Body,
  type BundleItem,
  type Certificate,
  type Operation,
  type Result,
  type StateHash,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { keepEvidence } from '../evidence/store.ts';
import { readFinal } from '../records/final.ts';
import { readItem } from '../records/item.ts';
import { readState } from '../records/state.ts';
import { draftKey, vaultDraftRecords } from '../records/vault-draft.ts';
import { adoptConflict } from './conflict.ts';
import { gatherCertificate, spreadFinal, type Package } from './gather.ts';

export interface CertifyOptions {
  /** Items that this state needs in this very form, where the store holds others of the same name. */
  readonly attached?: readonly BundleItem[];
  /** How long to wait for the last nodes once the others have answered. Default: 1,500. */
  readonly hurryMs?: number;
}

/**
 * The certificate of a state, gathered if the device does not have it yet. `E_PENDING`: too few nodes answered, try
 * again later. `E_FORK`, `E_CONFLICT`: another state stands in its place; what was learnt is recorded.
 */
export async function certify(
  device: Device,
  hash: StateHash,
  options: CertifyOptions = {},
): Promise<Result<Certificate>> {
  const body = await readBody(device, hash);
  const operation = body && (await readOperation(device, body));
  if (!body || !operation) return fail('E_NOT_FOUND', 'WAL-3', 'there is no such state');
  const known = await readFinal(device, body.chain, body.index);
  if (known && !equalBytes(known, hash)) return fail('E_CONFLICT', 'NET-8', 'another state is final at this place');
  const stored = known && (await readCertificate(device, body));
  const gathered = stored ? ok(stored) : await gatherFor(device, body, hash, options);
  if (!gathered.ok) return settleConflict(device, body, gathered);
  const final = { certificate: gathered.value, body, operation };
  // First recorded, then spread: a crash in between leaves the state in the journal, and it is spread again.
  const recorded = await recordFinal(device, final, { delivered: false });
  if (!recorded.ok) return recorded;
  const holders = await spreadFinal(device, final);
  if (holders < device.network.quorum) return gathered;
  const delivered = await recordFinal(device, final, { delivered: true });
  return delivered.ok ? gathered : delivered;
}

async function readOperation(device: Device, body: Body): Promise<Operation | undefined> {
  const item = await readItem(device, itemNames.operation(body.op));
  return item?.type === 'operation' ? item.operation : undefined;
}

async function gatherFor(
  device: Device,
  body: Body,
  hash: StateHash,
  options: CertifyOptions,
): Promise<Result<Certificate>> {
  const attached = options.attached ?? (await attachedOf(device, body, hash));
  const made = await packageOf(device, hash, attached);
  if (!made.ok) return made;
  const { outcome, evidence } = await gatherCertificate(device, made.value, options.hurryMs);
  for (const file of evidence) {
    const kept = await keepEvidence(device, file);
    if (!kept.ok && kept.error.code === 'E_STORE') return kept;
  }
  return outcome;
}

async function attachedOf(device: Device, body: Body, hash: StateHash): Promise<readonly BundleItem[]> {
  const draft = await vaultDraftRecords.read(device, draftKey(body.chain, body.index, hash));
  if (draft) return draft;
  const state = await readState(device, body.chain, body.index);
  return state && equalBytes(state.hash, hash) ? state.attached : [];
}

async function readCertificate(device: Device, body: Body): Promise<Certificate | undefined> {
  const item = await readItem(device, itemNames.certificate(body.chain, body.index));
  return item?.type === 'certificate' ? item.certificate : undefined;
}

/** Exactly what a node that knows nothing needs to vote. */
export async function packageOf(
  device: Device,
  hash: StateHash,
  attached: readonly BundleItem[] = [],
): Promise<Result<Package>> {
  const { result, used } = await runAlone(device, attached, (context) => verifySubmission(context, hash));
  return result.ok ? ok({ body: result.value.body, operation: result.value.operation, hash, items: used }) : result;
}

/** A Final of another state is adopted. The refusal stands. */
async function settleConflict(
  device: Device,
  body: Body,
  refused: Extract<Result<Certificate>, { ok: false }>,
): Promise<Result<Certificate>> {
  const { code } = refused.error;
  if (code === 'E_FORK' || code === 'E_CONFLICT') {
    const adopted = await adoptConflict(device, body);
    if (!adopted.ok) return adopted;
  }
  return refused;
}
