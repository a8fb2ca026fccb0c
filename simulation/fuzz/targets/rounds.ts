/** Rounds above 0: what nodes report, owners propose, and clients make of both. */
import * as core from '@dsm/core';
import type { Report, UnlockAsk } from '@dsm/core';
import { certifyByAcks, makeReceipt } from '../../../tests/kit/index.ts';
import { signProposal, signReport, type Rounds } from '../seeds/rounds.ts';
import type { World } from '../seeds/world.ts';
import { placeOf } from './codecs.ts';
import {
  ACCEPTED,
  argumentTarget,
  codecTarget,
  judge,
  judgeFailure,
  verifierTarget,
  Violation,
  type Outcome,
  type Target,
} from './target.ts';

const { bytes, flag, hash, list, record, uint } = core;

function codecs({ net, suite }: World, rounds: Rounds): readonly Target[] {
  const { proposal, forced, start, items, free, locked } = rounds;
  const certificate = certifyByAcks(net, { ...rounds.slot, hash: proposal.hash }, 2);
  const asked = [proposal, forced].map(({ signature: _signature, ...plain }) => plain);
  return [
    codecTarget('reportCodec', core.reportCodec, [...free, ...locked]),
    codecTarget('roundProposalCodec', core.roundProposalCodec, [proposal, forced]),
    codecTarget('unsignedRoundProposalCodec', core.unsignedRoundProposalCodec, asked),
    codecTarget('startRequestCodec', core.startRequestCodec(suite), [start, { ...start, fork: null }]),
    codecTarget('startAnswerCodec', core.startAnswerCodec, [
      { type: 'report', report: locked[1] as Report },
      { type: 'final', certificate },
    ]),
    codecTarget(
      'proposeRequestCodec',
      core.proposeRequestCodec(suite),
      asked.map((one) => Object.assign({ items }, one)),
    ),
    codecTarget('proposeAnswerCodec', core.proposeAnswerCodec, [
      { type: 'proposal', proposal: forced },
      { type: 'final', certificate },
    ]),
    codecTarget('voteRequestCodec', core.voteRequestCodec(suite), [{ proposal, items }]),
  ];
}

function verifiers(world: World, { proposal, forced, free, locked, slot }: Rounds): readonly Target[] {
  const { net, suite, run, claimed } = world;
  const context = { suite, network: net.network };
  const slotCodec = record<core.Place & { readonly round: number }>({
    chain: hash<core.ChainId>(),
    index: uint(),
    round: uint(),
  });
  return [
    argumentTarget(
      'verifyReport',
      record<{ slot: core.Place & { readonly round: number }; report: Report }>({
        slot: slotCodec,
        report: core.reportCodec,
      }),
      [...free, ...locked].map((report) => ({ slot, report })),
      (all) => judge(core.verifyReport(context, all.slot, all.report)),
    ),
    argumentTarget('verifyReports', core.unsignedRoundProposalCodec, [proposal, forced], (one) =>
      judge(core.verifyReports(context, one)),
    ),
    argumentTarget('verifyProposal', core.roundProposalCodec, [proposal, forced], (one) =>
      judge(core.verifyProposal(context, one)),
    ),
    argumentTarget('chooseProposal', list(core.reportCodec, 64), [free, locked], (reports): Outcome => {
      const choice = core.chooseProposal(net.network, reports);
      const turned = core.chooseProposal(net.network, reports.toReversed());
      const namesOf = (one: core.Choice): string => (one.type === 'free' ? '' : one.hashes.map(core.toHex).join());
      if (choice.type !== turned.type || namesOf(choice) !== namesOf(turned)) {
        throw new Violation('the choice depends on the order of the reports');
      }
      return { ...ACCEPTED, mark: choice.type === 'free' ? 'free' : `forced ${choice.hashes.length}` };
    }),
    verifierTarget(
      world,
      'verifyCandidate',
      hash<core.StateHash>(),
      [run[0], claimed, ...world.voids].map((step) => [step.hash, step.items]),
      core.verifyCandidate,
    ),
  ];
}

interface Answer {
  readonly node: number;
  readonly refused: boolean;
  readonly bytes: Uint8Array;
}

const READERS = (suite: core.CryptoSuite) =>
  ({
    status: core.slotStatusCodec(suite),
    start: core.startAnswerCodec,
    propose: core.proposeAnswerCodec,
    vote: core.submitAnswerCodec,
    ack: core.lockAnswerCodec,
  }) as const;

/** Lying nodes again, over several trips; each answer is to the newest ask of its node. */
function unlockTarget(world: World, { slot, free }: Rounds): Target {
  const { net, suite, run } = world;
  const context = { suite, network: net.network };
  const { chain, index } = slot;
  const state = run[0].hash;
  const place = placeOf(run[0]);
  const target: core.UnlockTarget = { chain, index, candidates: [state], notBeforeMs: 0 };
  const readers = READERS(suite);
  const read = (
    ask: UnlockAsk,
    { refused, bytes: one }: Answer,
  ): core.Result<core.UnlockAnswers[UnlockAsk['type']]> => {
    if (!refused) return core.decodeWith<core.UnlockAnswers[UnlockAsk['type']]>(readers[ask.type], one, 'answer');
    const failure = core.decodeFailure(one);
    return failure.ok ? { ok: false, error: failure.value } : failure;
  };
  const codec = list(record<Answer>({ node: uint(9), refused: flag, bytes: bytes(0, 100_000) }), 60);
  const plain = (all: readonly Uint8Array[]): readonly Answer[] =>
    all.map((one, node) => ({ node, refused: false, bytes: one }));
  const status = core.encodeWith(readers.status, {
    state: 'open',
    promise: 0,
    vote: null,
    quorum: null,
    final: null,
    seen: null,
    seenMs: 5,
    items: [],
  });
  const round = { chain, index, round: 1 };
  const reports = free.map(({ vote }, node) => signReport(net, round, node, null, vote));
  const fourth = signReport(net, round, 3, null, null);
  const started = [...reports, fourth].map((report) => core.encodeWith(readers.start, { type: 'report', report }));
  const proposal = signProposal(net, round, state, reports);
  const proposed = core.encodeWith(readers.propose, { type: 'proposal', proposal });
  const owner = core.roundOwner(context, round, 1);
  const said = (form: core.Form, node: number) => makeReceipt(net, node, { form, ...place, round: 1 });
  const nodes = [0, 1, 2, 3];
  const votes = nodes.map((node) => core.encodeWith(readers.vote, { type: 'vote', receipt: said('votes', node) }));
  const acks = nodes.map((node) => core.encodeWith(readers.ack, { type: 'ack', receipt: said('acks', node) }));
  const early = core.encodeFailure({ code: 'E_TOO_EARLY', rule: 'NET-25', message: 'wait' });
  const statuses = plain(nodes.map(() => status));
  const begun = [...statuses, ...plain(started)];
  const runs: readonly (readonly Answer[])[] = [
    [...begun, { node: owner, refused: false, bytes: proposed }, ...plain(votes), ...plain(acks)],
    [...statuses, ...nodes.map((node) => ({ node, refused: true, bytes: early })), ...statuses],
    [
      {
        node: 1,
        refused: false,
        bytes: core.encodeWith(readers.vote, { type: 'final', certificate: certifyByAcks(net, place) }),
      },
    ],
    [...begun, { node: owner, refused: true, bytes: early }],
    [...begun, { node: owner, refused: false, bytes: proposed }, ...plain(votes.slice(0, 2)), ...plain(acks)],
  ];
  return argumentTarget('advanceUnlocking', codec, runs, (answers): Outcome => {
    let progress = core.startUnlocking(context, target);
    const asked = new Map<number, UnlockAsk>();
    const note = (): void => progress.asks.forEach((ask) => asked.set(ask.node, ask));
    note();
    for (const answer of answers) {
      const ask = asked.get(answer.node) ?? { type: 'status', trip: 1, node: answer.node };
      progress = core.advanceUnlocking(context, progress.unlocking, { type: 'answer', ask, answer: read(ask, answer) });
      if (progress.wait) progress = core.advanceUnlocking(context, progress.unlocking, { type: 'continue' });
      note();
      const { outcome } = progress;
      if (!outcome) continue;
      if (!outcome.ok) return judgeFailure(outcome.error);
      if (!core.verifyCertificate(context, outcome.value).ok) throw new Violation('what was gathered is no Final');
      return { ...ACCEPTED, mark: `ok ${outcome.value.form} ${outcome.value.round}` };
    }
    const { step, failed, refused, quorum } = progress.unlocking;
    const short = [Math.min(failed, 4), refused.length, quorum === null];
    return { accepted: false, mark: `waits in ${step} ${short.join()} with ${progress.asks.length} asks` };
  });
}

export const roundTargets = (world: World, rounds: Rounds): readonly Target[] => [
  ...codecs(world, rounds),
  ...verifiers(world, rounds),
  unlockTarget(world, rounds),
];
