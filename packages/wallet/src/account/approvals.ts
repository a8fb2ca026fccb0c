/**
 * Issuing a token together (spec VAL-11): the issuer proposes a total, its approvers sign the same file one after the
 * other or each a copy of it, and the issuer mints with what came back. No network is needed but for the mint.
 */
import {
  decodeFileOf,
  editLeaves,
  encodeFile,
  equalBytes,
  equalKeys,
  fail,
  issueDigest,
  issuedCodec,
  issuedLeaf,
  issueMessage,
  ok,
  openBundle,
  requireNoSurplus,
  signMessage,
  verifyIssue,
  type BundleItem,
  type IssueFacts,
  type IssueProposal,
  type Result,
  type TokenId,
} from '@dsm/core';
import { requireChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { putItems } from '../records/item.ts';
import { putToken, tokenRecords } from '../records/token.ts';
import { requireMaySign } from '../restore/guard.ts';

/** The issuer asks: a file for the approvers. `E_TOKEN` for a token that needs nobody's approval. */
export const proposeIssue = (device: Device, token: TokenId, amount: bigint): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const policy = await tokenRecords.read(device, token);
    if (!policy) return fail('E_TOKEN', 'VAL-1', 'the token is unknown');
    if (policy.threshold === 0) return fail('E_TOKEN', 'VAL-11', 'the issuer of this token needs no approval');
    const total = await mintedAfter(device, token, amount);
    if (!total.ok) return total;
    return ok(encodeFile(device.suite, 'issue', { token, minted: total.value }, [{ type: 'policy', policy }]));
  });

/** What will have been minted in all, by this account. */
async function mintedAfter(device: Device, token: TokenId, amount: bigint): Promise<Result<bigint>> {
  const held = await requireChain(device, device.account);
  if (!held.ok) return held;
  const issued = editLeaves(device.suite, held.value.tree).read(issuedLeaf(token), issuedCodec);
  if (!issued.ok) return issued;
  return issued.value === undefined
    ? fail('E_TOKEN', 'VAL-4', 'only the issuer mints and burns')
    : ok(issued.value.minted + amount);
}

/** A proposal as it was verified, with the approvals that came along. */
export interface OpenedIssue extends IssueFacts {
  readonly proposal: IssueProposal;
  readonly items: readonly BundleItem[];
}

/** Reads a proposal and checks every byte of it: what an approver looks at before it approves. */
export function openIssue(device: Pick<Device, 'suite' | 'network'>, file: Uint8Array): Result<OpenedIssue> {
  const decoded = decodeFileOf(device.suite, 'issue', file);
  if (!decoded.ok) return decoded;
  const { content: proposal, items } = decoded.value;
  const bundle = openBundle(device.suite, items);
  if (!bundle.ok) return bundle;
  const { evidence } = bundle.value;
  const facts = verifyIssue({ suite: device.suite, network: device.network, evidence }, proposal);
  if (!facts.ok) return facts;
  const surplus = requireNoSurplus(bundle.value);
  return surplus.ok ? ok({ ...facts.value, proposal, items }) : surplus;
}

export interface Approval {
  readonly issue: OpenedIssue;
  /** The same file with the approval of this device. */
  readonly file: Uint8Array;
}

/**
 * Approves the total. It mints nothing by itself, and together with the others no more than up to this total.
 * `E_SIGNATURE` when this device is none of the approvers. Repeated, it answers with an approval as good.
 */
export const approveIssue = (device: Device, file: Uint8Array): Promise<Result<Approval>> =>
  guardStore(async () => {
    const opened = openIssue(device, file);
    if (!opened.ok) return opened;
    const { policy, proposal, approved, items } = opened.value;
    const may = await requireMaySign(device);
    if (!may.ok) return may;
    const position = policy.approvers.findIndex((key) => equalKeys(key, device.key.publicKey));
    if (position < 0) return fail('E_SIGNATURE', 'VAL-11', 'this device is none of the approvers of this token');
    if (approved.includes(position) || approved.length >= policy.threshold) return ok({ issue: opened.value, file });
    const { token, minted } = proposal;
    const message = issueMessage(device, policy, token, minted);
    const signature = signMessage(device.suite, device.key.secretKey, 'issue', message);
    const subject = issueDigest(device.suite, token, minted);
    const own: BundleItem = { type: 'signature', purpose: 'issue', subject, position, signature };
    const kept = await device.store.commit([...putItems(device, [own]), ...putToken(device, token, policy)]);
    if (!kept.ok) return kept;
    return ok({ issue: opened.value, file: encodeFile(device.suite, 'issue', proposal, [...items, own]) });
  });

/**
 * The approvals out of the files that came back, for `mint`: as many as the token asks for, none for most.
 * `E_MISMATCH` when a file is about another token or total, `E_PENDING` while too few have approved.
 */
export const gatherApprovals = (
  device: Device,
  token: TokenId,
  amount: bigint,
  files: readonly Uint8Array[],
): Promise<Result<readonly BundleItem[]>> =>
  guardStore(async () => {
    const policy = await tokenRecords.read(device, token);
    if (!policy || policy.threshold === 0) return ok([]);
    const total = await mintedAfter(device, token, amount);
    if (!total.ok) return total;
    const byPosition = new Map<number, BundleItem>();
    for (const file of files) {
      const opened = openIssue(device, file);
      if (!opened.ok) return opened;
      const { proposal, items } = opened.value;
      if (!equalBytes(proposal.token, token) || proposal.minted !== total.value) {
        return fail('E_MISMATCH', 'VAL-11', 'the approval is for another token or another total');
      }
      for (const item of items) if (item.type === 'signature') byPosition.set(item.position, item);
    }
    const ordered = [...byPosition].toSorted(([a], [b]) => a - b).map(([, item]) => item);
    if (ordered.length < policy.threshold) {
      return fail('E_PENDING', 'VAL-11', `${ordered.length} of ${policy.threshold} approvals are there`);
    }
    return ok(ordered.slice(0, policy.threshold));
  });
