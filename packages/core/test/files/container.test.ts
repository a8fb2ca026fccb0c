import {
  backupCodec,
  backupDigest,
  decodeFile,
  decodeItem,
  encodeFile,
  encodeItem,
  equalBytes,
  hashItem,
  verifyBackup,
  verifyFile,
  type Backup,
  type Item,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  certifyStep,
  fund,
  makeDevice,
  makeFundedDevice,
  seed,
  signRelease,
  submissionOf,
} from '../../../../tests/kit/index.ts';
import { makeFiles } from '../support/files.ts';
import { codeOf, expectFailure, expectOk, nth } from '../support/results.ts';

const { exchange, net, files } = makeFiles();
const { suite, network } = net;
const card = nth(files, 0).file;
const parts = expectOk(decodeItem(card.bytes)) as readonly Item[];
const decode = (item: Item): string => codeOf(decodeFile(suite, encodeItem(item)));

describe('FIL-1: ["dsm", version, kind, content, items]', () => {
  test.each<[string, Item, string]>([
    ['the card itself', parts, 'ok'],
    ['no list', 'dsm', 'E_FORMAT FIL-1'],
    ['null', null, 'E_FORMAT FIL-1'],
    ['an empty list', [], 'E_FORMAT FIL-1'],
    ['another first element', parts.with(0, 'DSM'), 'E_FORMAT FIL-1'],
    ['bytes as first element', parts.with(0, seed('dsm')), 'E_FORMAT FIL-1'],
    ['an element too few', parts.slice(0, 4), 'E_FORMAT FIL-1'],
    ['an element too many', [...parts, 0], 'E_FORMAT FIL-1'],
    ['an unknown kind', parts.with(2, 'letter'), 'E_FORMAT FIL-1'],
    ['a kind of every object', parts.with(2, 'toString'), 'E_FORMAT FIL-1'],
    ['the kind __proto__', parts.with(2, '__proto__'), 'E_FORMAT FIL-1'],
    ['a kind that is no text', parts.with(2, 1), 'E_FORMAT FIL-1'],
    ['content of another shape', parts.with(3, [7]), 'E_FORMAT ENC-3'],
    ['content of another kind', parts.with(3, [seed('a'), seed('b')]), 'E_FORMAT ENC-3'],
    ['items that are no list', parts.with(4, 0), 'E_FORMAT ENC-3'],
    ['version 0', parts.with(1, 0), 'E_VERSION FIL-1'],
    ['version 2', parts.with(1, 2), 'E_VERSION FIL-1'],
    ['a version that is a text', parts.with(1, '1'), 'E_VERSION FIL-1'],
    ['a version that is bytes', parts.with(1, new Uint8Array(100_000)), 'E_VERSION FIL-1'],
    ['a version of nested lists', parts.with(1, [[[[[[[[1]]]]]]]]), 'E_VERSION FIL-1'],
  ])('%s', (_, item, expected) => {
    expect(decode(item)).toBe(expected);
  });

  test('what a failure says is short, whatever it was about', () => {
    for (const hostile of [new Uint8Array(1_000_000), 'x'.repeat(1_000_000), [[[[[]]]]]] as Item[]) {
      for (let at = 0; at < 5; at++) {
        const failure = expectFailure(decodeFile(suite, encodeItem(parts.with(at, hostile))));
        expect(failure.message.length).toBeLessThan(200);
      }
    }
  });
});

describe('FIL-2: the verifier always answers', () => {
  test('whatever the bytes', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(100), new Uint8Array(100).fill(0x81), encodeItem('dsm')]) {
      expect(verifyFile(suite, network, bytes)).toMatchObject({ ok: false, kind: 'unknown' });
    }
  });

  /** Every place in an item, as a path of positions. */
  const places = (item: Item, path: readonly number[] = []): (readonly number[])[] =>
    Array.isArray(item)
      ? [path, ...(item as readonly Item[]).flatMap((entry, i) => places(entry, [...path, i]))]
      : [path];
  const exchanged = (item: Item, [at, ...rest]: readonly number[], by: Item): Item => {
    if (at === undefined) return by;
    const list = item as readonly Item[];
    return list.with(at, exchanged(nth(list, at), rest, by));
  };
  const items = files.map(({ file }) => expectOk(decodeItem(file.bytes)));
  const allPlaces = items.map((item) => places(item));
  const replacement: fc.Arbitrary<Item> = fc.oneof(
    fc.constantFrom<Item>(
      0,
      1,
      2,
      255,
      Number.MAX_SAFE_INTEGER,
      2n ** 64n,
      2n ** 128n,
      null,
      '',
      'x',
      [],
      [[]],
      [0, 0],
    ),
    fc.constantFrom<Item>(
      new Uint8Array(0),
      new Uint8Array(32),
      seed('x'),
      new Uint8Array(2_420),
      new Uint8Array(17_088),
    ),
    fc.nat(),
    fc.uint8Array({ maxLength: 40 }),
  );

  property.prop([fc.nat(), fc.nat(), replacement], { numRuns: 1_500 })(
    'any part exchanged for anything else: never accepted, never thrown',
    (which, where, by) => {
      const at = which % items.length;
      const places = nth(allPlaces, at);
      const bytes = encodeItem(exchanged(nth(items, at), nth(places, where % places.length), by));
      fc.pre(!equalBytes(bytes, nth(files, at).file.bytes));
      const found = verifyFile(suite, network, bytes);
      expect(found.ok, nth(files, at).name).toBe(false);
    },
  );

  property.prop([fc.nat(), fc.nat(), fc.nat(), fc.nat()], { numRuns: 800 })(
    'any part exchanged for a part of another file: never accepted, never thrown',
    (which, where, from, there) => {
      const [at, other] = [which % items.length, from % items.length];
      const [target, source] = [nth(allPlaces, at), nth(allPlaces, other)];
      const part = nth(source, there % source.length).reduce<Item>(
        (item, i) => nth(item as readonly Item[], i),
        nth(items, other),
      );
      const bytes = encodeItem(exchanged(nth(items, at), nth(target, where % target.length), part));
      // A file may turn into another one that is whole.
      fc.pre(!files.some(({ file }) => equalBytes(file.bytes, bytes)));
      const found = verifyFile(suite, network, bytes);
      expect(found.ok, `${nth(files, at).name} with a part of ${nth(files, other).name}`).toBe(false);
    },
  );
});

describe('FIL-3: a backup', () => {
  const content = nth(
    files.filter(({ file }) => file.kind === 'backup'),
    0,
  ).file.content as Backup;
  const verify = (changes: Partial<Backup>): string => {
    const found = verifyFile(suite, network, encodeFile(suite, 'backup', { ...content, ...changes }));
    return found.ok ? 'ok' : `${found.error.code} ${found.error.rule}`;
  };

  test('carries H("file", [network, account, timeMs, nonce, sealed]), so that every byte is checked without the key', () => {
    const { account, timeMs, nonce, sealed } = content;
    expect(content.digest).toEqual(hashItem(suite, 'file', [network.id, account, timeMs, nonce, sealed]));
    expect(verify({})).toBe('ok');
    expect(codeOf(verifyBackup(suite, content))).toBe('ok');
  });

  test.each<[string, Partial<Backup>]>([
    ['network', { network: seed('x') as Backup['network'] }],
    ['account', { account: seed('x') as Backup['account'] }],
    ['time', { timeMs: 8 }],
    ['nonce', { nonce: seed('y').slice(0, 24) }],
    ['sealed content', { sealed: seed('z') }],
    ['digest', { digest: seed('d') }],
  ])('with another %s is damaged', (_, changes) => {
    expect(verify(changes)).toBe('E_DAMAGED FIL-3');
  });

  test('of another network is refused', () => {
    const other = { ...content, network: seed('elsewhere') as Backup['network'] };
    expect(verify({ ...other, digest: backupDigest(suite, other) })).toBe('E_NETWORK NET-1');
  });

  test('has a nonce of 24 bytes and at least a tag', () => {
    const items = backupCodec.toItem(content) as readonly Item[];
    expect(codeOf(backupCodec.fromItem(items.with(3, new Uint8Array(23)), 'it'))).toBe('E_FORMAT ENC-3');
    expect(codeOf(backupCodec.fromItem(items.with(4, new Uint8Array(15)), 'it'))).toBe('E_FORMAT ENC-3');
  });
});

describe('RES-4: a claim file', () => {
  test('holds a claim: a release, a payment and a funding are none', () => {
    const own = makeDevice(net, 'payee of the claim file');
    const payer = makeFundedDevice(net, 'payer of the claim file', exchange.canteen, exchange.token, 5n);
    const reservation = fund(net, payer, own, exchange.token, 5n);
    const back = certifyStep(net, signRelease(net, reservation));
    for (const step of [back, reservation.funding]) {
      const file = encodeFile(suite, 'claim', { state: step.hash }, submissionOf(net, step).items);
      const found = verifyFile(suite, network, file);
      expect(found.ok ? 'ok' : `${found.error.code} ${found.error.rule}`).toBe('E_OPERATION RES-4');
    }
  });
});
