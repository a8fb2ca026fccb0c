/**
 * Files and messages (spec FIL-1): one item `["dsm", version, kind, content, items]`. The content names what is
 * claimed, the items are the evidence. What a file carries, a link carries too.
 */
import { issueProposalCodec, type IssueProposal } from '../account/approvals.ts';
import { bundleCodec, type BundleItem } from '../bundle/items.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeItem, encodeItem, type Item } from '../encoding/cbor.ts';
import { hash, record, type Codec } from '../encoding/schema.ts';
import type { ChainId, StateHash } from '../bytes.ts';
import { forkCodec, type Fork } from '../evidence/fork.ts';
import { machineContentCodec, type MachineContent } from '../machine/bundle.ts';
import { stepsContentCodec, type StepsContent } from '../machine/message.ts';
import {
  acceptanceCodec,
  acknowledgementCodec,
  agreementCodec,
  type Acceptance,
  type Acknowledgement,
  type Agreement,
} from '../messages/agreement.ts';
import { proposalCodec, type Proposal } from '../messages/offer.ts';
import { fail, ok, type Result } from '../result.ts';
import { backupCodec, type Backup } from './backup.ts';

export const FILE_VERSION = 1;

/** Content by kind of file. */
export interface FileContent {
  /** An account and its identity: what contacts exchange. */
  readonly card: { readonly account: ChainId };
  readonly offer: Proposal;
  readonly accept: Acceptance;
  readonly commit: Agreement;
  readonly request: Agreement;
  readonly ack: Acknowledgement;
  /** A claim of a reservation that anybody may carry to the nodes. */
  readonly claim: { readonly state: StateHash };
  /** A chain from its genesis to a tip. */
  readonly chain: { readonly tip: StateHash };
  /** A total of a token that its approvers are asked for; the approvals so far come along. */
  readonly issue: IssueProposal;
  readonly evidence: Fork;
  readonly backup: Backup;
  /** What the parties of a machine relationship send one another. */
  readonly steps: StepsContent;
  /** The state of a machine relationship for somebody who is no party. */
  readonly machine: MachineContent;
}

export type FileKind = keyof FileContent;

export type DsmFile = {
  readonly [K in FileKind]: {
    readonly kind: K;
    readonly content: FileContent[K];
    readonly items: readonly BundleItem[];
  };
}[FileKind];

const CONTENT_CODECS: { readonly [K in FileKind]: Codec<FileContent[K]> } = {
  card: record<FileContent['card']>({ account: hash<ChainId>() }),
  offer: proposalCodec,
  accept: acceptanceCodec,
  commit: agreementCodec,
  request: agreementCodec,
  ack: acknowledgementCodec,
  claim: record<FileContent['claim']>({ state: hash<StateHash>() }),
  chain: record<FileContent['chain']>({ tip: hash<StateHash>() }),
  issue: issueProposalCodec,
  evidence: forkCodec,
  backup: backupCodec,
  steps: stepsContentCodec,
  machine: machineContentCodec,
};

const isFileKind = (text: Item | undefined): text is FileKind =>
  typeof text === 'string' && Object.hasOwn(CONTENT_CODECS, text);

export function encodeFile<K extends FileKind>(
  suite: CryptoSuite,
  kind: K,
  content: FileContent[K],
  items: readonly BundleItem[] = [],
): Uint8Array {
  return encodeItem([
    'dsm',
    FILE_VERSION,
    kind,
    CONTENT_CODECS[kind].toItem(content),
    bundleCodec(suite).toItem(items),
  ]);
}

export function decodeFile(suite: CryptoSuite, bytes: Uint8Array): Result<DsmFile> {
  const item = decodeItem(bytes);
  if (!item.ok) return item;
  const parts = item.value;
  if (!Array.isArray(parts) || parts[0] !== 'dsm' || parts.length !== 5) {
    return fail('E_FORMAT', 'FIL-1', 'not a DSM file');
  }
  const [, version, kind, content, items] = parts as readonly Item[];
  if (version !== FILE_VERSION) return fail('E_VERSION', 'FIL-1', `only file version ${FILE_VERSION} is understood`);
  if (!isFileKind(kind)) return fail('E_FORMAT', 'FIL-1', 'unknown kind of file');
  const decoded = (CONTENT_CODECS[kind] as Codec<unknown>).fromItem(content as Item, kind);
  if (!decoded.ok) return decoded;
  const bundle = bundleCodec(suite).fromItem(items as Item, 'items');
  if (!bundle.ok) return bundle;
  return ok({ kind, content: decoded.value, items: bundle.value } as unknown as DsmFile);
}

/** Decodes a file of one kind, `E_FORMAT` for any other. */
export function decodeFileOf<K extends FileKind>(
  suite: CryptoSuite,
  kind: K,
  bytes: Uint8Array,
): Result<Extract<DsmFile, { kind: K }>> {
  const file = decodeFile(suite, bytes);
  if (!file.ok) return file;
  return file.value.kind === kind
    ? ok(file.value as Extract<DsmFile, { kind: K }>)
    : fail('E_FORMAT', 'FIL-1', `a file of kind ${kind} is expected here, not ${file.value.kind}`);
}
