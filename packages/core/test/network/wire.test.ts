import {
  cardCodec,
  chainTipCodec,
  consistencyCodec,
  creditPageCodec,
  decodeFailure,
  decodeWith,
  encodeFailure,
  encodeItem,
  encodeWith,
  evidenceListCodec,
  finalRequestCodec,
  LIMITS,
  lockAnswerCodec,
  lockRequestCodec,
  nodeHeadCodec,
  pathTo,
  publishRequestCodec,
  ROUTES,
  slotStatusCodec,
  stateHash,
  stateAnswerCodec,
  submitAnswerCodec,
  type ChainId,
  type Codec,
  type Failure,
  type TokenId,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { certify, makeDevice, makeNetwork, makeQuorum, makeReceipt, seed, suite } from '../../../../tests/kit/index.ts';

const net = makeNetwork();
const alice = makeDevice(net, 'alice');
const place = { chain: alice.account, index: 1, hash: stateHash(suite, alice.tip) };
const certificate = certify(net, place);
const quorum = makeQuorum(net, place);
const receipt = makeReceipt(net, 2, { ...place, form: 'votes', round: 0 });
const items = alice.card;
const codec = <T>(of: Codec<T>, value: T): [Codec<unknown>, unknown] => [of, value];

const MESSAGES: [string, [Codec<unknown>, unknown]][] = [
  ['SubmitAnswer, a vote', codec(submitAnswerCodec, { type: 'vote', receipt })],
  ['SubmitAnswer, a Final', codec(submitAnswerCodec, { type: 'final', certificate })],
  ['LockRequest', codec(lockRequestCodec(suite), { quorum, items })],
  ['LockAnswer, an ack', codec(lockAnswerCodec, { type: 'ack', receipt })],
  ['LockAnswer, a Final', codec(lockAnswerCodec, { type: 'final', certificate })],
  ['FinalRequest', codec(finalRequestCodec(suite), { certificate, items })],
  ['PublishRequest', codec(publishRequestCodec(suite), { account: alice.account, items })],
  ['Card', codec(cardCodec(suite), { accounts: [alice.account], items })],
  ['ChainTip', codec(chainTipCodec, { index: 1, hash: place.hash, certificate })],
  ['ChainTip of a genesis', codec(chainTipCodec, { index: 0, hash: place.hash, certificate: null })],
  ['StateAnswer', codec(stateAnswerCodec(suite), { state: place.hash, items })],
  [
    'CreditPage',
    codec(creditPageCodec, {
      credits: [
        { cursor: 1, source: alice.account, index: 3, output: 0, token: seed('token') as TokenId, amount: 2n ** 100n },
      ],
      more: true,
    }),
  ],
  [
    'SlotStatus',
    codec(slotStatusCodec(suite), {
      state: 'lapsed',
      promise: 0,
      vote: place.hash,
      quorum,
      final: null,
      seen: place.hash,
      seenMs: 1,
      items,
    }),
  ],
  ['EvidenceList', codec(evidenceListCodec, { files: [Uint8Array.of(1)] })],
  ['NodeHead', codec(nodeHeadCodec, { node: 2, head: receipt.head })],
  ['Consistency', codec(consistencyCodec, { first: 1, second: 2, proof: [seed('node')] })],
];

describe('NET-13: messages between clients and nodes', () => {
  test.each(MESSAGES)('%s survives the wire', (_, [of, value]) => {
    expect(decodeWith(of, encodeWith(of, value), 'message')).toEqual({ ok: true, value });
  });

  test.each(MESSAGES)(
    '%s is refused when truncated, trailing or of another shape, and nothing is thrown',
    (_, [of, value]) => {
      const encoded = encodeWith(of, value);
      const codeOf = (bytes: Uint8Array) => {
        const decoded = decodeWith(of, bytes, 'message');
        return decoded.ok ? 'ok' : decoded.error.code;
      };
      expect(codeOf(encoded.slice(0, -1))).toBe('E_ENCODING');
      expect(codeOf(Uint8Array.of(...encoded, 0))).toBe('E_ENCODING');
      for (const shape of [0, null, 'text', [], [1], [9, null], [[[]]], Uint8Array.of(1)]) {
        expect(codeOf(encodeItem(shape))).toMatch(/^E_(FORMAT|LIMIT)$/);
      }
    },
  );

  test('every path with its values matches its route', () => {
    const chain = alice.account;
    const paths: [string, string][] = [
      [ROUTES.card, pathTo.card(chain)],
      [ROUTES.tip, pathTo.tip(chain)],
      [ROUTES.state, pathTo.state(chain, 7)],
      [ROUTES.credits, pathTo.credits(chain, 3)],
      [ROUTES.slot, pathTo.slot(chain, 7)],
      [ROUTES.evidence, pathTo.evidence(chain)],
      [ROUTES.consistency, pathTo.consistency(1, 2)],
    ];
    for (const [route, path] of paths) {
      const pattern = new RegExp(`^${route.replaceAll(/:\w+/g, '[0-9a-f]+')}(\\?.*)?$`);
      expect(path).toMatch(pattern);
    }
  });
});

describe('NET-13: refusals', () => {
  const failure: Failure = {
    code: 'E_INCOMPLETE',
    rule: 'BND-2',
    message: 'missing: body 00',
    missing: ['body 00', 'certificate 01 7'],
    evidence: Uint8Array.of(1, 2),
  };

  test('a failure survives the wire, with and without what is optional', () => {
    expect(decodeFailure(encodeFailure(failure))).toEqual({ ok: true, value: failure });
    const plain: Failure = { code: 'E_BALANCE', rule: 'VAL-6', message: 'not covered' };
    expect(decodeFailure(encodeFailure(plain))).toEqual({ ok: true, value: plain });
  });

  test('text from outside never makes a failure that cannot be read', () => {
    for (const message of [
      'a\nb\u001B[2J',
      '\uD800',
      'é'.normalize('NFD'),
      'x'.repeat(10_000),
      ' ',
      '\u{1F600}'.repeat(200),
    ]) {
      const decoded = decodeFailure(encodeFailure({ code: 'E_STORE', rule: 'STO-4', message, missing: [message] }));
      expect(decoded.ok).toBe(true);
    }
  });

  test('a node can neither invent codes nor send control characters', () => {
    const codeOf = (item: Parameters<typeof encodeItem>[0]) => {
      const decoded = decodeFailure(encodeItem(item));
      return decoded.ok ? 'ok' : decoded.error.code;
    };
    expect(codeOf(['E_BALANCE', 'VAL-6', 'fine', [], null])).toBe('ok');
    expect(codeOf(['E_NEW', 'VAL-6', 'fine', [], null])).toBe('E_FORMAT');
    expect(codeOf(['toString', 'VAL-6', 'fine', [], null])).toBe('E_FORMAT');
    expect(codeOf(['E_BALANCE', 'VAL-6', '\u001B[2J', [], null])).toBe('E_FORMAT');
    expect(codeOf(['E_BALANCE', 'VAL-6', 'x'.repeat(LIMITS.messageBytes + 1), [], null])).toBe('E_FORMAT');
    expect(codeOf(['E_BALANCE', 'VAL-6', 'fine', Array.from({ length: 300 }, () => 'x'), null])).toBe('E_LIMIT');
  });

  test('a chain id is written in lower-case hexadecimal', () => {
    expect(pathTo.tip(new Uint8Array(32).fill(0xab) as ChainId)).toBe(`/v1/tip/${'ab'.repeat(32)}`);
  });
});
