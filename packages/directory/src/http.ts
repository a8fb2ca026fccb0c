/** The node's face: HTTP with CBOR bodies (spec NET-13). Every answer is a value or a failure with a stable code. */
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
  publishRequestCodec,
  ROUTES,
  slotStatusCodec,
  stateAnswerCodec,
  StoreError,
  submissionCodec,
  submitAnswerCodec,
  toHex,
  type ChainId,
  type Codec,
  type ErrorCode,
  type Failure,
  type Place,
  type Result,
} from '@dsm/core';
import { Hono, type Context as Call } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { takeFinal } from './admission/final.ts';
import { lock } from './admission/lock.ts';
import { publish } from './admission/publish.ts';
import type { Node } from './admission/settle.ts';
import { submit } from './admission/submit.ts';
import {
  getCard,
  getConsistency,
  getCredits,
  getEvidence,
  getHead,
  getLogSize,
  getSlot,
  getState,
  getTip,
} from './queries.ts';
import { VERSION } from './version.ts';

/** Codes that are not simply a bad request. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  E_NOT_FOUND: 404,
  E_CONFLICT: 409,
  E_FORK: 409,
  E_LIMIT: 413,
  E_INCOMPLETE: 422,
  E_PARENT: 425,
  E_INTERNAL: 500,
  E_DAMAGED: 500,
  E_STORE: 503,
  E_BUSY: 503,
};

const answerBytes = (bytes: Uint8Array, status: number): Response =>
  new Response(new Uint8Array(bytes), { status, headers: { 'content-type': CBOR_TYPE, 'cache-control': 'no-store' } });

const refuse = (failure: Failure, status: number = STATUS[failure.code] ?? 400): Response =>
  answerBytes(encodeFailure(failure), status);

const respond = <T>(result: Result<T>, codec: Codec<T>): Response =>
  result.ok ? answerBytes(encodeWith(codec, result.value), 200) : refuse(result.error);

/** Decodes the body of a request, hands it on, encodes the answer. */
const accept =
  <Q, A>(request: Codec<Q>, answer: Codec<A>, handle: (value: Q) => Promise<Result<A>>) =>
  async (call: Call): Promise<Response> => {
    if (call.req.header('content-type')?.split(';')[0]?.trim() !== CBOR_TYPE) {
      return refuse(fail('E_FORMAT', 'NET-13', `a body of type ${CBOR_TYPE} is expected`).error, 415);
    }
    const bytes = new Uint8Array(await call.req.arrayBuffer());
    const value = decodeWith(request, bytes, 'request', LIMITS.submissionBytes);
    return value.ok ? respond(await handle(value.value), answer) : refuse(value.error);
  };

const tooLarge = (): Response =>
  refuse(fail('E_LIMIT', 'NET-13', `at most ${LIMITS.submissionBytes} bytes are read`).error);

function readChain(text: string | undefined): Result<ChainId> {
  const bytes = text === undefined ? undefined : fromHex(text);
  return bytes?.length === HASH_BYTES
    ? ok(bytes as ChainId)
    : fail('E_FORMAT', 'NET-13', 'an id of 32 bytes in lower-case hexadecimal is expected');
}

function readIndex(text: string | undefined, at: string): Result<number> {
  const value = text !== undefined && /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? ok(value) : fail('E_FORMAT', 'NET-13', `${at}: a whole number is expected`);
}

function readPlace(call: Call): Result<Place> {
  const chain = readChain(call.req.param('chain'));
  if (!chain.ok) return chain;
  const index = readIndex(call.req.param('index'), 'index');
  return index.ok ? ok({ chain: chain.value, index: index.value }) : index;
}

/** Hands a value that was read from the address on, or its failure. */
const withValue = async <T, A>(
  value: Result<T>,
  answer: Codec<A>,
  handle: (value: T) => Promise<Result<A>>,
): Promise<Response> => (value.ok ? respond(await handle(value.value), answer) : refuse(value.error));

/** All routes of a node. */
export function createApp(node: Node): Hono {
  const app = new Hono();
  addWrites(app, node);
  addReads(app, node);
  // Reads the store, so that a node that has lost it does not call itself healthy.
  app.get(ROUTES.health, async (call) => {
    const log = await getLogSize(node);
    return call.json({ ok: true, network: toHex(node.network.id), node: node.nodeIndex, log, nowMs: node.clock() });
  });
  app.get(ROUTES.version, (call) => call.json({ dsm: VERSION, wire: 1 }));
  app.notFound(() => refuse(fail('E_NOT_FOUND', 'NET-13', 'there is no such address').error));
  app.onError((thrown) => {
    if (thrown instanceof StoreError) return refuse(thrown.failure);
    node.log({ atMs: node.clock(), level: 'error', event: 'defect', detail: { error: String(thrown) } });
    return refuse(fail('E_INTERNAL', 'NET-13', 'a defect in this node').error);
  });
  return app;
}

function addWrites(app: Hono, node: Node): void {
  const { suite } = node;
  const limit = bodyLimit({ maxSize: LIMITS.submissionBytes, onError: tooLarge });
  app.post(
    ROUTES.submit,
    limit,
    accept(submissionCodec(suite), submitAnswerCodec, (value) => submit(node, value)),
  );
  app.post(
    ROUTES.lock,
    limit,
    accept(lockRequestCodec(suite), lockAnswerCodec, (value) => lock(node, value)),
  );
  app.post(
    ROUTES.final,
    limit,
    accept(finalRequestCodec(suite), chainTipCodec, (value) => takeFinal(node, value)),
  );
  app.post(
    ROUTES.publish,
    limit,
    accept(publishRequestCodec(suite), chainTipCodec, (value) => publish(node, value)),
  );
}

function addReads(app: Hono, node: Node): void {
  const { suite } = node;
  app.get(ROUTES.card, (call) =>
    withValue(readChain(call.req.param('id')), cardCodec(suite), (id) => getCard(node, id)),
  );
  app.get(ROUTES.tip, (call) =>
    withValue(readChain(call.req.param('chain')), chainTipCodec, (chain) => getTip(node, chain)),
  );
  app.get(ROUTES.state, (call) =>
    withValue(readPlace(call), stateAnswerCodec(suite), (place) => getState(node, place)),
  );
  app.get(ROUTES.slot, (call) => withValue(readPlace(call), slotStatusCodec(suite), (place) => getSlot(node, place)));
  app.get(ROUTES.evidence, (call) =>
    withValue(readChain(call.req.param('chain')), evidenceListCodec, (chain) => getEvidence(node, chain)),
  );
  app.get(ROUTES.credits, (call) => {
    const after = readIndex(call.req.query('after') ?? '0', 'after');
    if (!after.ok) return refuse(after.error);
    return withValue(readChain(call.req.param('chain')), creditPageCodec, (chain) =>
      getCredits(node, chain, after.value),
    );
  });
  app.get(ROUTES.head, async () => respond(await getHead(node), nodeHeadCodec));
  app.get(ROUTES.consistency, (call) => {
    const first = readIndex(call.req.query('first'), 'first');
    if (!first.ok) return refuse(first.error);
    return withValue(readIndex(call.req.query('second'), 'second'), consistencyCodec, (second) =>
      getConsistency(node, first.value, second),
    );
  });
}
