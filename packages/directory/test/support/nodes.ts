/** Directory nodes in this process, asked over their HTTP interface without a network. */
import { answer, openNode, type LogEntry, type OpenNode } from '@dsm/directory';
import {
  advanceGathering,
  CBOR_TYPE,
  chainTipCodec,
  decodeFailure,
  decodeWith,
  encodeWith,
  finalRequestCodec,
  lockAnswerCodec,
  lockRequestCodec,
  memoryDisk,
  memoryStore,
  must,
  proposeAnswerCodec,
  proposeRequestCodec,
  publishRequestCodec,
  ROUTES,
  startAnswerCodec,
  startGathering,
  startRequestCodec,
  submissionCodec,
  submitAnswerCodec,
  voteRequestCodec,
  type Ask,
  type BundleItem,
  type Certificate,
  type ChainTip,
  type Codec,
  type Failure,
  type LockAnswer,
  type LockRequest,
  type MemoryDisk,
  type ProposeAnswer,
  type ProposeRequest,
  type PublishRequest,
  type Receipt,
  type Result,
  type StartAnswer,
  type StartRequest,
  type Store,
  type Submission,
  type SubmitAnswer,
  type VoteRequest,
} from '@dsm/core';
import { entry, submissionOf, type Device, type TestNetwork, type TestStep } from '../../../../tests/kit/index.ts';

export interface TestNode {
  readonly index: number;
  readonly open: OpenNode;
  readonly disk: MemoryDisk;
  readonly log: LogEntry[];
}

export interface NodeChoices {
  readonly disk?: MemoryDisk;
  readonly store?: Store;
  readonly clock?: () => number;
  readonly emptyStore?: 'claim' | 'refuse';
  readonly waitForOthers?: () => Promise<void>;
}

/** One node on a memory disk; its clock is that of the network. */
export async function openTestNode(net: TestNetwork, index: number, choices: NodeChoices = {}): Promise<TestNode> {
  const disk = choices.disk ?? memoryDisk();
  const log: LogEntry[] = [];
  const open = await openNode({
    network: net.network,
    nodeIndex: index,
    secretKey: entry(net.nodeKeys, index).secretKey,
    store: choices.store ?? memoryStore(disk),
    suite: net.suite,
    clock: choices.clock ?? (() => net.nowMs),
    log: (entry) => log.push(entry),
    emptyStore: choices.emptyStore ?? 'claim',
    ...(choices.waitForOthers && { waitForOthers: choices.waitForOthers }),
  });
  return { index, open: must(open), disk, log };
}

export const openTestNodes = (net: TestNetwork): Promise<TestNode[]> =>
  Promise.all(net.nodeKeys.map((_, index) => openTestNode(net, index)));

async function read<T>(response: Response, codec: Codec<T>): Promise<Result<T>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status === 200) return decodeWith(codec, bytes, 'answer');
  const failure = decodeFailure(bytes);
  return failure.ok ? { ok: false, error: failure.value } : failure;
}

/** Posts raw bytes, as anybody can. */
export const postBytes = async (
  { open }: TestNode,
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = { 'content-type': CBOR_TYPE },
): Promise<Response> => open.app.request(path, { method: 'POST', body: new Uint8Array(body), headers });

async function post<Q, A>(node: TestNode, path: string, question: Codec<Q>, value: Q, answer: Codec<A>) {
  return read(await postBytes(node, path, encodeWith(question, value)), answer);
}

export const get = async <T>({ open }: TestNode, path: string, codec: Codec<T>): Promise<Result<T>> =>
  read(await open.app.request(path), codec);

export const submit = (net: TestNetwork, node: TestNode, submission: Submission): Promise<Result<SubmitAnswer>> =>
  post(node, ROUTES.submit, submissionCodec(net.suite), submission, submitAnswerCodec);

export const submitStep = (net: TestNetwork, node: TestNode, step: TestStep): Promise<Result<SubmitAnswer>> =>
  submit(net, node, submissionOf(net, step));

export const lock = (net: TestNetwork, node: TestNode, request: LockRequest): Promise<Result<LockAnswer>> =>
  post(node, ROUTES.lock, lockRequestCodec(net.suite), request, lockAnswerCodec);

/** Posts without HTTP, as a simulator does. */
async function ask<Q, A>(node: TestNode, path: string, question: Codec<Q>, value: Q, codec: Codec<A>) {
  const request = { method: 'POST', path, body: encodeWith(question, value) };
  const { status, body } = await answer(node.open.node, request);
  if (status === 200) return decodeWith(codec, body, 'answer');
  const failure = decodeFailure(body);
  return failure.ok ? ({ ok: false, error: failure.value } as const) : failure;
}

export const startRound = (net: TestNetwork, node: TestNode, request: StartRequest): Promise<Result<StartAnswer>> =>
  ask(node, ROUTES.start, startRequestCodec(net.suite), request, startAnswerCodec);

export const propose = (net: TestNetwork, node: TestNode, request: ProposeRequest): Promise<Result<ProposeAnswer>> =>
  ask(node, ROUTES.propose, proposeRequestCodec(net.suite), request, proposeAnswerCodec);

export const voteInRound = (net: TestNetwork, node: TestNode, request: VoteRequest): Promise<Result<SubmitAnswer>> =>
  ask(node, ROUTES.vote, voteRequestCodec(net.suite), request, submitAnswerCodec);

export const finalise = (
  net: TestNetwork,
  node: TestNode,
  certificate: Certificate,
  items: readonly BundleItem[],
): Promise<Result<ChainTip>> =>
  post(node, ROUTES.final, finalRequestCodec(net.suite), { certificate, items }, chainTipCodec);

export const publishRequest = (device: Device): PublishRequest => ({ account: device.account, items: device.card });

export const publish = (net: TestNetwork, node: TestNode, request: PublishRequest): Promise<Result<ChainTip>> =>
  post(node, ROUTES.publish, publishRequestCodec(net.suite), request, chainTipCodec);

export const placeOf = ({ body, hash }: TestStep) => ({ chain: body.chain, index: body.index, hash });

/** Body, operation and what else belongs to a step: what goes along with its Final. */
export const itemsOf = (net: TestNetwork, step: TestStep) => submissionOf(net, step).items;

/** Gathers a Final as a wallet does, from the nodes that are up. */
export async function gatherFrom(
  net: TestNetwork,
  nodes: readonly (TestNode | undefined)[],
  step: TestStep,
): Promise<Result<Certificate>> {
  const submission = submissionOf(net, step);
  const answerTo = async (ask: Ask) => {
    const node = nodes[ask.node];
    if (!node) return { ok: false, error: { code: 'E_UNREACHABLE', rule: 'NET-14', message: 'down' } } as const;
    return ask.type === 'vote'
      ? submit(net, node, { ...submission, votes: ask.votes })
      : lock(net, node, { quorum: ask.quorum, items: submission.items });
  };
  let progress = startGathering(net, placeOf(step));
  const queue = [...progress.asks];
  for (let ask = queue.shift(); ask && !progress.outcome; ask = queue.shift()) {
    const answer = await answerTo(ask);
    progress = advanceGathering(net, progress.gathering, { type: ask.type, node: ask.node, answer } as never);
    queue.push(...progress.asks);
  }
  if (!progress.outcome) throw new Error('no outcome');
  return progress.outcome;
}

/** The receipt of a vote or an ack. */
export function receiptOf(result: Result<SubmitAnswer | LockAnswer>): Receipt {
  const answer = must(result);
  if (answer.type === 'final') throw new Error('a receipt is expected, not a Final');
  return answer.receipt;
}

export function failureOf(result: Result<unknown>): Failure {
  if (result.ok) throw new Error('a refusal is expected');
  return result.error;
}

/** `E_CODE RULE`, or `ok`. */
export const codeOf = (result: Result<unknown>): string =>
  result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`;
