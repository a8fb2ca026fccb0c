/** Verifiers of certificates, logs, submissions, messages between devices, and what clients make of hostile nodes. */
import * as core from '@dsm/core';
import type { Codec, Receipt, Statement } from '@dsm/core';
import { certify, certifyByAcks, makeQuorum, makeReceipt, seed } from '../../../tests/kit/index.ts';
import type { World } from '../seeds/world.ts';
import { placeOf } from './codecs.ts';
import {
  ACCEPTED,
  argumentTarget,
  judge,
  judgeFailure,
  judgeValue,
  verifierTarget,
  Violation,
  type Case,
  type Outcome,
  type Target,
} from './target.ts';

const { bytes, hash, label, list, record, uint } = core;
const stateCodec = hash<core.StateHash>();

/** Statements travel as the head of a certificate. */
const statementCodec: Codec<Statement> = {
  toItem: (statement) => (core.certificateCodec.toItem({ ...statement, receipts: [] }) as core.Item[]).slice(0, 5),
  fromItem: (item, at) => {
    const fields = Array.isArray(item) && item.length === 5 ? [...(item as core.Item[])] : null;
    const one = RECEIPT_ITEM;
    const decoded = fields ? core.certificateCodec.fromItem([...fields, [one]], at) : null;
    if (!decoded) return core.fail('E_FORMAT', 'ENC-3', `${at}: statement expected`);
    if (!decoded.ok) return decoded;
    const { receipts: _receipts, ...statement } = decoded.value;
    return core.ok(statement);
  },
};

const RECEIPT_ITEM: core.Item = [0, 0, [1, new Uint8Array(32), 0, new Uint8Array(2_420)], []];

function certificateVerifiers(world: World): readonly Target[] {
  const { net, debit, suite } = world;
  const context = { suite, network: net.network };
  const place = placeOf(debit);
  const statement: Statement = { form: 'votes', round: 0, ...place };
  const receipts = [0, 1, 2, 3].map((node) => makeReceipt(net, node, statement));
  const [receipt] = receipts as [Receipt];
  const said = record<{ statement: Statement; receipts: readonly Receipt[]; count: number }>({
    statement: statementCodec,
    receipts: list(core.receiptCodec, 64),
    count: uint(64),
  });
  return [
    argumentTarget(
      'verifyReceipt',
      record<{ statement: Statement; receipt: Receipt }>({ statement: statementCodec, receipt: core.receiptCodec }),
      [{ statement, receipt }],
      (all) => judge(core.verifyReceipt(context, all.statement, all.receipt)),
    ),
    argumentTarget('verifyReceipts', said, [{ statement, receipts, count: 4 }], (all) =>
      judge(core.verifyReceipts(context, all.statement, all.receipts, all.count)),
    ),
    argumentTarget('verifyQuorum', core.certificateCodec, [makeQuorum(net, place), makeQuorum(net, place, 2)], (one) =>
      judge(core.verifyQuorum(context, one)),
    ),
    argumentTarget(
      'verifyCertificate',
      core.certificateCodec,
      [certify(net, place), certifyByAcks(net, place)],
      (one) => judge(core.verifyCertificate(context, one)),
    ),
    verifierTarget(
      world,
      'verifyWaiver',
      record<{ statement: Statement; votes: readonly Receipt[] }>({
        statement: statementCodec,
        votes: list(core.receiptCodec, 64),
      }),
      [[{ statement, votes: receipts.slice(0, 2) }, []]],
      (over, { statement: one, votes }) => core.verifyWaiver(over, one, votes),
    ),
  ];
}

/** A log of `size` leaves, whole. */
function logOf(world: World, size: number): core.SubtreeReader {
  const hasher = core.logHasher(world.suite);
  const read: core.SubtreeReader = (level, index) =>
    level === 0 ? seed('leaf', index) : hasher.node(read(level - 1, 2 * index), read(level - 1, 2 * index + 1));
  return size > 0 ? read : () => new Uint8Array(32);
}

function logVerifiers(world: World): readonly Target[] {
  const hasher = core.logHasher(world.suite);
  const read = logOf(world, 13);
  const path = list(hash(), 128);
  const inclusion = record<{ leaf: Uint8Array; index: number; size: number; proof: readonly Uint8Array[] }>({
    leaf: hash(),
    index: uint(),
    size: uint(),
    proof: path,
  });
  const consistency = record<{
    first: number;
    firstRoot: Uint8Array;
    second: number;
    secondRoot: Uint8Array;
    proof: readonly Uint8Array[];
  }>({ first: uint(), firstRoot: hash(), second: uint(), secondRoot: hash(), proof: path });
  const root = (size: number): Uint8Array => core.subtreeHash(hasher, read, 0, size);
  const device = { key: world.alice.key.publicKey, nextKey: seed('next'), k: 64 };
  return [
    argumentTarget(
      'rootFromInclusion',
      inclusion,
      [0, 5, 12].map((index) => ({
        leaf: read(0, index),
        index,
        size: 13,
        proof: core.inclusionProof(hasher, read, index, 13),
      })),
      (all) => judgeValue(core.rootFromInclusion(hasher, all.leaf, all.index, all.size, all.proof)),
    ),
    argumentTarget(
      'verifyConsistency',
      consistency,
      [3, 8, 12, 13].map((first) => ({
        first,
        firstRoot: root(first),
        second: 13,
        secondRoot: root(13),
        proof: core.consistencyProof(hasher, read, first, 13),
      })),
      (all) =>
        judgeValue(core.verifyConsistency(hasher, all.first, all.firstRoot, all.second, all.secondRoot, all.proof)),
    ),
    argumentTarget(
      'rootOfDevice',
      record<{
        key: core.PublicKey;
        nextKey: Uint8Array;
        k: number;
        index: number;
        count: number;
        proof: readonly Uint8Array[];
      }>({
        key: core.publicKeyCodec,
        nextKey: hash(),
        k: uint(),
        index: uint(),
        count: uint(),
        proof: path,
      }),
      [{ ...device, index: 1, count: 2, proof: core.deviceProof(world.suite, [device, device], 1) }],
      (all) => judgeValue(core.rootOfDevice(world.suite, all, all.index, all.count, all.proof)),
    ),
  ];
}

function messageVerifiers(world: World): readonly Target[] {
  const { agreement, provisional, paid, accepted, run, runAccept, payee, fork, claimed, receiving, released } = world;
  const both = [...paid.items, ...accepted.items];
  const all = [...run.flatMap(({ items }) => items), ...runAccept.items];
  const agreements: readonly Case<core.Agreement>[] = [
    [agreement, both],
    [provisional, all],
  ];
  const acks: readonly Case<core.Acknowledgement>[] = [[{ state: paid.hash, half: payee.chain }, [world.ack]]];
  const steps = [claimed, receiving, released, ...run].map(({ hash: state, items }) => [state, items] as const);
  const offers: readonly Case<core.Proposal>[] = [
    [agreement.proposal, paid.items],
    [provisional.proposal, all],
  ];
  return [
    verifierTarget(world, 'verifyOffer', core.proposalCodec, offers, core.verifyOffer),
    verifierTarget(world, 'verifyAccept', stateCodec, [[accepted.hash, accepted.items]], core.verifyAccept),
    verifierTarget(world, 'verifyRequest', core.agreementCodec, agreements, core.verifyRequest),
    verifierTarget(world, 'verifyCommit', core.agreementCodec, agreements, core.verifyCommit),
    verifierTarget(world, 'matchAccept', core.agreementCodec, agreements, (context, { proposal, accept }) => {
      const offer = core.verifyOffer(context, proposal);
      if (!offer.ok) return offer;
      const facts = core.verifyAccept(context, accept);
      return facts.ok ? core.matchAccept(context, offer.value, facts.value) : facts;
    }),
    verifierTarget(world, 'verifyAck', core.acknowledgementCodec, acks, core.verifyAck),
    verifierTarget(world, 'verifySubmission', stateCodec, steps, core.verifySubmission),
    verifierTarget(world, 'verifyFork', core.forkCodec, [[fork, []]], core.verifyFork),
    signatureTarget(world),
  ];
}

function signatureTarget({ suite, alice, net }: World): Target {
  interface Signed {
    readonly key: core.PublicKey;
    readonly purpose: string;
    readonly chain: core.ChainId;
    readonly from: number;
    readonly to: number;
    readonly hash: Uint8Array;
    readonly signature: Uint8Array;
  }
  const codec = record<Signed>({
    key: core.publicKeyCodec,
    purpose: label(16),
    chain: hash<core.ChainId>(),
    from: uint(),
    to: uint(),
    hash: hash(),
    signature: bytes(0, 20_000),
  });
  const message = { chain: alice.account, from: 1, to: 1, hash: seed('signed') };
  const whole = { ...message, network: net.network.id };
  const signature = core.signMessage(suite, alice.key.secretKey, 'state', whole);
  return argumentTarget(
    'verifyMessage',
    codec,
    [{ ...message, key: alice.key.publicKey, purpose: 'state', signature }],
    ({ key, purpose, signature: given, ...rest }) =>
      judgeValue(core.verifyMessage(suite, key, purpose as core.Purpose, { network: net.network.id, ...rest }, given)),
  );
}

interface Answer {
  /** 0: to a vote, 1: to an ack, 2: hurry. */
  readonly to: number;
  readonly node: number;
  readonly refused: boolean;
  readonly bytes: Uint8Array;
}

/** Lying nodes: any answers in any order; what comes out as Final must be one. */
function gatherTarget(world: World): Target {
  const { net, suite, debit } = world;
  const context = { suite, network: net.network };
  const target = placeOf(debit);
  const codec = list(record<Answer>({ to: uint(2), node: uint(9), refused: core.flag, bytes: bytes(0, 100_000) }), 40);
  const votes = [0, 1, 2, 3].map((node) =>
    core.encodeWith(core.submitAnswerCodec, {
      type: 'vote',
      receipt: makeReceipt(net, node, { form: 'votes', round: 0, ...target }),
    }),
  );
  const acks = [0, 1, 2, 3].map((node) =>
    core.encodeWith(core.lockAnswerCodec, {
      type: 'ack',
      receipt: makeReceipt(net, node, { form: 'acks', round: 0, ...target }),
    }),
  );
  const final = core.encodeWith(core.submitAnswerCodec, { type: 'final', certificate: certify(net, target) });
  const window = core.encodeFailure({ code: 'E_WINDOW', rule: 'NET-11', message: 'closed' });
  const fork = core.encodeFailure({ code: 'E_FORK', rule: 'EVD-1', message: 'fork', evidence: Uint8Array.of(1) });
  const plain = (to: number, all: readonly Uint8Array[]): readonly Answer[] =>
    all.map((one, node) => ({ to, node, refused: false, bytes: one }));
  const refusal = (node: number, one: Uint8Array): Answer => ({ to: 0, node, refused: true, bytes: one });
  const runs: readonly (readonly Answer[])[] = [
    plain(0, votes),
    [...plain(0, votes.slice(0, 3)), refusal(3, fork), ...plain(1, acks)],
    [...plain(0, votes.slice(0, 3)), refusal(3, window), { to: 2, node: 0, refused: false, bytes: new Uint8Array(0) }],
    [{ to: 0, node: 2, refused: false, bytes: final }],
    [0, 1, 2, 3].map((node) => refusal(node, fork)),
  ];
  const read = <T>(codecOf: Codec<T>, { refused, bytes: one }: Answer): core.Result<T> => {
    if (!refused) return core.decodeWith(codecOf, one, 'answer');
    const failure = core.decodeFailure(one);
    return failure.ok ? { ok: false, error: failure.value } : failure;
  };
  const eventOf = (answer: Answer): core.GatherEvent => {
    const { node } = answer;
    if (answer.to === 0) return { type: 'vote', node, answer: read(core.submitAnswerCodec, answer) };
    if (answer.to === 1) return { type: 'ack', node, answer: read(core.lockAnswerCodec, answer) };
    return { type: 'hurry' };
  };
  return argumentTarget('advanceGathering', codec, runs, (answers): Outcome => {
    let progress = core.startGathering(context, target);
    for (const answer of answers) {
      progress = core.advanceGathering(context, progress.gathering, eventOf(answer));
      const { outcome } = progress;
      if (!outcome) continue;
      if (!outcome.ok) return judgeFailure(outcome.error);
      const valid = core.verifyCertificate(context, outcome.value);
      if (!valid.ok || !core.equalBytes(outcome.value.hash, target.hash)) {
        throw new Violation('what was gathered is no Final of the state');
      }
      return { ...ACCEPTED, mark: `ok ${outcome.value.form}` };
    }
    return { accepted: false, mark: `waits with ${progress.asks.length} asks` };
  });
}

export const networkTargets = (world: World): readonly Target[] => [
  ...certificateVerifiers(world),
  ...logVerifiers(world),
  ...messageVerifiers(world),
  argumentTarget('openNetwork', core.networkCodec, [world.net.network], (description) =>
    judge(core.openNetwork(world.suite, description)),
  ),
  gatherTarget(world),
];
