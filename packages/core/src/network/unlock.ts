/**
 * How a client drives a slot that votes of round 0 do not decide (spec NET-30), without any I/O: answers go in, what
 * to ask next comes out. Status of all nodes, start of a round, q reports, the owner's proposal, q votes, q acks. Where
 * a round comes to nothing, because its owner is silent or lies or because nodes have promised more, a later one is
 * begun. Nothing that a node says counts before it is verified, and a Final from anyone ends it.
 *
 *     let { unlocking, asks, wait, outcome } = startUnlocking(context, target);
 *     // send the asks; feed every answer back; where it waits, feed `continue` when the time has come
 *     ({ unlocking, asks, wait, outcome } = advanceUnlocking(context, unlocking, { type: 'answer', ask, answer }));
 */
import { equalBytes, type StateHash } from '../bytes.ts';
import type { Place } from '../chain/body.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Failure, type Result } from '../result.ts';
import { verifyCertificate, verifyReceipt, type Certificate, type Receipt, type Statement } from './certificate.ts';
import type { NetworkContext } from './description.ts';
import {
  chooseProposal,
  roundOpensMs,
  roundOwner,
  verifyProposal,
  verifyReport,
  type Report,
  type RoundProposal,
  type UnsignedRoundProposal,
} from './rounds.ts';
import type { ProposeAnswer, StartAnswer } from './wire-rounds.ts';
import type { LockAnswer, SlotStatus, SubmitAnswer } from './wire.ts';

/** The slot, and what the client would have there. */
export interface UnlockTarget extends Place {
  /** States that may be proposed where the reports leave the choice free, the most wanted first. */
  readonly candidates: readonly StateHash[];
  /** Nodes begin no round before: the end of the state's time, where no fork is shown. 0 otherwise. */
  readonly notBeforeMs: number;
}

/** What to send to a node. `trip` tells late answers from those that are waited for. */
export type UnlockAsk = { readonly trip: number; readonly node: number } & (
  | { readonly type: 'status' }
  | { readonly type: 'start'; readonly round: number }
  | { readonly type: 'propose'; readonly proposal: UnsignedRoundProposal }
  | { readonly type: 'vote'; readonly proposal: RoundProposal }
  | { readonly type: 'ack'; readonly quorum: Certificate }
);

/** What a node answers to an ask of the type. */
export interface UnlockAnswers {
  readonly status: SlotStatus;
  readonly start: StartAnswer;
  readonly propose: ProposeAnswer;
  readonly vote: SubmitAnswer;
  readonly ack: LockAnswer;
}

export type UnlockEvent =
  /** `answer` is that of the ask's type. A node that does not answer is a failure, `E_UNREACHABLE`. */
  | { readonly type: 'answer'; readonly ask: UnlockAsk; readonly answer: Result<UnlockAnswers[UnlockAsk['type']]> }
  /** Do not wait for all n any longer in this trip: go on as soon as there are q. */
  | { readonly type: 'hurry'; readonly trip: number }
  /** The time that was waited for has come. */
  | { readonly type: 'continue' };

interface NodeState {
  /** Asked and not answered yet. */
  readonly pending: boolean;
  /** Why this trip brought nothing of this node. */
  readonly failure: Failure | null;
  /** As the node claims: its lowest open round, and when it first saw a state for the slot. */
  readonly promise: number;
  readonly seenMs: number;
  readonly report: Report | null;
  readonly receipt: Receipt | null;
}

export interface Unlocking {
  readonly target: UnlockTarget;
  readonly step: UnlockAsk['type'] | 'wait';
  readonly trip: number;
  /** The round that is driven, or the lowest that may be begun next. */
  readonly round: number;
  /** Rounds that came to nothing. */
  readonly failed: number;
  /** Owners that proposed none of the candidates. */
  readonly unwilling: number;
  readonly nodes: readonly NodeState[];
  readonly hurried: boolean;
  /** Candidates that the owner of this round, or so many voters that one is honest, refused. */
  readonly refused: readonly StateHash[];
  readonly proposal: RoundProposal | null;
  readonly quorum: Certificate | null;
}

/** Until a round opens: when, by the nodes' clocks; null while too few have said. */
export interface UnlockWait {
  readonly round: number;
  readonly untilMs: number | null;
}

export interface UnlockProgress {
  readonly unlocking: Unlocking;
  readonly asks: readonly UnlockAsk[];
  /** Nothing to be done before a time; then feed `continue`. */
  readonly wait?: UnlockWait;
  /** The Final, or why there is none now. Undefined: feed further events. */
  readonly outcome?: Result<Certificate>;
}

const FRESH: NodeState = { pending: false, failure: null, promise: 0, seenMs: 0, report: null, receipt: null };

export function startUnlocking({ network }: NetworkContext, target: UnlockTarget): UnlockProgress {
  return askAll(
    {
      target,
      step: 'status',
      trip: 0,
      round: 1,
      failed: 0,
      unwilling: 0,
      nodes: network.nodes.map(() => FRESH),
      hurried: false,
      refused: [],
      proposal: null,
      quorum: null,
    },
    { type: 'status' },
  );
}

/** Takes in one event. Answers that come twice, late or from nowhere do no harm. */
export function advanceUnlocking(context: NetworkContext, unlocking: Unlocking, event: UnlockEvent): UnlockProgress {
  switch (event.type) {
    case 'continue':
      return unlocking.step === 'wait' ? askAll(unlocking, { type: 'status' }) : { unlocking, asks: [] };
    case 'hurry':
      return event.trip === unlocking.trip ? decide(context, { ...unlocking, hurried: true }) : { unlocking, asks: [] };
    case 'answer':
      return takeAnswer(context, unlocking, event);
  }
}

type Answered = Extract<UnlockEvent, { type: 'answer' }>;

/** What an ask says beside where it goes. */
type Question = UnlockAsk extends infer Ask ? (Ask extends UnlockAsk ? Omit<Ask, 'trip' | 'node'> : never) : never;

/** A new trip: all nodes, or those named, are asked. */
function askAll(unlocking: Unlocking, question: Question, only?: number): UnlockProgress {
  const trip = unlocking.trip + 1;
  const nodes = unlocking.nodes.map((node, i) => ({
    ...node,
    pending: only === undefined || only === i,
    failure: null,
    report: question.type === 'status' || question.type === 'start' ? null : node.report,
    receipt: null,
  }));
  const asks = nodes.flatMap(({ pending }, node) => (pending ? [{ ...question, trip, node }] : []));
  return { unlocking: { ...unlocking, step: question.type, trip, hurried: false, nodes }, asks };
}

function takeAnswer(context: NetworkContext, unlocking: Unlocking, { ask, answer }: Answered): UnlockProgress {
  const final = answer.ok ? finalIn(answer.value) : null;
  if (final && isFinalHere(context, unlocking.target, final)) {
    return { unlocking, asks: [], outcome: ok(final) };
  }
  const node = unlocking.nodes[ask.node];
  if (ask.trip !== unlocking.trip || ask.type !== unlocking.step || !node?.pending) return { unlocking, asks: [] };
  const change = answer.ok ? readAnswer(context, unlocking, ask.node, answer.value) : { failure: answer.error };
  const nodes = unlocking.nodes.map((one, i) => (i === ask.node ? { ...one, ...change, pending: false } : one));
  const proposal = unlocking.step === 'propose' && answer.ok ? proposalIn(answer.value) : null;
  const isGood = proposal !== null && nodes[ask.node]?.failure === null;
  return decide(context, { ...unlocking, nodes, proposal: isGood ? proposal : unlocking.proposal });
}

type AnyAnswer = UnlockAnswers[UnlockAsk['type']];

const finalIn = (answer: AnyAnswer): Certificate | null =>
  'type' in answer ? (answer.type === 'final' ? answer.certificate : null) : answer.final;

const proposalIn = (answer: AnyAnswer): RoundProposal | null =>
  'type' in answer && answer.type === 'proposal' ? answer.proposal : null;

const isPlace = (one: Place, other: Place): boolean => one.index === other.index && equalBytes(one.chain, other.chain);

const isFinalHere = (context: NetworkContext, target: Place, certificate: Certificate): boolean =>
  isPlace(certificate, target) && verifyCertificate(context, certificate).ok;

const lie = (node: number, what: string): Failure => fail('E_CERTIFICATE', 'NET-30', `node ${node} ${what}`).error;

/** What an answer brings, once it is verified; the reason where it brings nothing. */
function readAnswer(
  context: NetworkContext,
  unlocking: Unlocking,
  node: number,
  answer: AnyAnswer,
): Partial<NodeState> {
  const { target, step, round } = unlocking;
  if (!('type' in answer)) {
    return step === 'status'
      ? { promise: answer.promise, seenMs: answer.seenMs }
      : { failure: lie(node, 'answered something else') };
  }
  if (answer.type === 'report' && step === 'start') {
    if (answer.report.node !== node) return { failure: lie(node, "answered with another's report") };
    const valid = verifyReport(context, { ...target, round }, answer.report);
    return valid.ok ? { report: answer.report } : { failure: valid.error };
  }
  if (answer.type === 'proposal' && step === 'propose') {
    const { proposal } = answer;
    if (!isPlace(proposal, target) || proposal.round !== round) {
      return { failure: lie(node, 'proposed for another slot or round') };
    }
    const valid = verifyProposal(context, proposal);
    return valid.ok ? {} : { failure: valid.error };
  }
  const statement = statementOf(unlocking);
  if (statement && ((answer.type === 'vote' && step === 'vote') || (answer.type === 'ack' && step === 'ack'))) {
    if (answer.receipt.node !== node) return { failure: lie(node, "answered with another's receipt") };
    const valid = verifyReceipt(context, statement, answer.receipt);
    return valid.ok ? { receipt: answer.receipt } : { failure: valid.error };
  }
  return { failure: lie(node, 'answered something else') };
}

/** What the receipts of this step must say. */
function statementOf({ step, target, proposal }: Unlocking): Statement | undefined {
  if (!proposal || (step !== 'vote' && step !== 'ack')) return undefined;
  const { chain, index } = target;
  return { form: step === 'vote' ? 'votes' : 'acks', chain, index, round: proposal.round, hash: proposal.hash };
}

const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** What follows from all that is known by now. */
function decide(context: NetworkContext, unlocking: Unlocking): UnlockProgress {
  const waits = unlocking.nodes.some(({ pending }) => pending);
  switch (unlocking.step) {
    case 'status':
      return afterStatus(context, unlocking, waits);
    case 'start':
      return afterStart(context, unlocking, waits);
    case 'propose':
      return waits ? { unlocking, asks: [] } : afterProposal(context, unlocking);
    case 'vote':
    case 'ack':
      return afterReceipts(context, unlocking, waits);
    case 'wait':
      return { unlocking, asks: [] };
  }
}

const stop = (unlocking: Unlocking, outcome: Result<Certificate>): UnlockProgress => ({ unlocking, asks: [], outcome });

const pendingFor = (message: string): Result<never> => fail('E_PENDING', 'NET-30', message);

/** Begins the lowest round that an honest node may still take part in. */
function afterStatus({ network }: NetworkContext, unlocking: Unlocking, waits: boolean): UnlockProgress {
  const answered = unlocking.nodes.filter(({ pending, failure }) => !pending && failure === null);
  if (waits && !(unlocking.hurried && answered.length >= network.quorum)) return { unlocking, asks: [] };
  if (answered.length < network.quorum) {
    return stop(unlocking, pendingFor(`${answered.length} of the ${network.quorum} nodes needed answer`));
  }
  // What f+1 nodes have promised at least, one honest node has: nobody can make a client begin at the last round.
  const promised = answered.map(({ promise }) => promise).toSorted((a, b) => b - a);
  const round = Math.max(unlocking.round, 1, ...promised.slice(network.faults, network.faults + 1));
  if (round > LIMITS.rounds) return stop(unlocking, pendingFor('no round is left'));
  return askAll({ ...unlocking, round, proposal: null, quorum: null }, { type: 'start', round });
}

function afterStart(context: NetworkContext, unlocking: Unlocking, waits: boolean): UnlockProgress {
  const { network } = context;
  const { quorum } = network;
  const reports = present(unlocking.nodes.map(({ report }) => report));
  if (waits && !unlocking.hurried) return { unlocking, asks: [] };
  if (reports.length >= quorum) return propose(context, unlocking);
  const failures = present(unlocking.nodes.map(({ failure }) => failure));
  const early = failures.filter(({ code }) => code === 'E_TOO_EARLY').length;
  const beyond = failures.filter(({ code }) => code === 'E_CONFLICT').length;
  if (beyond > 0 && reports.length + beyond >= quorum) return goOn(context, unlocking);
  if (early > 0 && reports.length + beyond + early >= quorum) return waitFor(context, unlocking);
  if (waits) return { unlocking, asks: [] };
  return stop(unlocking, giveUp(context, failures, reports.length));
}

/** What f+1 nodes refuse with, one honest node refuses with; anything less may be a lie. */
function giveUp({ network }: NetworkContext, failures: readonly Failure[], reports: number): Result<Certificate> {
  const told = failures.filter(({ code }) => !SILENT.has(code));
  const common = told.find(({ code }) => told.filter((other) => other.code === code).length > network.faults);
  return common ? { ok: false, error: common } : pendingFor(`${reports} of the ${network.quorum} reports needed`);
}

/** Refusals that say nothing about the state. */
const SILENT: ReadonlySet<string> = new Set([
  'E_UNREACHABLE',
  'E_STORE',
  'E_BUSY',
  'E_INTERNAL',
  'E_CERTIFICATE',
  'E_CONFLICT',
  'E_TOO_EARLY',
]);

/** Until the round is open at q nodes, as far as they have said when they saw the slot first. */
function waitFor({ network }: NetworkContext, unlocking: Unlocking): UnlockProgress {
  const { nodes, round, target } = unlocking;
  const opens = nodes.flatMap(({ report, seenMs, failure }) => {
    if (report || failure?.code === 'E_CONFLICT') return [0];
    if (failure?.code !== 'E_TOO_EARLY' || seenMs === 0) return [];
    return [roundOpensMs(network, Math.max(seenMs, target.notBeforeMs), round)];
  });
  const untilMs = opens.toSorted((a, b) => a - b)[network.quorum - 1] ?? null;
  return { unlocking: { ...unlocking, step: 'wait' }, asks: [], wait: { round, untilMs } };
}

/** This round comes to nothing: a later one, which another node owns. */
function goOn({ network }: NetworkContext, unlocking: Unlocking): UnlockProgress {
  const failed = unlocking.failed + 1;
  if (failed > 2 * network.nodes.length) {
    return stop(unlocking, pendingFor(`${failed} rounds came to nothing, the last was ${unlocking.round}`));
  }
  return askAll({ ...unlocking, failed, round: unlocking.round + 1 }, { type: 'status' });
}

/**
 * q of the reports, in the order of the nodes: the highest lock among them, and those that speak for what this client
 * wants before others.
 */
function chooseReports({ network }: NetworkContext, { target, nodes }: Unlocking): readonly Report[] {
  const wanted = target.candidates[0];
  const speaksFor = ({ vote }: Report): number => (vote && wanted && equalBytes(vote, wanted) ? 1 : 0);
  return present(nodes.map(({ report }) => report))
    .toSorted((a, b) => (b.lock?.round ?? -1) - (a.lock?.round ?? -1) || speaksFor(b) - speaksFor(a))
    .slice(0, network.quorum)
    .toSorted((a, b) => a.node - b.node);
}

/** Asks the owner of the round for what the reports force, or for the first candidate that it has not refused. */
function propose(context: NetworkContext, unlocking: Unlocking): UnlockProgress {
  const { target, round, refused } = unlocking;
  const reports = chooseReports(context, unlocking);
  const choice = chooseProposal(context.network, reports);
  const isRefused = (state: StateHash): boolean => refused.some((other) => equalBytes(other, state));
  const free = target.candidates.filter((state) => !isRefused(state));
  const forced = choice.type === 'forced' ? choice.hashes : [];
  const [hash] =
    choice.type === 'free'
      ? free
      : [...target.candidates, ...forced].filter((state) => forced.some((other) => equalBytes(other, state)));
  if (hash === undefined) {
    const unwilling = unlocking.unwilling + 1;
    // One owner may lie; of f+1 that refuse everything one is honest.
    return unwilling > context.network.faults
      ? stop(unlocking, pendingFor('nothing may be proposed for this slot yet'))
      : goOn(context, { ...unlocking, unwilling, refused: [] });
  }
  const { chain, index } = target;
  const proposal: UnsignedRoundProposal = { chain, index, round, hash, reports };
  return askAll(unlocking, { type: 'propose', proposal }, roundOwner(context, target, round));
}

/** Refusals of an owner that are about the state which it was asked to propose. */
const isAboutState = ({ code }: Failure): boolean => !SILENT.has(code) || code === 'E_TOO_EARLY';

function afterProposal(context: NetworkContext, unlocking: Unlocking): UnlockProgress {
  const { proposal, nodes, target, round } = unlocking;
  if (proposal) return askAll({ ...unlocking, refused: [] }, { type: 'vote', proposal });
  const failure = nodes[roundOwner(context, target, round)]?.failure;
  const choice = chooseProposal(context.network, chooseReports(context, unlocking));
  if (failure && choice.type === 'free' && isAboutState(failure)) {
    const asked = target.candidates.find((state) => !unlocking.refused.some((other) => equalBytes(other, state)));
    return propose(context, { ...unlocking, refused: asked ? [...unlocking.refused, asked] : unlocking.refused });
  }
  return goOn(context, { ...unlocking, refused: [] });
}

/** q votes are shown to all nodes, q acks are Final; fewer, and the round came to nothing. */
function afterReceipts(context: NetworkContext, unlocking: Unlocking, waits: boolean): UnlockProgress {
  const { network } = context;
  const { nodes, step, proposal } = unlocking;
  const statement = statementOf(unlocking);
  const receipts = present(nodes.map(({ receipt }) => receipt));
  if (!statement || !proposal) return goOn(context, unlocking);
  if (receipts.length >= network.quorum) {
    const certificate: Certificate = { ...statement, receipts: receipts.slice(0, network.quorum) };
    return step === 'ack'
      ? stop(unlocking, ok(certificate))
      : askAll({ ...unlocking, quorum: certificate }, { type: 'ack', quorum: certificate });
  }
  if (waits) return { unlocking, asks: [] };
  const against = present(nodes.map(({ failure }) => failure)).filter((failure) => isAboutState(failure));
  const refused = against.length > network.faults ? [proposal.hash] : [];
  return goOn(context, { ...unlocking, refused });
}
