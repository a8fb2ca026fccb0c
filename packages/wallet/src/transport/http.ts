/** Directory nodes over HTTP: CBOR both ways. */
import { CBOR_TYPE, decodeFailure, fail, LIMITS, ok, type Result } from '@dsm/core';
import type { DirectoryTransport, Endpoints } from '../ports.ts';

export interface HttpOptions {
  /** For one request and its answer. Default: 10,000. */
  readonly timeoutMs?: number;
}

export const httpTransport = (endpoints: Endpoints, { timeoutMs = 10_000 }: HttpOptions = {}): DirectoryTransport => ({
  async request(node, path, body, signal) {
    const endpoint = endpoints[node];
    if (endpoint === undefined) return fail('E_UNREACHABLE', 'NET-13', `no address of node ${node} is known`);
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    const send = (): Promise<Response> =>
      fetch(`${endpoint.replace(/\/$/, '')}${path}`, {
        method: body === null ? 'GET' : 'POST',
        signal: limit,
        redirect: 'error',
        ...(body !== null && { body: body as Uint8Array<ArrayBuffer>, headers: { 'content-type': CBOR_TYPE } }),
      });
    try {
      // A connection kept from before may have been closed by the node meanwhile; every request may be repeated.
      const response = await send().catch((thrown: unknown) => {
        if (limit.aborted) throw thrown;
        return send();
      });
      const answer = await readBounded(response, node);
      return answer.ok && !response.ok ? refusalOf(node, answer.value) : answer;
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer: ${why}`);
    }
  },
});

/** What the node refused with, as a failure of this side. */
function refusalOf(node: number, body: Uint8Array): Result<never> {
  const refusal = decodeFailure(body);
  return refusal.ok
    ? { ok: false, error: refusal.value }
    : fail('E_UNREACHABLE', 'NET-13', `node ${node} refused in a form that is not understood`);
}

/** The body of an answer, given up as soon as it is longer than any honest one. */
async function readBounded(response: Response, node: number): Promise<Result<Uint8Array>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > LIMITS.fileBytes) return fail('E_LIMIT', 'ENC-2', `the answer of node ${node} is too long`);
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return ok(whole);
}
