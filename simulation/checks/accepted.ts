/**
 * Whatever an honest participant takes in, the pure verifier takes it too, from what this participant has written and
 * the letter that it holds in its hand: looked at in the event in which it was written, each thing once.
 */
import {
  decodeFile,
  decodeFileOf,
  decodeWith,
  equalBytes,
  evidenceFrom,
  indexItems,
  keyId,
  missing,
  ok,
  outputsOf,
  finalHash,
  finalState,
  requireFinal,
  ROUTES,
  stateHash,
  submissionCodec,
  submitAnswerCodec,
  toHex,
  verifyAccept,
  verifyAck,
  verifyCommit,
  verifyFork,
  verifyOffer,
  verifyQuorum,
  verifyRequest,
  verifySubmission,
  type BundleItem,
  type ChainId,
  type Context,
  type DsmFile,
  type Finder,
  type Result,
  type StateHash,
  type Write,
} from '@dsm/core';
import type { PaymentStatus } from '@dsm/wallet';
import { chainRecords } from '../../packages/wallet/src/records/chain.ts';
import { creditRecords } from '../../packages/wallet/src/records/credit.ts';
import { evidenceRecords } from '../../packages/wallet/src/records/evidence.ts';
import { finalRecords } from '../../packages/wallet/src/records/final.ts';
import { paymentRecords } from '../../packages/wallet/src/records/payment.ts';
import { stateRecords } from '../../packages/wallet/src/records/state.ts';
import type { Fact } from '../world/facts.ts';
import type { Participant } from '../world/participant.ts';
import type { Check, MakeCheck } from './check.ts';
import { placeOf, placeText, readRecord, type Final } from './chronicle.ts';
import { createHoldings, overlaid } from './holdings.ts';
import { createReplayer } from './replay.ts';

type Commit = Extract<Fact, { type: 'commit' }>;
type Answer = Extract<Fact, { type: 'answer' }>;
type Problem = string | undefined;

/** Something is not known yet. */
const LATER = 'later';

/** What the person has when a payment moves to this status by a letter. */
const MOVES: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['accepted', 'committed', 'received', 'acknowledged']);

/** The verifier of each kind of letter; a backup and what has no agreement in it is no letter. */
function verifyLetter(context: Context, file: DsmFile): Result<unknown> | undefined {
  switch (file.kind) {
    case 'offer':
      return verifyOffer(context, file.content);
    case 'accept':
      return verifyAccept(context, file.content.accept);
    case 'request':
      return verifyRequest(context, file.content);
    case 'commit':
      return verifyCommit(context, file.content);
    case 'ack':
      return verifyAck(context, file.content);
    default:
      return undefined;
  }
}

const problem = (result: Result<unknown>, what: () => string): Problem =>
  result.ok ? undefined : `${what()}: ${result.error.code} ${result.error.message}`;

export const acceptedVerifies: MakeCheck = (world, chronicle) => {
  const { suite, facts: network } = world;
  const holdings = createHoldings(suite);
  const attached = new Map<string, readonly BundleItem[]>();
  const replayer = createReplayer(suite, network, (state) => attached.get(state) ?? []);
  /** Node and state that it has voted for. */
  const voted = new Set<string>();
  /** The letter in the hand of each device. */
  const inHand = new Map<string, DsmFile>();
  /** Payments and the status that a letter brought them to. */
  const moved = new Set<string>();
  /** Final states whose bodies nobody honest has shown yet. */
  let unshown: Final[] = [];

  const accountOf = (by: Participant): ChainId | undefined => world.seats.find(({ who }) => who === by)?.account;

  const judgeLetter = (by: Participant, find: Finder): Problem => {
    const file = inHand.get(by.name);
    if (!file) return undefined;
    const context = replayer.contextOf(overlaid(suite, file.items, find));
    const verdict = verifyLetter(context, file);
    return verdict && problem(verdict, () => `${by.name} takes a letter (${file.kind}) that does not verify`);
  };

  const judgePayment = async (by: Participant, write: Write, find: Finder): Promise<Problem> => {
    const payment = await readRecord(suite, paymentRecords, write);
    if (!payment || !MOVES.has(payment.status)) return undefined;
    const name = `${by.name} ${toHex(payment.payment)} ${payment.status}`;
    if (moved.has(name)) return undefined;
    moved.add(name);
    return judgeLetter(by, find);
  };

  const judgeFinal = async (by: Participant, write: Write, find: Finder): Promise<Problem> => {
    const hash = await readRecord<StateHash>(suite, finalRecords, write);
    if (!hash) return undefined;
    const { chain, index } = placeOf(write.key);
    const context = replayer.contextOf(find);
    const final = index === 0 ? genesisHash(context, chain) : finalHash(context, chain, index);
    if (!final.ok) return problem(final, () => `${by.name} takes ${index} for final that does not verify`);
    return equalBytes(final.value, hash) ? undefined : `${by.name} takes ${index} for final where another state is`;
  };

  const genesisHash = (context: Context, chain: ChainId): Result<StateHash> => {
    const body = context.evidence.genesis(chain);
    if (!body) return missing('genesis', chain);
    const valid = requireFinal(context, body);
    return valid.ok ? ok(stateHash(suite, body)) : valid;
  };

  const judgeCredit = async (by: Participant, write: Write, find: Finder): Promise<Problem> => {
    const credit = await readRecord(suite, creditRecords, write);
    if (!credit) return undefined;
    const { source, index, output, token, amount } = credit;
    const final = finalState(replayer.contextOf(find), source, index);
    if (!final.ok) return problem(final, () => `${by.name} takes a credit of ${amount} that does not verify`);
    const paid = outputsOf(final.value.operation)[output];
    const account = accountOf(by);
    const isPaid =
      paid && account && equalBytes(paid.to, account) && paid.amount === amount && equalBytes(paid.token, token);
    return isPaid ? undefined : `${by.name} takes a credit of ${amount} that nobody paid it`;
  };

  const judgeEvidence = async (by: Participant, write: Write): Promise<Problem> => {
    if (!('put' in write)) return undefined;
    const record = by.kind === 'device' ? await readRecord(suite, evidenceRecords, write) : undefined;
    const file = record ? undefined : decodeFileOf(suite, 'evidence', write.put);
    const shown = record ?? (file?.ok ? { fork: file.value.content, items: file.value.items } : undefined);
    if (!shown) return `${by.name} keeps evidence that cannot be read`;
    const byName = indexItems(suite, shown.items);
    const proven = verifyFork({ suite, network, evidence: evidenceFrom((name) => byName.get(name)) }, shown.fork);
    if (!proven.ok) return problem(proven, () => `${by.name} keeps evidence that does not verify`);
    return record && !equalBytes(record.device, keyId(suite, proven.value.key))
      ? `${by.name} keeps evidence against somebody else than it proves`
      : undefined;
  };

  /** The half of a peer: its tip, and everything below it. */
  const judgeChainRecord = async (by: Participant, write: Write, find: Finder): Promise<Problem> => {
    const record = await readRecord(suite, chainRecords, write);
    if (record?.kind !== 'half' || isOwnHalf(find, write.key as ChainId, accountOf(by))) return undefined;
    const verdict = replayer.verify(by.name, find, record.tip.hash);
    return problem(verdict, () => `the half of a peer that ${by.name} holds does not verify`);
  };

  const isOwnHalf = (find: Finder, chain: ChainId, account: ChainId | undefined): boolean => {
    const { evidence } = replayer.contextOf(find);
    const genesis = evidence.genesis(chain);
    const terms = genesis && evidence.operation(genesis.op);
    if (terms?.kind !== 'half' || terms.operation.type !== 'genesis' || !account) return false;
    return equalBytes(terms.operation.owner, account);
  };

  /** Own chains and vaults from the genesis on; an account of somebody else stands on its certificates. */
  const judgeState = async (by: Participant, write: Write, find: Finder): Promise<Problem> => {
    const state = await readRecord(suite, stateRecords, write);
    if (!state || state.status === 'intent' || state.status === 'lost') return undefined;
    const { chain, index } = placeOf(write.key);
    const own = accountOf(by);
    const body = replayer.contextOf(find).evidence.body(state.hash);
    if (!body || body.index !== index || !equalBytes(body.chain, chain)) return `${by.name} keeps a state without body`;
    const isOwn = own !== undefined && equalBytes(chain, own);
    if (body.kind === 'identity' || (body.kind === 'account' && !isOwn)) return undefined;
    // A payer writes down what it is about to fund; it counts once something stands on it.
    if (body.kind === 'vault' && index === 0) return undefined;
    if (body.kind === 'half' && !isOwnHalf(find, chain, own)) return undefined;
    // What was proved to the payee and what the lost device wrote is not on this disk.
    const isPartly = body.kind === 'vault' || by.restored;
    const shown = isPartly ? holdings.any(by) : find;
    const verdict = replayer.verify(by.name, overlaid(suite, state.attached, shown), state.hash);
    return problem(verdict, () => `state ${index} of a ${body.kind} that ${by.name} keeps does not verify`);
  };

  const judgeWrite = (by: Participant, write: Write): Promise<Problem> | Problem => {
    const find = by.restored ? holdings.any(by) : holdings.own(by);
    switch (write.collection) {
      case 'evidence':
        return judgeEvidence(by, write);
      case 'payment':
        return by.kind === 'device' ? judgePayment(by, write, find) : undefined;
      case 'final':
        return by.kind === 'device' ? judgeFinal(by, write, find) : undefined;
      case 'credit':
        return by.kind === 'device' ? judgeCredit(by, write, find) : undefined;
      case 'chain':
        return by.kind === 'device' ? judgeChainRecord(by, write, find) : undefined;
      case 'state':
        return by.kind === 'device' ? judgeState(by, write, find) : undefined;
      default:
        return undefined;
    }
  };

  const judgeCommit = async ({ by, writes }: Commit): Promise<Problem> => {
    for (const write of writes) {
      if (!('put' in write)) continue;
      const what = await judgeWrite(by, write);
      if (what !== undefined) return what;
    }
    return undefined;
  };

  /** A final state of anybody from its genesis, as a stranger with everything that is known would verify it. */
  const judgeChain = ({ chain, index, hash, by }: Final): Problem => {
    const find = holdings.any(by);
    const state = Uint8Array.from(Buffer.from(hash, 'hex')) as StateHash;
    const verdict = replayer.verify('a stranger', find, state);
    if (verdict.ok) return undefined;
    if (verdict.error.code === 'E_INCOMPLETE') return LATER;
    return problem(verdict, () => `final state ${placeText(chain, index).slice(0, 8)} ${index} does not verify`);
  };

  /** What a node votes for in round 0, it votes for on the grounds of what it was shown and holds. */
  const judgeVote = ({ by, path, request, status, body }: Answer): Problem => {
    if (path !== ROUTES.submit || status !== 200 || !request) return undefined;
    const given = decodeWith(submitAnswerCodec, body, 'answer');
    const asked = decodeWith(submissionCodec(suite), request, 'request');
    if (!given.ok || given.value.type !== 'vote' || !asked.ok) return undefined;
    const { state, items } = asked.value;
    const name = `${by.name} ${toHex(state)}`;
    if (voted.has(name)) return undefined;
    voted.add(name);
    const proofs = items.filter(({ type }) => type === 'total' || type === 'witness');
    // Of a place that it holds for final it asks no certificate, and looks at none that it is shown.
    const slots = chronicle.slots.get(by.name);
    const asKnown = (item: BundleItem): boolean =>
      item.type === 'certificate' &&
      (slots?.get(placeText(item.certificate.chain, item.certificate.index))?.final ?? null) !== null;
    const shown = items.filter((item) => !asKnown(item));
    const verdict = verifySubmission(replayer.contextOf(overlaid(suite, shown, holdings.own(by))), state);
    if (verdict.ok && verdict.value.body.kind === 'vault') attached.set(toHex(state), proofs);
    return problem(verdict, () => `${by.name} votes for a state that does not verify`);
  };

  const judgeLocks = (): Problem => {
    for (const { by, before, after } of chronicle.slotChanges) {
      if (!after.lock || after.lock === before?.lock) continue;
      const valid = verifyQuorum({ suite, network }, after.lock);
      if (!valid.ok) return problem(valid, () => `${by.name} locks a quorum that does not verify`);
    }
    return undefined;
  };

  const check: Check = {
    name: 'accepted verifies',
    sentence: 'Everything accepted verifies from genesis with the pure verifier.',
    see(fact) {
      holdings.take(fact);
      if (fact.type === 'asked') {
        const file = fact.input && decodeFile(suite, fact.input);
        if (file?.ok) inHand.set(fact.by.name, file.value);
        else inHand.delete(fact.by.name);
      }
      if (!fact.by.honest) return undefined;
      if (fact.type === 'answer') return judgeVote(fact);
      return fact.type === 'commit' ? judgeCommit(fact) : undefined;
    },
    afterEvent() {
      const locked = judgeLocks();
      if (locked !== undefined || chronicle.newFinals.length === 0) return locked;
      const left: Final[] = [];
      for (const final of [...unshown, ...chronicle.newFinals]) {
        const what = judgeChain(final);
        if (what === LATER) left.push(final);
        else if (what !== undefined) return what;
      }
      unshown = left;
      return undefined;
    },
    atEnd() {
      // Nobody honest needs what only cheats know: but whoever credited something has seen it.
      for (const final of unshown) {
        const what = judgeChain(final);
        if (what !== undefined && what !== LATER) return what;
      }
      return undefined;
    },
  };
  return check;
};
