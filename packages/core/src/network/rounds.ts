/**
 * Rounds above 0 (spec NET-24 to NET-30): how a slot whose votes are split, or whose state came to nothing, gets its
 * Final. A client asks nodes to start a round; each promises to say nothing below it any more and reports what it has
 * locked and voted for. q reports force a state or leave the choice free; the owner of the round signs one proposal,
 * and the nodes vote on it. Pure: client, owner and voters share these functions.
 */
import { compareBytes, equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import type { Place } from '../chain/body.ts';
import { hashItem } from '../crypto/hash.ts';
import { signatureCodec, verifyMessage, type Purpose, type SignedMessage } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { hash, list, optional, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, done, fail, type Result } from '../result.ts';
import { certificateCodec, verifyQuorum, type Certificate } from './certificate.ts';
import type { Network, NetworkContext } from './description.ts';

/** What a node has said about a slot when it promised a round. */
export interface UnsignedReport extends Place {
  /** Promised: the node votes and acks nothing below it any more. */
  readonly round: number;
  /** Position of the node in the description. */
  readonly node: number;
  /** The quorum of votes of the highest round that the node has locked. */
  readonly lock: Certificate | null;
  /** What the node voted for in round 0. */
  readonly vote: StateHash | null;
}

export interface Report extends UnsignedReport {
  readonly signature: Uint8Array;
}

/** The state that the owner of a round proposes, and the reports that allow it. */
export interface UnsignedRoundProposal extends Place {
  readonly round: number;
  readonly hash: StateHash;
  /** Exactly q, in ascending order of their nodes. */
  readonly reports: readonly Report[];
}

export interface RoundProposal extends UnsignedRoundProposal {
  readonly signature: Uint8Array;
}

const reportFields = {
  chain: hash<ChainId>(),
  index: uint(),
  round: uint(LIMITS.rounds),
  node: uint(LIMITS.networkNodes - 1),
  lock: optional(certificateCodec),
  vote: optional(hash<StateHash>()),
};

const unsignedReportCodec: Codec<UnsignedReport> = record<UnsignedReport>(reportFields);

export const reportCodec: Codec<Report> = record<Report>({ ...reportFields, signature: signatureCodec });

const proposalFields = {
  chain: hash<ChainId>(),
  index: uint(),
  round: uint(LIMITS.rounds),
  hash: hash<StateHash>(),
  reports: list(reportCodec, LIMITS.networkNodes, 1),
};

export const unsignedRoundProposalCodec: Codec<UnsignedRoundProposal> = record<UnsignedRoundProposal>(proposalFields);

export const roundProposalCodec: Codec<RoundProposal> = record<RoundProposal>({
  ...proposalFields,
  signature: signatureCodec,
});

/** `[network, chain, from: index, to: index, hash]` with the tagged hash of what is said. */
const messageOf = (network: Network, { chain, index }: Place, digest: Uint8Array): SignedMessage => ({
  network: network.id,
  chain,
  from: index,
  to: index,
  hash: digest,
});

const digestOf = (suite: CryptoSuite, tag: 'report' | 'proposal', item: Item): Uint8Array => hashItem(suite, tag, item);

/** Message under a report's signature, purpose `report`. */
export const reportMessage = ({ suite, network }: NetworkContext, report: UnsignedReport): SignedMessage =>
  messageOf(network, report, digestOf(suite, 'report', unsignedReportCodec.toItem(report)));

/** Message under a proposal's signature, purpose `proposal`. */
export const proposalMessage = ({ suite, network }: NetworkContext, proposal: UnsignedRoundProposal): SignedMessage =>
  messageOf(network, proposal, digestOf(suite, 'proposal', unsignedRoundProposalCodec.toItem(proposal)));

/** Position of the node that owns a round: `(first 8 bytes of H("slot", [network, chain, index]) + r) mod n`. */
export function roundOwner({ suite, network }: NetworkContext, { chain, index }: Place, round: number): number {
  const digest = hashItem(suite, 'slot', [network.id, chain, index]);
  const start = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0);
  return Number((start + BigInt(round)) % BigInt(network.nodes.length));
}

/** When round r opens at a node that first saw a signed state for the slot at `seenMs`: `+ τ·Σ_{1≤i≤r} 2^⌊i/n⌋`. */
export function roundOpensMs({ nodes, roundMs }: Network, seenMs: number, round: number): number {
  let units = 0;
  for (let i = 1; i <= round; i++) units += 2 ** Math.floor(i / nodes.length);
  return seenMs + roundMs * units;
}

/** What q reports allow to be proposed. */
export type Choice =
  /** One of these: the state of the highest lock, or one that f+1 nodes voted for in round 0. */
  | { readonly type: 'forced'; readonly hashes: readonly StateHash[] }
  /** Any admissible state, the void included. */
  | { readonly type: 'free' };

const byBytes = (hashes: readonly StateHash[]): readonly StateHash[] =>
  hashes.toSorted(compareBytes).filter((one, i, all) => i === 0 || !equalBytes(one, all[i - 1] as StateHash));

/**
 * The rule that client, owner and voters apply (spec NET-27). A lock may be the trace of a Final, and so may f+1 votes
 * of round 0, since n equal votes leave that many among any q reports. Two states with f+1 votes each prove that
 * neither is final, so either may follow.
 */
export function chooseProposal({ faults }: Network, reports: readonly UnsignedReport[]): Choice {
  const locks = reports.map(({ lock }) => lock).filter((lock) => lock !== null);
  if (locks.length > 0) {
    const highest = Math.max(...locks.map(({ round }) => round));
    return { type: 'forced', hashes: byBytes(locks.filter(({ round }) => round === highest).map((lock) => lock.hash)) };
  }
  const votes = reports.map(({ vote }) => vote).filter((vote) => vote !== null);
  const strong = votes.filter((vote) => votes.filter((other) => equalBytes(vote, other)).length > faults);
  return strong.length > 0 ? { type: 'forced', hashes: byBytes(strong) } : { type: 'free' };
}

/** Whether the reports allow this state to be proposed; of a free choice the state itself decides. */
export function isAllowed(choice: Choice, state: StateHash): boolean {
  return choice.type === 'free' || choice.hashes.some((forced) => equalBytes(forced, state));
}

function verifySigned(
  { suite, network }: NetworkContext,
  node: number,
  purpose: Purpose,
  message: SignedMessage,
  signature: Uint8Array,
  rule: string,
): Result<undefined> {
  const key = network.nodes[node];
  if (!key) return fail('E_CERTIFICATE', rule, `there is no node ${node}`);
  return check(
    verifyMessage(suite, key, purpose, message, signature),
    'E_SIGNATURE',
    rule,
    `node ${node} did not sign this`,
  );
}

/** A report for this slot and round: signed by its node, the lock with its quorum (spec NET-26). */
export function verifyReport(
  context: NetworkContext,
  slot: Place & { readonly round: number },
  report: Report,
): Result<undefined> {
  const { lock, node, signature } = report;
  return checkAll(
    () => check(isPlace(report, slot), 'E_CERTIFICATE', 'NET-26', 'a report of another slot'),
    () => check(report.round === slot.round, 'E_CERTIFICATE', 'NET-26', 'a report of another round'),
    () => check(report.round > 0 && report.index > 0, 'E_CERTIFICATE', 'NET-26', 'reports are of rounds above 0'),
    () => check(lock === null || isPlace(lock, slot), 'E_CERTIFICATE', 'NET-26', 'a lock of another slot'),
    () => check(lock === null || lock.round < slot.round, 'E_CERTIFICATE', 'NET-26', 'a lock of a later round'),
    () => verifySigned(context, node, 'report', reportMessage(context, report), signature, 'NET-26'),
    () => (lock === null ? done : verifyQuorum(context, lock)),
  );
}

const isPlace = (one: Place, other: Place): boolean => one.index === other.index && equalBytes(one.chain, other.chain);

/** q reports of different nodes for this slot and round, each valid, that allow this state (spec NET-27). */
export function verifyReports(context: NetworkContext, proposal: UnsignedRoundProposal): Result<undefined> {
  const { reports } = proposal;
  const { quorum } = context.network;
  const ascending = reports.every(({ node }, i) => i === 0 || (reports[i - 1] as Report).node < node);
  const shape = checkAll(
    () => check(reports.length >= quorum, 'E_CERTIFICATE', 'NET-27', `${reports.length} reports of ${quorum}`),
    () =>
      check(reports.length === quorum, 'E_SURPLUS', 'NET-27', `${reports.length} reports, exactly ${quorum} allowed`),
    () => check(ascending, 'E_CERTIFICATE', 'NET-27', 'reports not in ascending order of different nodes'),
    () =>
      check(
        isAllowed(chooseProposal(context.network, reports), proposal.hash),
        'E_CERTIFICATE',
        'NET-27',
        'the reports demand another state',
      ),
  );
  if (!shape.ok) return shape;
  return checkAll(...reports.map((report) => () => verifyReport(context, proposal, report)));
}

/** A proposal: signed by the owner of the round, allowed by its reports (spec NET-28). */
export function verifyProposal(context: NetworkContext, proposal: RoundProposal): Result<undefined> {
  const owner = roundOwner(context, proposal, proposal.round);
  return checkAll(
    () => verifySigned(context, owner, 'proposal', proposalMessage(context, proposal), proposal.signature, 'NET-28'),
    () => verifyReports(context, proposal),
  );
}
