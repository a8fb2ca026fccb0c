/**
 * Verifies any file with nothing but itself and the network description (spec FIL-2). Always answers, checks every
 * byte, and tolerates nothing that is surplus or unchecked.
 */
import { verifyIssue } from '../account/approvals.ts';
import { openBundle, requireNoSurplus } from '../bundle/evidence.ts';
import { verifyProvenance } from '../bundle/provenance.ts';
import { equalBytes } from '../bytes.ts';
import { verifyAccountGenesis } from '../chain/final.ts';
import type { Context } from '../context.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { verifyFork } from '../evidence/fork.ts';
import { verifyMachine, verifyMachineSignatures, type MachineFindings } from '../machine/bundle.ts';
import { verifySteps } from '../machine/message.ts';
import type { MachinePort } from '../machine/port.ts';
import { verifyAccept, verifyAck, verifyCommit, verifyRequest } from '../messages/agreement.ts';
import { verifyOffer } from '../messages/offer.ts';
import type { Network } from '../network/description.ts';
import { verifySubmission } from '../network/submission.ts';
import { check, fail, ok, type Failure, type Result } from '../result.ts';
import { verifyBackup } from './backup.ts';
import { decodeFile, decodeFileOf, type DsmFile, type FileKind } from './container.ts';

export type Grade = 'certified' | 'reserved' | 'provisional';

/** What the evidence in a file amounts to. */
export interface Findings {
  /** The grade of what the file proves; none for what proves no payment. */
  readonly grade?: Grade | undefined;
  /** States verified. */
  readonly states?: number;
  /** Until when the grade holds: E − margin of a reserved payment, the settle-by time of a provisional one. */
  readonly goodUntil?: number;
}

export type Verdict =
  | { readonly ok: true; readonly kind: FileKind; readonly findings: Findings }
  | { readonly ok: false; readonly kind: FileKind | 'unknown'; readonly error: Failure };

export function verifyFile(suite: CryptoSuite, network: Network, bytes: Uint8Array): Verdict {
  const file = decodeFile(suite, bytes);
  if (!file.ok) return { ok: false, kind: 'unknown', error: file.error };
  const { kind } = file.value;
  const findings = verifyContent(suite, network, file.value);
  return findings.ok ? { ok: true, kind, findings: findings.value } : { ok: false, kind, error: findings.error };
}

function verifyContent(suite: CryptoSuite, network: Network, file: DsmFile): Result<Findings> {
  const bundle = openBundle(suite, file.items);
  if (!bundle.ok) return bundle;
  const findings = findingsOf({ suite, network, evidence: bundle.value.evidence }, file);
  if (!findings.ok) return findings;
  const surplus = requireNoSurplus(bundle.value);
  return surplus.ok ? findings : surplus;
}

const findings = <T>(result: Result<T>, describe: (value: T) => Findings): Result<Findings> =>
  result.ok ? ok(describe(result.value)) : result;

function findingsOf(context: Context, file: DsmFile): Result<Findings> {
  switch (file.kind) {
    case 'card':
      return findings(verifyAccountGenesis(context, file.content.account), () => ({ states: 2 }));
    // Nothing is paid before the payer signs: an offer, an accept and a request have no grade.
    case 'offer':
      return findings(verifyOffer(context, file.content), ({ run }) => ({ states: Math.max(run.length, 1) }));
    case 'accept':
      return findings(verifyAccept(context, file.content.accept), () => ({ states: 1 }));
    case 'request':
      return findings(verifyRequest(context, file.content), () => ({ states: 2 }));
    case 'commit':
      return findings(verifyCommit(context, file.content), ({ offer }) => ({
        grade: offer.grade,
        states: Math.max(offer.run.length, 1) + 1,
        goodUntil: offer.goodUntil,
      }));
    case 'ack':
      return findings(verifyAck(context, file.content), () => ({ states: 1 }));
    case 'claim':
      return verifyClaimFile(context, file);
    case 'chain':
      return findings(verifyProvenance(context, file.content.tip), ({ grade, states }) => ({ grade, states }));
    case 'issue':
      return findings(verifyIssue(context, file.content), () => ({}));
    case 'evidence':
      return findings(verifyFork(context, file.content), () => ({ states: 2 }));
    case 'backup':
      return verifyBackupFile(context, file);
    // Whether the machine's own rules hold, its code alone can tell.
    case 'steps':
      return findings(verifySteps(context, file.content), (states) => ({ states }));
    case 'machine':
      return findings(verifyMachineSignatures(context, file.content), () => ({ states: file.content.strands.length }));
  }
}

function verifyClaimFile(context: Context, file: Extract<DsmFile, { kind: 'claim' }>): Result<Findings> {
  const submission = verifySubmission(context, file.content.state);
  if (!submission.ok) return submission;
  const { kind, operation } = submission.value.operation;
  return kind === 'vault' && operation.type === 'claim'
    ? ok({ states: 1 })
    : fail('E_OPERATION', 'RES-4', 'not the claim of a reservation');
}

function verifyBackupFile(context: Context, file: Extract<DsmFile, { kind: 'backup' }>): Result<Findings> {
  const intact = verifyBackup(context.suite, file.content);
  if (!intact.ok) return intact;
  const here = check(
    equalBytes(file.content.network, context.network.id),
    'E_NETWORK',
    'NET-1',
    'a backup of another network',
  );
  return here.ok ? ok({}) : here;
}

/** A file of kind `machine`, with the code that its steps are repeated with (spec MCH-15). */
export async function verifyMachineFile(
  suite: CryptoSuite,
  network: Network,
  bytes: Uint8Array,
  machines: readonly MachinePort[],
): Promise<Result<MachineFindings>> {
  const file = decodeFileOf(suite, 'machine', bytes);
  if (!file.ok) return file;
  const bundle = openBundle(suite, file.value.items);
  if (!bundle.ok) return bundle;
  const context = { suite, network, evidence: bundle.value.evidence };
  const findings = await verifyMachine(context, file.value.content, machines);
  if (!findings.ok) return findings;
  const surplus = requireNoSurplus(bundle.value);
  return surplus.ok ? findings : surplus;
}
