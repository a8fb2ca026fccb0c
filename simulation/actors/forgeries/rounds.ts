/** Rounds above 0 as an attacker would have them: reports of nobody, locks of nothing, choices that are not free. */
import {
  decodeWith,
  encodeWith,
  lockAnswerCodec,
  lockRequestCodec,
  ok,
  orderFork,
  proposalMessage,
  proposeAnswerCodec,
  proposeRequestCodec,
  reportMessage,
  roundOwner,
  ROUTES,
  SIGNATURE_ALGORITHMS,
  signMessage,
  startAnswerCodec,
  startRequestCodec,
  submitAnswerCodec,
  voteRequestCodec,
  indexItems,
  type BundleItem,
  type Certificate,
  type Place,
  type Receipt,
  type Report,
  type Result,
  type RoundProposal,
  type UnsignedReport,
  type UnsignedRoundProposal,
  itemNames,
} from '@dsm/core';
import { readItem } from '../../../packages/wallet/src/records/item.ts';
import { gatherCertificate, spreadFinal } from '../../../packages/wallet/src/directory/gather.ts';
import { forgePayment, inventReceipt } from './certificates.ts';
import { nothingToForge, showFinal, showState, type Forged, type Forger, type Forgery } from './kit.ts';

/** Two payments for one place, and the items that prove it. */
interface Split {
  readonly place: Place;
  readonly first: Forged;
  readonly second: Forged;
  readonly items: readonly BundleItem[];
}

async function forkOneself(forger: Forger): Promise<Result<Split>> {
  const first = await forgePayment(forger);
  if (!first.ok) return first;
  // Another window, so another state.
  const second = await forgePayment(forger, 1);
  if (!second.ok) return second;
  const { chain, index } = first.value.body;
  const genesis = await readItem(forger.device, itemNames.genesis(chain));
  const all = [...first.value.items, ...second.value.items, ...(genesis ? [genesis] : [])];
  const items = [...new Set(indexItems(forger.device.suite, all).values())];
  return ok({ place: { chain, index }, first: first.value, second: second.value, items });
}

const ask = ({ device }: Forger, node: number, path: string, body: Uint8Array) =>
  device.transport.request(node, path, body);

const allNodes = ({ device }: Forger): readonly number[] => device.network.nodes.map((_, node) => node);

/** Reports for a round, as the nodes give them. */
async function collectReports(forger: Forger, { place, first, second, items }: Split, round: number) {
  const { suite } = forger.device;
  const fork = orderFork(place.chain, place.index, first.hash, second.hash);
  const body = encodeWith(startRequestCodec(suite), { ...place, round, state: second.hash, fork, items });
  const reports: Report[] = [];
  for (const node of allNodes(forger)) {
    const answer = await ask(forger, node, ROUTES.start, body);
    const read = answer.ok ? decodeWith(startAnswerCodec, answer.value, 'answer') : answer;
    if (read.ok && read.value.type === 'report' && read.value.report.node === node) reports.push(read.value.report);
  }
  return reports;
}

/** A report that a node would not give: signed where the key is at hand. */
function inventReport({ device, random, corruptNodes }: Forger, report: UnsignedReport): Report {
  const key = corruptNodes.get(report.node);
  const signature = key
    ? signMessage(device.suite, key.secretKey, 'report', reportMessage(device, report))
    : random.bytes(SIGNATURE_ALGORITHMS['ml-dsa-44'].signatureBytes);
  return { ...report, signature };
}

/** The owner's proposal, of the owner itself or of its stolen key. */
async function getProposal(
  forger: Forger,
  proposal: UnsignedRoundProposal,
  items: readonly BundleItem[],
): Promise<RoundProposal | undefined> {
  const { device, corruptNodes } = forger;
  const owner = roundOwner(device, proposal, proposal.round);
  const key = corruptNodes.get(owner);
  if (key) {
    const signature = signMessage(device.suite, key.secretKey, 'proposal', proposalMessage(device, proposal));
    return { ...proposal, signature };
  }
  const body = encodeWith(proposeRequestCodec(device.suite), { ...proposal, items });
  const answer = await ask(forger, owner, ROUTES.propose, body);
  const read = answer.ok ? decodeWith(proposeAnswerCodec, answer.value, 'answer') : answer;
  return read.ok && read.value.type === 'proposal' ? read.value.proposal : undefined;
}

/** Votes for a proposal, then acks for their quorum, then the Final for everybody. */
async function drive(forger: Forger, proposal: RoundProposal, items: readonly BundleItem[]): Promise<Result<unknown>> {
  const { device } = forger;
  const { suite, network } = device;
  const { chain, index, round, hash } = proposal;
  const collect = async (path: string, body: Uint8Array, read: (bytes: Uint8Array) => Receipt | undefined) => {
    const receipts: Receipt[] = [];
    for (const node of allNodes(forger)) {
      const answer = await ask(forger, node, path, body);
      const receipt = answer.ok ? read(answer.value) : undefined;
      if (receipt?.node === node) receipts.push(receipt);
    }
    return receipts.slice(0, network.quorum);
  };
  const votes = await collect(ROUTES.vote, encodeWith(voteRequestCodec(suite), { proposal, items }), (bytes) => {
    const answer = decodeWith(submitAnswerCodec, bytes, 'answer');
    return answer.ok && answer.value.type === 'vote' ? answer.value.receipt : undefined;
  });
  if (votes.length < network.quorum) return nothingToForge();
  const quorum: Certificate = { form: 'votes', chain, index, round, hash, receipts: votes };
  const acks = await collect(ROUTES.lock, encodeWith(lockRequestCodec(suite), { quorum, items: [] }), (bytes) => {
    const answer = decodeWith(lockAnswerCodec, bytes, 'answer');
    return answer.ok && answer.value.type === 'ack' ? answer.value.receipt : undefined;
  });
  if (acks.length < network.quorum) return nothingToForge();
  return showFinal(forger, { ...quorum, form: 'acks', receipts: acks }, items);
}

/** Proposes the second state on these reports and drives it as far as it goes. */
async function proposeSecond(
  forger: Forger,
  { place, second, items }: Split,
  round: number,
  reports: readonly Report[],
): Promise<Result<unknown>> {
  const { quorum } = forger.device.network;
  const chosen = reports.toSorted((a, b) => a.node - b.node).slice(0, quorum);
  if (chosen.length === 0) return nothingToForge();
  const proposal = await getProposal(forger, { ...place, round, hash: second.hash, reports: chosen }, items);
  return proposal ? drive(forger, proposal, items) : nothingToForge();
}

const PAUSE_MS = 4_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** One state final by the votes of all, the liars' included, and told to nobody; then the other one through a round. */
const hideFinal: Forgery = async (forger) => {
  const { device, corruptNodes } = forger;
  const split = await forkOneself(forger);
  if (!split.ok) return split;
  const { place, first, second } = split.value;
  const statement = { form: 'votes', ...place, round: 0, hash: first.hash } as const;
  const votes: Receipt[] = [...corruptNodes.keys()].map((node) => inventReceipt(forger, node, statement));
  for (const answer of await showState(forger, first)) {
    const read = answer.ok ? decodeWith(submitAnswerCodec, answer.value, 'answer') : answer;
    const receipt = read.ok && read.value.type === 'vote' ? read.value.receipt : undefined;
    if (receipt && !votes.some(({ node }) => node === receipt.node)) votes.push(receipt);
  }
  if (votes.length < device.network.nodes.length) return ok(undefined);
  await showState(forger, second);
  await pause(PAUSE_MS);
  await proposeSecond(forger, split.value, 1, await collectReports(forger, split.value, 1));
  const receipts = votes.toSorted((a, b) => a.node - b.node);
  return showFinal(forger, { ...statement, receipts }, first.items);
};

/** A quorum of votes that was kept back, shown once the nodes have promised a round. */
const ackLate: Forgery = async (forger) => {
  const split = await forkOneself(forger);
  if (!split.ok) return split;
  const { place, first, second } = split.value;
  const { suite, network } = forger.device;
  const votes: Receipt[] = [];
  for (const answer of await showState(forger, first)) {
    const read = answer.ok ? decodeWith(submitAnswerCodec, answer.value, 'answer') : answer;
    if (read.ok && read.value.type === 'vote') votes.push(read.value.receipt);
  }
  if (votes.length < network.quorum) return nothingToForge();
  const receipts = votes.toSorted((a, b) => a.node - b.node).slice(0, network.quorum);
  const quorum: Certificate = { form: 'votes', ...place, round: 0, hash: first.hash, receipts };
  await showState(forger, second);
  await pause(PAUSE_MS);
  await collectReports(forger, split.value, 1);
  const body = encodeWith(lockRequestCodec(suite), { quorum, items: first.items });
  for (const node of allNodes(forger)) await ask(forger, node, ROUTES.lock, body);
  return ok(undefined);
};

/** The same with reports of the attacker's making. */
const inventReports =
  (lockOf: (forger: Forger, split: Split) => Certificate | null, honest: boolean): Forgery =>
  async (forger) => {
    const split = await forkOneself(forger);
    if (!split.ok) return split;
    const { place, first, second } = split.value;
    const { outcome } = await gatherCertificate(forger.device, first);
    if (!outcome.ok) return outcome;
    await showState(forger, second);
    await pause(PAUSE_MS);
    const given = honest ? await collectReports(forger, split.value, 1) : [];
    const nodes = honest ? [...forger.corruptNodes.keys()] : allNodes(forger);
    const lock = lockOf(forger, split.value);
    const made = nodes.map((node) => inventReport(forger, { ...place, round: 1, node, lock, vote: second.hash }));
    const reports = [...made, ...given.filter(({ node }) => !made.some((one) => one.node === node))];
    await proposeSecond(forger, split.value, 1, reports);
    await spreadFinal(forger.device, { ...first, certificate: outcome.value });
    return ok(undefined);
  };

/** A quorum of votes that nobody gave. */
const falseLock = ({ device, random }: Forger, { place, second }: Split): Certificate => ({
  form: 'votes',
  ...place,
  round: 0,
  hash: second.hash,
  receipts: Array.from({ length: device.network.quorum }, (_, node) => ({
    node,
    leaf: 0,
    head: {
      size: 1,
      root: random.bytes(32),
      timeMs: device.clock(),
      signature: random.bytes(SIGNATURE_ALGORITHMS['ml-dsa-44'].signatureBytes),
    },
    proof: [],
  })),
});

/** A start, a proposal and a vote for a place that is none, too early, or not one's own. */
const startWrongly: Forgery = async (forger) => {
  const { device, random } = forger;
  const forged = await forgePayment(forger);
  if (!forged.ok) return forged;
  const { chain, index } = forged.value.body;
  const rounds = [0, 1, 63];
  for (const round of rounds) {
    const request = { chain, index, round, state: forged.value.hash, fork: null, items: forged.value.items };
    await ask(
      forger,
      random.below(device.network.nodes.length),
      ROUTES.start,
      encodeWith(startRequestCodec(device.suite), request),
    );
    const elsewhere = { ...request, index: index + 1 };
    await ask(
      forger,
      random.below(device.network.nodes.length),
      ROUTES.start,
      encodeWith(startRequestCodec(device.suite), elsewhere),
    );
    const unsigned = { chain, index, round, hash: forged.value.hash, reports: [] as Report[] };
    const report = inventReport(forger, { chain, index, round, node: 0, lock: null, vote: null });
    const proposal: UnsignedRoundProposal = { ...unsigned, reports: [report] };
    const made = encodeWith(proposeRequestCodec(device.suite), { ...proposal, items: [] });
    for (const node of allNodes(forger)) await ask(forger, node, ROUTES.propose, made);
    const vote = encodeWith(voteRequestCodec(device.suite), {
      proposal: { ...proposal, signature: random.bytes(SIGNATURE_ALGORITHMS['ml-dsa-44'].signatureBytes) },
      items: forged.value.items,
    });
    await ask(forger, random.below(device.network.nodes.length), ROUTES.vote, vote);
  }
  return ok(undefined);
};

export const ROUND_FORGERIES: Readonly<Record<string, Forgery>> = {
  hideFinal,
  ackLate,
  inventReports: inventReports(() => null, false),
  inventLock: inventReports(falseLock, true),
  startWrongly,
};
