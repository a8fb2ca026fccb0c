/**
 * What a node answers to a request (spec NET-13), whatever carries it: method, path and body go in, status, type and
 * body come out. HTTP only wraps it, and a simulator asks without.
 */
import {
  CBOR_TYPE,
  cardCodec,
  chainTipCodec,
  consistencyCodec,
  creditPageCodec,
  decodeWith,
  encodeFailure,
  encodeWith,
  evidenceListCodec,
  fail,
  finalRequestCodec,
  fromHex,
  HASH_BYTES,
  LIMITS,
  lockAnswerCodec,
  lockRequestCodec,
  nodeHeadCodec,
  ok,
  proposeAnswerCodec,
  proposeRequestCodec,
  publishRequestCodec,
  ROUTES,
  slotStatusCodec,
  startAnswerCodec,
  startRequestCodec,
  stateAnswerCodec,
  StoreError,
  submissionCodec,
  submitAnswerCodec,
  toHex,
  voteRequestCodec,
  type ChainId,
  type Codec,
  type ErrorCode,
  type Failure,
  type Place,
  type Result,
} from '@dsm/core';
import { takeFinal } from './admission/final.ts';
import { lock } from './admission/lock.ts';
import { propose } from './admission/propose.ts';
import { publish } from './admission/publish.ts';
import { voteInRound } from './admission/round-vote.ts';
import type { Node } from './admission/settle.ts';
import { start } from './admission/start.ts';
import { submit } from './admission/submit.ts';
import {
  getCard,
  getConsistency,
  getCredits,
  getEvidence,
  getHead,
  getLogSize,
  getRestored,
  getSlot,
  getState,
  getTip,
} from './queries.ts';
import { VERSION } from './version.ts';

export interface NodeRequest {
  readonly method: string;
  /** Below the base address, with the query. */
  readonly path: string;
  /** Of a POST; null stands for none. */
  readonly body: Uint8Array | null;
}

export interface NodeAnswer {
  readonly status: number;
  /** Content type. */
  readonly type: string;
  readonly body: Uint8Array;
}

/** Codes that are not simply a bad request. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  E_NOT_FOUND: 404,
  E_CONFLICT: 409,
  E_FORK: 409,
  E_LIMIT: 413,
  E_INCOMPLETE: 422,
  E_PARENT: 425,
  E_TOO_EARLY: 425,
  E_INTERNAL: 500,
  E_DAMAGED: 500,
  E_STORE: 503,
  E_BUSY: 503,
};

export const refuse = (failure: Failure, status: number = STATUS[failure.code] ?? 400): NodeAnswer => ({
  status,
  type: CBOR_TYPE,
  body: encodeFailure(failure),
});

const respond = <T>(result: Result<T>, codec: Codec<T>): NodeAnswer =>
  result.ok ? { status: 200, type: CBOR_TYPE, body: encodeWith(codec, result.value) } : refuse(result.error);

const respondJson = (value: object): NodeAnswer => ({
  status: 200,
  type: 'application/json',
  body: new TextEncoder().encode(JSON.stringify(value)),
});

/** Most bytes that are read of the body of a POST to this path: proposals carry many signatures. */
export const bodyLimitOf = (path: string): number =>
  path === ROUTES.propose || path === ROUTES.vote ? LIMITS.roundBytes : LIMITS.submissionBytes;

export const tooLarge = (limit: number): NodeAnswer =>
  refuse(fail('E_LIMIT', 'NET-13', `at most ${limit} bytes are read`).error);

const noSuchAddress = (): NodeAnswer => refuse(fail('E_NOT_FOUND', 'NET-13', 'there is no such address').error);

/** Decodes the body of a request, hands it on, encodes the answer. */
async function accept<Q, A>(
  { path, body }: NodeRequest,
  request: Codec<Q>,
  answerCodec: Codec<A>,
  handle: (value: Q) => Promise<Result<A>>,
): Promise<NodeAnswer> {
  const value = decodeWith(request, body ?? new Uint8Array(0), 'request', bodyLimitOf(path));
  return value.ok ? respond(await handle(value.value), answerCodec) : refuse(value.error);
}

type Write = (node: Node, request: NodeRequest) => Promise<NodeAnswer>;

const WRITES: ReadonlyMap<string, Write> = new Map<string, Write>([
  [
    ROUTES.submit,
    (node, request) => accept(request, submissionCodec(node.suite), submitAnswerCodec, (value) => submit(node, value)),
  ],
  [
    ROUTES.lock,
    (node, request) => accept(request, lockRequestCodec(node.suite), lockAnswerCodec, (value) => lock(node, value)),
  ],
  [
    ROUTES.start,
    (node, request) => accept(request, startRequestCodec(node.suite), startAnswerCodec, (value) => start(node, value)),
  ],
  [
    ROUTES.propose,
    (node, request) =>
      accept(request, proposeRequestCodec(node.suite), proposeAnswerCodec, (value) => propose(node, value)),
  ],
  [
    ROUTES.vote,
    (node, request) =>
      accept(request, voteRequestCodec(node.suite), submitAnswerCodec, (value) => voteInRound(node, value)),
  ],
  [
    ROUTES.final,
    (node, request) => accept(request, finalRequestCodec(node.suite), chainTipCodec, (value) => takeFinal(node, value)),
  ],
  [
    ROUTES.publish,
    (node, request) => accept(request, publishRequestCodec(node.suite), chainTipCodec, (value) => publish(node, value)),
  ],
]);

function readChain(text: string | undefined): Result<ChainId> {
  const bytes = text === undefined ? undefined : fromHex(text);
  return bytes?.length === HASH_BYTES
    ? ok(bytes as ChainId)
    : fail('E_FORMAT', 'NET-13', 'an id of 32 bytes in lower-case hexadecimal is expected');
}

function readIndex(text: string | null | undefined, at: string): Result<number> {
  const value = typeof text === 'string' && /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? ok(value) : fail('E_FORMAT', 'NET-13', `${at}: a whole number is expected`);
}

/** The values in the path and the query of a GET. */
interface Values {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function readPlace({ parts }: Values): Result<Place> {
  const chain = readChain(parts[0]);
  if (!chain.ok) return chain;
  const index = readIndex(parts[1], 'index');
  return index.ok ? ok({ chain: chain.value, index: index.value }) : index;
}

/** Hands a value that was read from the address on, or its failure. */
const withValue = async <T, A>(
  value: Result<T>,
  codec: Codec<A>,
  handle: (value: T) => Promise<Result<A>>,
): Promise<NodeAnswer> => (value.ok ? respond(await handle(value.value), codec) : refuse(value.error));

type Read = (node: Node, values: Values) => Promise<NodeAnswer>;

const READS: ReadonlyMap<string, Read> = new Map<string, Read>([
  [ROUTES.card, (node, { parts }) => withValue(readChain(parts[0]), cardCodec(node.suite), (id) => getCard(node, id))],
  [ROUTES.tip, (node, { parts }) => withValue(readChain(parts[0]), chainTipCodec, (chain) => getTip(node, chain))],
  [
    ROUTES.restored,
    (node, { parts }) => withValue(readChain(parts[0]), chainTipCodec, (chain) => getRestored(node, chain)),
  ],
  [
    ROUTES.state,
    (node, values) => withValue(readPlace(values), stateAnswerCodec(node.suite), (place) => getState(node, place)),
  ],
  [
    ROUTES.slot,
    (node, values) => withValue(readPlace(values), slotStatusCodec(node.suite), (place) => getSlot(node, place)),
  ],
  [
    ROUTES.evidence,
    (node, { parts }) => withValue(readChain(parts[0]), evidenceListCodec, (chain) => getEvidence(node, chain)),
  ],
  [
    ROUTES.credits,
    async (node, { parts, query }) => {
      const after = readIndex(query.get('after') ?? '0', 'after');
      if (!after.ok) return refuse(after.error);
      return withValue(readChain(parts[0]), creditPageCodec, (chain) => getCredits(node, chain, after.value));
    },
  ],
  [ROUTES.head, async (node) => respond(await getHead(node), nodeHeadCodec)],
  [
    ROUTES.consistency,
    async (node, { query }) => {
      const first = readIndex(query.get('first'), 'first');
      if (!first.ok) return refuse(first.error);
      return withValue(readIndex(query.get('second'), 'second'), consistencyCodec, (second) =>
        getConsistency(node, first.value, second),
      );
    },
  ],
  [
    ROUTES.health,
    // Reads the store, so that a node that has lost it does not call itself healthy.
    async (node) => {
      const log = await getLogSize(node);
      return respondJson({
        ok: true,
        network: toHex(node.network.id),
        node: node.nodeIndex,
        log,
        nowMs: node.clock(),
      });
    },
  ],
  [ROUTES.version, async () => respondJson({ dsm: VERSION, wire: 1 })],
]);

/** The route of a path and the parts that stand for its `:name`s. */
function matchRead(path: string): { readonly read: Read; readonly parts: readonly string[] } | undefined {
  const given = path.split('/');
  for (const [route, read] of READS) {
    const pattern = route.split('/');
    const fits = (part: string, i: number): boolean => (part.startsWith(':') ? given[i] !== '' : part === given[i]);
    if (pattern.length === given.length && pattern.every(fits)) {
      return { read, parts: given.filter((_, i) => pattern[i]?.startsWith(':')) };
    }
  }
  return undefined;
}

async function dispatch(node: Node, request: NodeRequest): Promise<NodeAnswer> {
  const [path = '', query = ''] = request.path.split('?', 2);
  if (request.method === 'POST') {
    const write = WRITES.get(path);
    return write ? write(node, { ...request, path }) : noSuchAddress();
  }
  const found = request.method === 'GET' ? matchRead(path) : undefined;
  return found ? found.read(node, { parts: found.parts, query: new URLSearchParams(query) }) : noSuchAddress();
}

/** Every answer is a value or a failure with a stable code; nothing throws. */
export async function answer(node: Node, request: NodeRequest): Promise<NodeAnswer> {
  try {
    return await dispatch(node, request);
  } catch (thrown) {
    if (thrown instanceof StoreError) return refuse(thrown.failure);
    node.log({ atMs: node.clock(), level: 'error', event: 'defect', detail: { error: String(thrown) } });
    return refuse(fail('E_INTERNAL', 'NET-13', 'a defect in this node').error);
  }
}

/** Whether a POST to this path is answered at all. */
export const isWrite = (path: string): boolean => WRITES.has(path);
