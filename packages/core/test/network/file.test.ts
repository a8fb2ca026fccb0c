import { networkCodec, parseNetworkFile, printNetworkFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeNetwork, suite } from '../../../../tests/kit/index.ts';

const { network } = makeNetwork();
const endpoints = [4001, 4002, 4003, 4004].map((port) => `http://127.0.0.1:${port}`);
const text = printNetworkFile({ network, endpoints });

type Json = Record<string, unknown>;
const changed = (change: (file: Json, description: Json) => void): string => {
  const file = JSON.parse(text) as Json;
  change(file, file.description as Json);
  return JSON.stringify(file);
};
const codeOf = (given: string): string => {
  const parsed = parseNetworkFile(suite, given);
  return parsed.ok ? 'ok' : `${parsed.error.code} ${parsed.error.rule}`;
};

describe('NET-12: the network file', () => {
  test('is read back as it was printed, whatever its white space', () => {
    expect(parseNetworkFile(suite, text)).toEqual({ ok: true, value: { network, endpoints } });
    expect(codeOf(JSON.stringify(JSON.parse(text)))).toBe('ok');
  });

  test('is JSON that a person can read', () => {
    expect(JSON.parse(text)).toMatchObject({
      dsm: 'network',
      version: 1,
      description: { version: 1, name: 'test', faults: 1, gapMs: 60_000 },
      endpoints,
    });
  });

  test('endpoints are outside the id', () => {
    const moved = parseNetworkFile(
      suite,
      changed((file) => {
        file.endpoints = endpoints.toReversed();
      }),
    );
    expect(moved.ok && moved.value.network).toEqual(network);
  });

  test.each<[string, (file: Json, description: Json) => void]>([
    ['an unknown field', (file) => (file.extra = 1)],
    ['an unknown field in the description', (_, description) => (description.extra = 1)],
    ['__proto__', (file) => Object.defineProperty(file, '__proto__', { value: 1, enumerable: true })],
    ['no dsm', (file) => delete file.dsm],
    ['another kind', (file) => (file.dsm = 'wallet')],
    ['no id', (file) => delete file.id],
    ['no description', (file) => delete file.description],
    ['a description that is a list', (file) => (file.description = [])],
    ['no endpoints', (file) => delete file.endpoints],
    ['endpoints that are no list', (file) => (file.endpoints = {})],
    ['an endpoint too few', (file) => (file.endpoints = endpoints.slice(1))],
    ['an endpoint that is a number', (file) => (file.endpoints = [1, 2, 3, 4])],
    ['a missing field', (_, description) => delete description.gapMs],
    ['a number as text', (_, description) => (description.gapMs = '60000')],
    ['a fraction', (_, description) => (description.gapMs = 60_000.5)],
    ['a negative number', (_, description) => (description.gapMs = -1)],
    ['another version of the description', (_, description) => (description.version = 2)],
    ['nodes that are no list', (_, description) => (description.nodes = {})],
    ['a node without a key', (_, description) => (description.nodes = [{ algorithm: 'ml-dsa-44' }])],
    ['a node that is null', (_, description) => (description.nodes = [null])],
    ['a name with a control character', (_, description) => (description.name = 'a\u001Bb')],
  ])('%s is refused', (_, change) => {
    expect(codeOf(changed(change))).toMatch(/^E_FORMAT (NET-12|ENC-3)$/);
  });

  test.each([
    'http://127.0.0.1:4001/',
    'ftp://127.0.0.1',
    'http://user@host',
    'http://host?q',
    'http://host#f',
    'http://ho st',
    'http://host\u001B[0m',
    'http://',
    `http://${'a'.repeat(300)}`,
    '',
  ])('the endpoint %j is refused', (endpoint) => {
    expect(codeOf(changed((file) => (file.endpoints = [endpoint, ...endpoints.slice(1)])))).toBe('E_FORMAT NET-12');
  });

  test.each(['https://node.example', 'http://[::1]:80', 'https://example.org/dsm/node-1'])(
    'the endpoint %j is accepted',
    (endpoint) => {
      expect(codeOf(changed((file) => (file.endpoints = [endpoint, ...endpoints.slice(1)])))).toBe('ok');
    },
  );

  test('another id, and a description that was changed under the same id, are E_NETWORK', () => {
    expect(codeOf(changed((file) => (file.id = '00'.repeat(32))))).toBe('E_NETWORK NET-12');
    expect(codeOf(changed((file) => (file.id = null)))).toBe('E_NETWORK NET-12');
    expect(codeOf(changed((_, description) => (description.gapMs = 60_001)))).toBe('E_NETWORK NET-12');
  });

  test('other versions, algorithms and sizes have codes of their own', () => {
    expect(codeOf(changed((file) => (file.version = 2)))).toBe('E_VERSION NET-12');
    expect(codeOf(changed((_, description) => (description.nodes = [{ algorithm: 'rsa', key: '' }])))).toBe(
      'E_ALGORITHM ENC-6',
    );
    expect(codeOf(' '.repeat(2 ** 21))).toBe('E_LIMIT NET-12');
  });

  test('a description that breaks NET-1 is refused', () => {
    expect(codeOf(changed((_, description) => (description.faults = 2)))).toBe('E_FORMAT NET-1');
    expect(codeOf(changed((_, description) => (description.gapMs = 20_000)))).toBe('E_FORMAT NET-1');
  });

  test.each(['', 'null', '[]', '{', '"network"', '{"dsm":"network"}', '\uD800'])('%j is no network file', (given) => {
    expect(codeOf(given)).toBe('E_FORMAT NET-12');
  });

  test('truncated anywhere it is refused', () => {
    for (let end = 0; end < text.length - 1; end += 97) expect(codeOf(text.slice(0, end))).not.toBe('ok');
  });

  test('the description is the one of the codec', () => {
    const parsed = parseNetworkFile(suite, text);
    expect(parsed.ok && networkCodec.toItem(parsed.value.network)).toEqual(networkCodec.toItem(network));
  });
});
