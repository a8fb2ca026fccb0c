/**
 * How a client gathers a Final from the nodes (spec NET-14), without any I/O: answers go in, what to ask next comes
 * out. In one trip where all n nodes vote for the state; else a quorum of votes is shown to all nodes and a quorum of
 * their acks is Final. Nothing that a node says counts before it is verified, so lying nodes can delay and not deceive.
 *
 *     let { gathering, asks, outcome } = startGathering(context, target);
 *     // send the asks; feed every answer or failure back until there is an outcome
 *     ({ gathering, asks, outcome } = advanceGathering(context, gathering, { type: 'vote', node, answer }));
 */
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import { decodeFileOf } from '../files/container.ts';
import { verifyFile } from '../files/verify.ts';
import { fail, ok, type Failure, type Result } from '../result.ts';
import { verifyCertificate, verifyReceipt, type Certificate, type Receipt, type Statement } from './certificate.ts';
import type { NetworkContext } from './description.ts';
import type { LockAnswer, SubmitAnswer } from './wire.ts';

/** The state that shall become final. */
export interface Target {
  readonly chain: ChainId;
  readonly index: number;
  readonly hash: StateHash;
}

/** What to send to a node. */
export type Ask =
  /** The submission; `votes` go into it where the node's clock must be waived, else they are empty. */
  | { readonly type: 'vote'; readonly node: number; readonly votes: readonly Receipt[] }
  | { readonly type: 'ack'; readonly node: number; readonly quorum: Certificate };

/** What came back from a node. A node that does not answer is a failure, `E_UNREACHABLE`. */
export type GatherEvent =
  | { readonly type: 'vote'; readonly node: number; readonly answer: Result<SubmitAnswer> }
  | { readonly type: 'ack'; readonly node: number; readonly answer: Result<LockAnswer> }
  /** Do not wait for all n any longer: go on with a quorum as soon as there is one. */
  | { readonly type: 'hurry' };

interface NodeState {
  readonly vote: Receipt | null;
  readonly ack: Receipt | null;
  /** Why the last thing asked was not given; what a node claims is checked before it stands here. */
  readonly failure: Failure | null;
  /** Asked and not answered yet. */
  readonly pending: boolean;
  /** Asked a second time, with votes that waive its clock. */
  readonly waived: boolean;
}

export interface Gathering {
  readonly target: Target;
  readonly nodes: readonly NodeState[];
  /** Set once acks are asked for. */
  readonly quorum: Certificate | null;
  readonly hurried: boolean;
}

export interface Progress {
  readonly gathering: Gathering;
  readonly asks: readonly Ask[];
  /** The Final, or why there is none. Undefined: feed further answers. */
  readonly outcome: Result<Certificate> | undefined;
}

const FRESH: NodeState = { vote: null, ack: null, failure: null, pending: true, waived: false };

export function startGathering({ network }: NetworkContext, target: Target): Progress {
  const nodes = network.nodes.map(() => FRESH);
  const asks = nodes.map((_, node): Ask => ({ type: 'vote', node, votes: [] }));
  return { gathering: { target, nodes, quorum: null, hurried: false }, asks, outcome: undefined };
}

/** Takes in one answer. Answers that come twice, late or from nowhere do no harm. */
export function advanceGathering(context: NetworkContext, gathering: Gathering, event: GatherEvent): Progress {
  if (event.type === 'hurry') return decide(context, { ...gathering, hurried: true });
  if (gathering.nodes[event.node] === undefined) return { gathering, asks: [], outcome: undefined };
  const answer = event.answer;
  if (answer.ok && answer.value.type === 'final') return takeFinal(context, gathering, event.node, answer.value);
  return decide(
    context,
    event.type === 'vote' ? takeVote(context, gathering, event) : takeAck(context, gathering, event),
  );
}

const withNode = (gathering: Gathering, node: number, change: Partial<NodeState>): Gathering => ({
  ...gathering,
  nodes: gathering.nodes.map((state, i) => (i === node ? { ...state, ...change } : state)),
});

const statementOf = ({ target, quorum }: Gathering, form: Statement['form']): Statement => ({
  form,
  ...target,
  round: form === 'acks' && quorum ? quorum.round : 0,
});

/** The node's own receipt for exactly this statement. */
function receiptIn(
  context: NetworkContext,
  statement: Statement,
  node: number,
  answer: Result<SubmitAnswer | LockAnswer>,
): Result<Receipt> {
  if (!answer.ok) return answer;
  const expected = statement.form === 'votes' ? 'vote' : 'ack';
  if (answer.value.type !== expected) return fail('E_CERTIFICATE', 'NET-14', `node ${node} answered something else`);
  const { receipt } = answer.value;
  if (receipt.node !== node) return fail('E_CERTIFICATE', 'NET-14', `node ${node} answered with another's receipt`);
  const valid = verifyReceipt(context, statement, receipt);
  return valid.ok ? ok(receipt) : valid;
}

function takeVote(
  context: NetworkContext,
  gathering: Gathering,
  { node, answer }: Extract<GatherEvent, { type: 'vote' }>,
): Gathering {
  if (gathering.nodes[node]?.vote) return gathering;
  const receipt = receiptIn(context, statementOf(gathering, 'votes'), node, answer);
  if (gathering.quorum) {
    // A late vote may still complete the n; what is pending by now is the ack.
    return receipt.ok ? withNode(gathering, node, { vote: receipt.value }) : gathering;
  }
  return receipt.ok
    ? withNode(gathering, node, { vote: receipt.value, failure: null, pending: false })
    : withNode(gathering, node, { failure: examine(context, gathering.target, receipt.error), pending: false });
}

function takeAck(
  context: NetworkContext,
  gathering: Gathering,
  { node, answer }: Extract<GatherEvent, { type: 'ack' }>,
): Gathering {
  if (!gathering.quorum || gathering.nodes[node]?.ack) return gathering;
  const receipt = receiptIn(context, statementOf(gathering, 'acks'), node, answer);
  return receipt.ok
    ? withNode(gathering, node, { ack: receipt.value, failure: null, pending: false })
    : withNode(gathering, node, { failure: examine(context, gathering.target, receipt.error), pending: false });
}

/** A node shows that the slot is decided. */
function takeFinal(
  context: NetworkContext,
  gathering: Gathering,
  node: number,
  { certificate }: { readonly certificate: Certificate },
): Progress {
  const { target } = gathering;
  const here = equalBytes(certificate.chain, target.chain) && certificate.index === target.index;
  const valid = here ? verifyCertificate(context, certificate) : fail('E_CERTIFICATE', 'NET-14', 'of another slot');
  if (!valid.ok) return decide(context, withNode(gathering, node, { failure: valid.error, pending: false }));
  const outcome = equalBytes(certificate.hash, target.hash)
    ? ok(certificate)
    : fail('E_CONFLICT', 'NET-8', 'another state is final at this place');
  return { gathering, asks: [], outcome };
}

/** A refusal as it may be repeated to others: evidence only if it proves a fork of this very chain. */
function examine({ suite, network }: NetworkContext, target: Target, failure: Failure): Failure {
  const { evidence, ...plain } = failure;
  if (evidence !== undefined) {
    const file = decodeFileOf(suite, 'evidence', evidence);
    const proves =
      file.ok && equalBytes(file.value.content.chain, target.chain) && verifyFile(suite, network, evidence).ok;
    if (proves) return failure;
  }
  return failure.code === 'E_FORK' ? { ...plain, code: 'E_CONFLICT' } : plain;
}

/** Evidence files that nodes refused with, verified: worth keeping whatever the outcome. */
export const gatheredEvidence = ({ nodes }: Gathering): readonly Uint8Array[] =>
  nodes.flatMap(({ failure }) => (failure?.evidence ? [failure.evidence] : []));

const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** What follows from all that is known by now. */
function decide(context: NetworkContext, gathering: Gathering): Progress {
  const { network } = context;
  const { nodes } = gathering;
  const votes = present(nodes.map(({ vote }) => vote));
  const acks = present(nodes.map(({ ack }) => ack));
  const finish = (outcome: Result<Certificate>): Progress => ({ gathering, asks: [], outcome });
  if (votes.length === nodes.length) {
    return finish(ok({ ...statementOf(gathering, 'votes'), receipts: votes }));
  }
  if (acks.length >= network.quorum) {
    return finish(ok({ ...statementOf(gathering, 'acks'), receipts: acks.slice(0, network.quorum) }));
  }
  const waiting = nodes.some(({ pending }) => pending);
  if (gathering.quorum) {
    return waiting ? { gathering, asks: [], outcome: undefined } : finish(giveUp(context, gathering, acks.length));
  }
  const waivers = askAgain(context, gathering, votes);
  if (waivers) return waivers;
  if (votes.length >= network.quorum && (!waiting || gathering.hurried)) return askForAcks(context, gathering, votes);
  const blocked = blockedBy(gathering);
  if (nodes.length - blocked.length < network.quorum) return finish({ ok: false, error: strongest(blocked) });
  return waiting ? { gathering, asks: [], outcome: undefined } : finish(giveUp(context, gathering, votes.length));
}

/** Nodes whose clock has left the window are shown f+1 votes, which waive it (spec NET-11). */
function askAgain({ network }: NetworkContext, gathering: Gathering, votes: readonly Receipt[]): Progress | undefined {
  const late = gathering.nodes.flatMap(({ failure, waived, pending }, node) =>
    failure?.code === 'E_WINDOW' && !waived && !pending ? [node] : [],
  );
  if (late.length === 0 || votes.length <= network.faults) return undefined;
  const waiver = votes.slice(0, network.faults + 1);
  const nodes = gathering.nodes.map((state, node) =>
    late.includes(node) ? { ...state, failure: null, pending: true, waived: true } : state,
  );
  return {
    gathering: { ...gathering, nodes },
    asks: late.map((node) => ({ type: 'vote', node, votes: waiver })),
    outcome: undefined,
  };
}

/** Shows exactly q votes to all nodes, those that did not vote included. */
function askForAcks({ network }: NetworkContext, gathering: Gathering, votes: readonly Receipt[]): Progress {
  const quorum = { ...statementOf(gathering, 'votes'), receipts: votes.slice(0, network.quorum) };
  const nodes = gathering.nodes.map((state) => ({ ...state, failure: null, pending: true }));
  return {
    gathering: { ...gathering, quorum, nodes },
    asks: nodes.map((_, node) => ({ type: 'ack', node, quorum })),
    outcome: undefined,
  };
}

/** Refusals of nodes that stand by another state. */
const blockedBy = ({ nodes }: Gathering): Failure[] =>
  present(nodes.map(({ failure }) => failure)).filter(({ code }) => code === 'E_CONFLICT' || code === 'E_FORK');

/** Proof before words: a refusal with verified evidence if there is one. */
const strongest = (failures: readonly Failure[]): Failure =>
  failures.find(({ evidence }) => evidence !== undefined) ?? (failures[0] as Failure);

/** Refusals that say nothing about the state. */
const SILENT: ReadonlySet<string> = new Set(['E_UNREACHABLE', 'E_STORE', 'E_BUSY', 'E_INTERNAL', 'E_CERTIFICATE']);

/**
 * Everybody has answered and it is not enough. What f+1 nodes say at least one honest node says; anything less may be
 * a lie, and then all that is certain is that too few agreed.
 */
function giveUp({ network }: NetworkContext, { nodes, quorum }: Gathering, count: number): Result<Certificate> {
  const failures = present(nodes.map(({ failure }) => failure)).filter(({ code }) => !SILENT.has(code));
  const common = failures.find(({ code }) => failures.filter((other) => other.code === code).length > network.faults);
  if (common) {
    const same = failures.filter(({ code }) => code === common.code);
    const missing = [...new Set(same.flatMap((failure) => failure.missing ?? []))];
    return { ok: false, error: { ...strongest(same), ...(missing.length > 0 && { missing }) } };
  }
  const form = quorum ? 'acks' : 'votes';
  return fail('E_PENDING', 'NET-14', `${count} of the ${network.quorum} ${form} needed`);
}
