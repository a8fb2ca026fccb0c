/** One call for each step of a round, over nodes in this process. */
import {
  makeVoid,
  must,
  pathTo,
  roundOwner,
  slotStatusCodec,
  verifyCandidate,
  verifyCertificate,
  type BundleItem,
  type Certificate,
  type Place,
  type Report,
  type RoundProposal,
  type SlotStatus,
  type StartRequest,
  type StateHash,
} from '@dsm/core';
import {
  contextOf,
  entry,
  submissionOf,
  type Device,
  type Reservation,
  type TestNetwork,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { finalise, get, lock, placeOf, propose, receiptOf, startRound, voteInRound, type TestNode } from './nodes.ts';

export const reportIn = (result: Awaited<ReturnType<typeof startRound>>): Report => {
  const answer = must(result);
  if (answer.type === 'final') throw new Error('a report is expected, not a Final');
  return answer.report;
};
export const proposalIn = (result: Awaited<ReturnType<typeof propose>>): RoundProposal => {
  const answer = must(result);
  if (answer.type === 'final') throw new Error('a proposal is expected, not a Final');
  return answer.proposal;
};

export interface Wanted extends Place {
  readonly hash: StateHash;
  readonly items: readonly BundleItem[];
}

/** What the calls work on, as it stands at the time of each call. */
export interface Rig {
  readonly net: TestNetwork;
  readonly nodes: readonly TestNode[];
}

export function roundsOver(rig: Rig) {
  const node = (index: number): TestNode => entry(rig.nodes, index);

  /** The state as it would be submitted, to begin a round. */
  const startOf = (step: TestStep, round: number, changes: Partial<StartRequest> = {}): StartRequest => {
    const { chain, index } = step.body;
    return { chain, index, round, state: step.hash, fork: null, items: submissionOf(rig.net, step).items, ...changes };
  };

  const startAt = (step: TestStep, round: number, at: readonly number[], changes: Partial<StartRequest> = {}) =>
    Promise.all(at.map((index) => startRound(rig.net, node(index), startOf(step, round, changes))));
  const reportsOf = async (step: TestStep, round: number, at: readonly number[]): Promise<Report[]> =>
    (await startAt(step, round, at)).map(reportIn);

  const wanted = (step: TestStep): Wanted => ({ ...placeOf(step), items: submissionOf(rig.net, step).items });

  function voidOf(device: Device | Reservation): Wanted {
    const { body, hash, items } = must(makeVoid(contextOf(rig.net), device.tip, device.tree));
    return { chain: body.chain, index: body.index, hash, items: [...items, ...parentItems(hash, items)] };
  }

  /** What shows that the parent is final. */
  function parentItems(state: StateHash, own: readonly BundleItem[]): readonly BundleItem[] {
    const used: BundleItem[] = [];
    const context = contextOf(rig.net, own);
    const note = <T extends BundleItem>(item: T): void => void used.push(item);
    const { evidence } = context;
    const watching = {
      ...context,
      evidence: {
        ...evidence,
        certificate: (chain: Place['chain'], index: number) => {
          const certificate = evidence.certificate(chain, index);
          if (certificate) note({ type: 'certificate', certificate });
          return certificate;
        },
      },
    };
    must(verifyCandidate(watching, state));
    return used;
  }

  const ownerOf = (place: Place, round: number): TestNode => node(roundOwner(rig.net, place, round));
  const proposeAt = (at: TestNode, { items, ...state }: Wanted, round: number, reports: readonly Report[]) =>
    propose(rig.net, at, { ...state, round, reports, items });

  const voteAll = (proposal: RoundProposal, items: readonly BundleItem[], at: readonly number[] = [0, 1, 2, 3]) =>
    Promise.all(at.map((index) => voteInRound(rig.net, node(index), { proposal, items })));

  /** Quorum and Final of a proposal for which all nodes have voted. */
  async function finish(proposal: RoundProposal, items: readonly BundleItem[]): Promise<Certificate> {
    const { chain, index, round, hash } = proposal;
    const receipts = (await voteAll(proposal, items)).map(receiptOf).slice(0, rig.net.network.quorum);
    const quorum: Certificate = { form: 'votes', chain, index, round, hash, receipts };
    const acks = await Promise.all([0, 1, 2].map((at) => lock(rig.net, node(at), { quorum, items })));
    const certificate: Certificate = { ...quorum, form: 'acks', receipts: acks.map(receiptOf) };
    must(verifyCertificate(rig.net, certificate));
    for (const at of rig.nodes) must(await finalise(rig.net, at, certificate, items));
    return certificate;
  }

  const statusOf = async (at: TestNode, { chain, index }: Place): Promise<SlotStatus> =>
    must(await get(at, pathTo.slot(chain, index), slotStatusCodec(rig.net.suite)));

  return { startOf, startAt, reportsOf, wanted, voidOf, ownerOf, proposeAt, voteAll, finish, statusOf };
}
