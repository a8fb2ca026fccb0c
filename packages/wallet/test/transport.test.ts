import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CBOR_TYPE, encodeFailure } from '@dsm/core';
import { afterEach, describe, expect, test } from 'vitest';
import { httpTransport } from '../src/transport/http.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const listen = (handler: RequestListener): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer(handler);
    servers.push(server);
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });

describe('nodes over HTTP', () => {
  test('NET-13: sends CBOR and answers the body', async () => {
    const endpoint = await listen((request, response) => {
      expect(request.headers['content-type']).toBe(CBOR_TYPE);
      expect([request.method, request.url]).toEqual(['POST', '/v1/submit']);
      request.pipe(response);
    });
    const answer = await httpTransport([endpoint]).request(0, '/v1/submit', Uint8Array.of(1, 2, 3));
    expect(answer).toEqual({ ok: true, value: Uint8Array.of(1, 2, 3) });
  });

  test('NET-13: asks without a body', async () => {
    const endpoint = await listen((request, response) => response.end(`${request.method} ${request.url}`));
    const answer = await httpTransport([endpoint]).request(0, '/v1/head', null);
    expect(answer.ok && Buffer.from(answer.value).toString()).toBe('GET /v1/head');
  });

  test('NET-13: hands on what a node refuses with', async () => {
    const failure = { code: 'E_CONFLICT', rule: 'NET-4', message: 'no' } as const;
    const endpoint = await listen((_, response) => response.writeHead(409).end(encodeFailure(failure)));
    expect(await httpTransport([endpoint]).request(0, '/', null)).toEqual({ ok: false, error: failure });
  });

  test.each([
    ['nobody listens', async () => 'http://127.0.0.1:1'],
    ['the node says nonsense', () => listen((_, response) => response.writeHead(500).end('<html>'))],
    ['the node hangs up', () => listen((request) => request.socket.destroy())],
    ['the node sends elsewhere', () => listen((_, response) => response.writeHead(302, { location: '/' }).end())],
    ['the node says nothing', () => listen(() => {})],
    ['the address is none', async () => 'nowhere'],
  ])('E_UNREACHABLE when %s', async (_, start) => {
    const transport = httpTransport([await start()], { timeoutMs: 200 });
    expect(await transport.request(0, '/', null)).toMatchObject({ ok: false, error: { code: 'E_UNREACHABLE' } });
  });

  test('E_UNREACHABLE for a node without an address, and when nobody waits any longer', async () => {
    expect(await httpTransport([]).request(0, '/', null)).toMatchObject({ error: { code: 'E_UNREACHABLE' } });
    const endpoint = await listen(() => {});
    const over = new AbortController();
    const asked = httpTransport([endpoint]).request(0, '/', null, over.signal);
    over.abort();
    expect(await asked).toMatchObject({ error: { code: 'E_UNREACHABLE' } });
  });

  test('ENC-2: gives up on an answer that does not end', async () => {
    const chunk = Buffer.alloc(1 << 20);
    const endpoint = await listen((_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', pour);
      };
      pour();
    });
    expect(await httpTransport([endpoint]).request(0, '/', null)).toMatchObject({ error: { code: 'E_LIMIT' } });
  });
});
