/** The node's face: HTTP with CBOR bodies (spec NET-13) around `answer`. */
import { CBOR_TYPE, fail } from '@dsm/core';
import { Hono, type Context as Call } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Node } from './admission/settle.ts';
import { answer, bodyLimitOf, isWrite, refuse, tooLarge, type NodeAnswer } from './answer.ts';

const toResponse = ({ status, type, body }: NodeAnswer): Response =>
  new Response(new Uint8Array(body), { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });

const pathOf = (call: Call): string => {
  const { pathname, search } = new URL(call.req.url);
  return `${pathname}${search}`;
};

/** All routes of a node. */
export function createApp(node: Node): Hono {
  const app = new Hono();
  app.post('*', async (call, next) => {
    const limit = bodyLimitOf(call.req.path);
    return bodyLimit({ maxSize: limit, onError: () => toResponse(tooLarge(limit)) })(call, next);
  });
  app.post('*', async (call) => {
    const { path } = call.req;
    if (isWrite(path) && call.req.header('content-type')?.split(';')[0]?.trim() !== CBOR_TYPE) {
      return toResponse(refuse(fail('E_FORMAT', 'NET-13', `a body of type ${CBOR_TYPE} is expected`).error, 415));
    }
    const body = isWrite(path) ? new Uint8Array(await call.req.arrayBuffer()) : null;
    return toResponse(await answer(node, { method: 'POST', path, body }));
  });
  app.all('*', async (call) => {
    const method = call.req.method === 'HEAD' ? 'GET' : call.req.method;
    return toResponse(await answer(node, { method, path: pathOf(call), body: null }));
  });
  app.onError(() => toResponse(refuse(fail('E_INTERNAL', 'NET-13', 'a defect in this node').error)));
  return app;
}
