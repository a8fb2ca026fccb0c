/** Certificates and votes that prove nothing, shown to the nodes. */
import {
  decodeWith,
  encodeWith,
  finalRequestCodec,
  lockRequestCodec,
  logLeafHash,
  lockAnswerCodec,
  ok,
  ROUTES,
  SIGNATURE_ALGORITHMS,
  signMessage,
  statementToItem,
  submissionCodec,
  submitAnswerCodec,
  treeHeadMessage,
  type BundleItem,
  type Certificate,
  type Receipt,
  type Result,
  type Statement,
} from '@dsm/core';
import { requireChain } from '../../../packages/wallet/src/chain/draft.ts';
import { forgeState, nothingToForge, showFinal, showState, type Forged, type Forger, type Forgery } from './kit.ts';

interface Shown {
  readonly certificate: Certificate;
  readonly items: readonly BundleItem[];
}

/** Quorums and certificates that were overheard. */
function overheard({ device, sent }: Forger, route: string): readonly Shown[] {
  return sent.flatMap(([path, body]): readonly Shown[] => {
    if (path !== route) return [];
    if (route === ROUTES.lock) {
      const request = decodeWith(lockRequestCodec(device.suite), body, 'request');
      return request.ok ? [{ certificate: request.value.quorum, items: request.value.items }] : [];
    }
    const request = decodeWith(finalRequestCodec(device.suite), body, 'request');
    return request.ok ? [request.value] : [];
  });
}

/** Something overheard, changed, as a Final. */
const asFinal =
  (route: string, change: (certificate: Certificate, forger: Forger) => Partial<Certificate>): Forgery =>
  async (forger) => {
    const known = overheard(forger, route);
    if (known.length === 0) return nothingToForge();
    const { certificate, items } = forger.random.pick(known);
    return showFinal(forger, { ...certificate, ...change(certificate, forger) }, items);
  };

/** Something overheard, changed, as a quorum to be locked. */
const asQuorum =
  (change: (certificate: Certificate, forger: Forger) => Partial<Certificate>): Forgery =>
  async (forger) => {
    const { device, random } = forger;
    const known = [...overheard(forger, ROUTES.lock), ...overheard(forger, ROUTES.final)];
    if (known.length === 0) return nothingToForge();
    const { certificate, items } = random.pick(known);
    const quorum = { ...certificate, ...change(certificate, forger) };
    const body = encodeWith(lockRequestCodec(device.suite), { quorum, items });
    return device.transport.request(random.below(device.network.nodes.length), ROUTES.lock, body);
  };

/** A receipt of a log of one leaf, signed by whoever is at hand: nobody, or a node that lies. */
export function inventReceipt(forger: Forger, node: number, statement: Statement): Receipt {
  const { device, random, corruptNodes } = forger;
  const { suite, network } = device;
  const root = logLeafHash(suite, statementToItem(network, statement));
  const head = { size: 1, root, timeMs: device.clock() };
  const key = corruptNodes.get(node);
  const message = treeHeadMessage(suite, network, node, head);
  const signature = key
    ? signMessage(suite, key.secretKey, 'head', message)
    : random.bytes(SIGNATURE_ALGORITHMS['ml-dsa-44'].signatureBytes);
  return { node, leaf: 0, head: { ...head, signature }, proof: [] };
}

/** A payment of one unit, signed and shown to nobody yet. */
export async function forgePayment(forger: Forger, fromMs = 0, lastsMs = 60_000): Promise<Result<Forged>> {
  const { device, token, accounts, random } = forger;
  const held = await requireChain(device, device.account);
  if (!held.ok) return held;
  const from = device.clock() + fromMs;
  const to = random.pick(accounts);
  return forgeState(forger, held.value, {
    kind: 'account',
    operation: { type: 'transfer', window: { from, until: from + lastsMs }, token, amount: 1n, to, reference: null },
  });
}

const statementOf = ({ body, hash }: Forged, form: 'votes' | 'acks'): Statement => ({
  form,
  chain: body.chain,
  index: body.index,
  round: 0,
  hash,
});

/** An own payment with a certificate that nobody gave. */
const invented =
  (form: 'votes' | 'acks', nodesOf: (forger: Forger) => readonly number[]): Forgery =>
  async (forger) => {
    const forged = await forgePayment(forger);
    if (!forged.ok) return forged;
    const statement = statementOf(forged.value, form);
    const receipts = nodesOf(forger).map((node) => inventReceipt(forger, node, statement));
    if (receipts.length === 0) return nothingToForge();
    return showFinal(forger, { ...statement, receipts }, forged.value.items);
  };

const firstNodes = ({ device }: Forger, count: number): number[] =>
  Array.from({ length: Math.min(count, device.network.nodes.length) }, (_, i) => i);

/** The nodes that lie, often enough to look like enough. */
const liarAgain = ({ device, corruptNodes }: Forger): readonly number[] =>
  [...corruptNodes.keys()].slice(0, 1).flatMap((node) => Array.from({ length: device.network.quorum }, () => node));

/** A payment whose time is over, and the votes of liars to waive it. */
const waive: Forgery = async (forger) => {
  const { device } = forger;
  const forged = await forgePayment(forger, -7_200_000, 1_000);
  if (!forged.ok) return forged;
  const statement = statementOf(forged.value, 'votes');
  const votes: Receipt[] = [...forger.corruptNodes.keys()].map((node) => inventReceipt(forger, node, statement));
  for (let round = 0; round < 2; round++) {
    const answers = await showState(
      forger,
      forged.value,
      votes.toSorted((a, b) => a.node - b.node),
    );
    for (const answer of answers) {
      const read = answer.ok ? decodeWith(submitAnswerCodec, answer.value, 'answer') : answer;
      const receipt = read.ok && read.value.type === 'vote' ? read.value.receipt : undefined;
      if (receipt && !votes.some(({ node }) => node === receipt.node)) votes.push(receipt);
    }
  }
  if (votes.length < device.network.nodes.length) return ok(undefined);
  const receipts = votes.toSorted((a, b) => a.node - b.node);
  return showFinal(forger, { ...statement, receipts }, forged.value.items);
};

/** Receipts that the nodes with these positions give for a question. */
async function collectReceipts(
  { device }: Forger,
  nodes: readonly number[],
  path: string,
  body: Uint8Array,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const node of nodes) {
    const answer = await device.transport.request(node, path, body);
    if (!answer.ok) continue;
    const read =
      path === ROUTES.lock
        ? decodeWith(lockAnswerCodec, answer.value, 'answer')
        : decodeWith(submitAnswerCodec, answer.value, 'answer');
    if (read.ok && 'receipt' in read.value && read.value.receipt.node === node) receipts.push(read.value.receipt);
  }
  return receipts;
}

const submitBody = ({ device }: Forger, { hash, items }: Forged): Uint8Array =>
  encodeWith(submissionCodec(device.suite), { state: hash, items, votes: [] });

/** q votes, one of them a liar's, for a final state. */
const quorumWithLiar: Forgery = async (forger) => {
  const { device, corruptNodes } = forger;
  const [liar] = corruptNodes.keys();
  const forged = await forgePayment(forger);
  if (!forged.ok || liar === undefined) return forged;
  const honest = firstNodes(forger, device.network.nodes.length).filter((node) => node !== liar);
  const body = submitBody(forger, forged.value);
  const votes = await collectReceipts(forger, honest.slice(0, device.network.quorum - 1), ROUTES.submit, body);
  const statement = statementOf(forged.value, 'votes');
  const receipts = [...votes, inventReceipt(forger, liar, statement)].toSorted((a, b) => a.node - b.node);
  return showFinal(forger, { ...statement, receipts }, forged.value.items);
};

/** Acks of all nodes where q are asked for. */
const everyAck: Forgery = async (forger) => {
  const { device } = forger;
  const all = firstNodes(forger, device.network.nodes.length);
  const forged = await forgePayment(forger);
  if (!forged.ok) return forged;
  const votes = await collectReceipts(forger, all, ROUTES.submit, submitBody(forger, forged.value));
  if (votes.length < device.network.quorum) return ok(undefined);
  const quorum = { ...statementOf(forged.value, 'votes'), receipts: votes.slice(0, device.network.quorum) };
  const body = encodeWith(lockRequestCodec(device.suite), { quorum, items: forged.value.items });
  const receipts = await collectReceipts(forger, all, ROUTES.lock, body);
  return showFinal(forger, { ...statementOf(forged.value, 'acks'), receipts }, forged.value.items);
};

export const CERTIFICATE_FORGERIES: Readonly<Record<string, Forgery>> = {
  quorumAsFinal: asFinal(ROUTES.lock, () => ({})),
  quorumAsAcks: asFinal(ROUTES.lock, () => ({ form: 'acks' })),
  quorumOfManyAsFinal: asFinal(ROUTES.lock, ({ receipts }) => ({ receipts: [...receipts, ...receipts.slice(-1)] })),
  finalWithSurplus: asFinal(ROUTES.final, ({ receipts }) => ({ receipts: [...receipts, ...receipts.slice(-1)] })),
  finalTooFew: asFinal(ROUTES.final, ({ receipts }) => ({ receipts: receipts.slice(1) })),
  finalOfAnother: asFinal(ROUTES.final, (_, { random }) => ({ hash: random.bytes(32) as never })),
  finalElsewhere: asFinal(ROUTES.final, ({ index }) => ({ index: index + 1 })),
  finalOfGenesis: asFinal(ROUTES.final, () => ({ index: 0 })),
  finalOfLaterVotes: asFinal(ROUTES.final, () => ({ form: 'votes', round: 1 })),
  finalUnordered: asFinal(ROUTES.final, ({ receipts }) => ({ receipts: receipts.toReversed() })),
  finalOfStrangers: asFinal(ROUTES.final, ({ receipts }) => ({
    receipts: receipts.map((receipt, i) => ({ ...receipt, node: 60 + i })),
  })),
  quorumOfAcks: asQuorum(() => ({ form: 'acks' })),
  quorumOfGenesis: asQuorum(() => ({ index: 0 })),
  quorumOfAnother: asQuorum((_, { random }) => ({ hash: random.bytes(32) as never })),
  quorumOfLaterRound: asQuorum(() => ({ round: 1 })),
  inventedAcks: invented('acks', (forger) => firstNodes(forger, forger.device.network.quorum)),
  inventedVotes: invented('votes', (forger) => firstNodes(forger, forger.device.network.nodes.length)),
  liarManyTimes: invented('acks', liarAgain),
  waive,
  quorumWithLiar,
  everyAck,
};
