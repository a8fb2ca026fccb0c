/**
 * Tokens that several issue (spec VAL-11): t of n keys, named in the policy, approve a cumulative minted total. Like a
 * claim, an approval covers the total and not the place: it survives a void, and used twice it mints nothing more.
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type StateHash, type TokenId } from '../bytes.ts';
import type { Context } from '../context.ts';
import { hashItem } from '../crypto/hash.ts';
import { verifyMessage, type SignedMessage } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { amount, hash, record, type Codec } from '../encoding/schema.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import { isApprovable, type TokenPolicy } from './policy.ts';

/** What approvers are asked for. */
export interface IssueProposal {
  readonly token: TokenId;
  /** Base units that will have been minted in all. */
  readonly minted: bigint;
}

export const issueProposalCodec: Codec<IssueProposal> = record<IssueProposal>({
  token: hash<TokenId>(),
  minted: amount,
});

/** The token and who has approved: every approval that is there verifies. */
export interface IssueFacts {
  readonly policy: TokenPolicy;
  readonly approved: readonly number[];
}

/** A proposal as it goes from approver to approver. */
export function verifyIssue(context: Context, { token, minted }: IssueProposal): Result<IssueFacts> {
  const policy = context.evidence.policy(token);
  if (!policy) return missing('policy', token);
  const valid = checkAll(
    () => check(equalBytes(policy.network, context.network.id), 'E_NETWORK', 'VAL-1', 'a token of another network'),
    () => requireApprovable(policy),
    () => check(policy.threshold > 0, 'E_TOKEN', 'VAL-11', 'the issuer of this token needs no approval'),
    () => check(minted > 0n && minted <= policy.cap, 'E_CAP', 'VAL-5', 'more would be minted than the token allows'),
  );
  if (!valid.ok) return valid;
  const approved = findApprovals(context, policy, token, minted);
  return approved.ok ? ok({ policy, approved: approved.value }) : approved;
}

/** What approvers sign stands under this name in a bundle: `H("issue", [token, minted])`. */
export const issueDigest = (suite: CryptoSuite, token: TokenId, minted: bigint): StateHash =>
  hashItem<StateHash>(suite, 'issue', [token, minted]);

/** `minted`: base units that will have been minted in all. */
export const issueMessage = (
  { suite, network }: Pick<Context, 'suite' | 'network'>,
  { issuer }: Pick<TokenPolicy, 'issuer'>,
  token: TokenId,
  minted: bigint,
): SignedMessage => ({ network: network.id, chain: issuer, from: 0, to: 0, hash: issueDigest(suite, token, minted) });

export function requireApprovable(policy: TokenPolicy): Result<undefined> {
  return isApprovable(policy) ? done : fail('E_TOKEN', 'VAL-11', 'not a threshold of distinct approvers');
}

/** Enough approvals of exactly this total; no more of them are looked at than are needed. */
export function verifyApprovals(
  context: Context,
  policy: TokenPolicy,
  token: TokenId,
  minted: bigint,
): Result<undefined> {
  const subject = issueDigest(context.suite, token, minted);
  const found = findApprovals(context, policy, token, minted);
  if (!found.ok) return found;
  return found.value.length >= policy.threshold ? done : missing('signature issue', subject, found.value.length);
}

/** Positions of the approvers whose approval is there, the first `threshold` of them. `E_SIGNATURE` if one is false. */
export function findApprovals(
  context: Context,
  policy: TokenPolicy,
  token: TokenId,
  minted: bigint,
): Result<readonly number[]> {
  const message = issueMessage(context, policy, token, minted);
  const found: number[] = [];
  for (const [position, key] of policy.approvers.entries()) {
    if (found.length === policy.threshold) break;
    const signature = context.evidence.signature('issue', message.hash as StateHash, position);
    if (!signature) continue;
    if (!verifyMessage(context.suite, key, 'issue', message, signature)) {
      return fail('E_SIGNATURE', 'VAL-11', `approval ${position} does not verify`);
    }
    found.push(position);
  }
  return ok(found);
}
