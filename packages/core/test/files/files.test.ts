import {
  decodeFile,
  decodeFileOf,
  decodeItem,
  encodeFile,
  encodeItem,
  equalBytes,
  itemNames,
  LIMITS,
  openNetwork,
  stateHash,
  verifyFile,
  type BundleItem,
  type FileKind,
  type Item,
  type Network,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { mint } from '../../../../tests/kit/index.ts';
import { namesOf, withItems } from '../support/exchange.ts';
import { makeFiles } from '../support/files.ts';
import { codeOf, expectOk, flipByte, nth, spread } from '../support/results.ts';

const { exchange, net, files } = makeFiles();
const { suite, network } = net;
const { id: _id, quorum: _quorum, ...description } = network;
const elsewhere: Network = expectOk(openNetwork(suite, { ...description, name: 'elsewhere' }));

const verdict = (bytes: Uint8Array, on: Network = network): string => {
  const found = verifyFile(suite, on, bytes);
  return found.ok ? 'ok' : `${found.error.code} ${found.error.rule}`;
};
/** True of the world and of no use to any file. */
const surplus = nth(mint(net, exchange.canteen, exchange.token, 1n).items, 1);

test('FIL-1: there is a file of every kind', () => {
  const kinds = new Set(files.map(({ file }) => file.kind));
  const all: readonly FileKind[] = [
    'card',
    'offer',
    'accept',
    'commit',
    'request',
    'ack',
    'claim',
    'chain',
    'evidence',
    'backup',
    'steps',
    'machine',
  ];
  expect([...kinds].toSorted()).toEqual(all.toSorted());
});

describe.each(files)('FIL-2: a file of kind $name', ({ file, findings, optional }) => {
  const { kind, bytes, items } = file;

  test('is verified with nothing but itself and the network', () => {
    expect(verifyFile(suite, network, bytes)).toEqual({ ok: true, kind, findings });
    expect(verifyFile(suite, network, bytes.slice())).toEqual(verifyFile(suite, network, bytes));
  });

  test('is read back and written as it was', () => {
    const decoded = expectOk(decodeFile(suite, bytes));
    expect(decoded.kind).toBe(kind);
    expect(encodeFile(suite, decoded.kind, decoded.content as never, decoded.items)).toEqual(bytes);
    expect(codeOf(decodeFileOf(suite, kind, bytes))).toBe('ok');
    expect(codeOf(decodeFileOf(suite, kind === 'card' ? 'ack' : 'card', bytes))).toBe('E_FORMAT FIL-1');
  });

  test('NET-1: is of no other network', () => {
    expect(verdict(bytes, elsewhere)).toMatch(/^E_NETWORK /);
  });

  test('ENC-1: truncated or with something behind it, it is refused', () => {
    for (const end of spread(bytes.length, 40))
      expect(verdict(bytes.slice(0, end)), `${end} bytes`).toBe('E_ENCODING ENC-1');
    for (const more of [0, 0x80, 0xf6, 0xff]) expect(verdict(Uint8Array.of(...bytes, more))).toBe('E_ENCODING ENC-1');
    expect(verdict(Uint8Array.of(...bytes, ...bytes))).toBe('E_ENCODING ENC-1');
  });

  test('every byte counts: with one changed it is never accepted', () => {
    for (const change of [0x01, 0x80]) {
      for (const at of spread(bytes.length, 80)) {
        expect(verdict(flipByte(bytes, at, change)), `byte ${at} of ${bytes.length}`).not.toBe('ok');
      }
    }
  });

  test('BND-2: every item is needed: without it the file is incomplete and names it', () => {
    const names = namesOf(net, items);
    for (const [at, item] of items.entries()) {
      const name = nth(names, at);
      if (optional.includes(name)) continue;
      const found = verifyFile(suite, network, withItems(net, file, items.toSpliced(at, 1)));
      const wanted = new Set([name, ...insteadOf(item, items)]);
      const missing = found.ok ? [] : (found.error.missing ?? []);
      expect(found.ok ? 'ok' : found.error.code, name).toBe('E_INCOMPLETE');
      expect(
        missing.some((one) => wanted.has(one)),
        `${name} among ${missing.join(', ')}`,
      ).toBe(true);
    }
  });

  test('what comes along as the sender likes is surplus as soon as nothing leads to it', () => {
    const names = namesOf(net, items);
    const without = (gone: (name: string) => boolean): string =>
      verdict(
        withItems(
          net,
          file,
          items.filter((_, i) => !gone(nth(names, i))),
        ),
      );
    expect(without((name) => optional.includes(name))).toBe('ok');
    for (const one of optional)
      expect(
        without((name) => name === one),
        one,
      ).toMatch(/^(ok|E_SURPLUS BND-3)$/);
  });

  test('BND-3: with something that nothing in it needs, or with anything twice, it is refused', () => {
    expect(verdict(withItems(net, file, [...items, surplus]))).toBe('E_SURPLUS BND-3');
    expect(verdict(withItems(net, file, [surplus, ...items]))).toBe('E_SURPLUS BND-3');
    for (const item of items) expect(verdict(withItems(net, file, [...items, item]))).toBe('E_SURPLUS BND-3');
  });

  test('BND-1: the order of its items says nothing', () => {
    expect(verdict(withItems(net, file, items.toReversed()))).toBe('ok');
  });

  test('FIL-1: relabelled, or with the items of another file, it is refused', () => {
    const parts = expectOk(decodeItem(bytes)) as readonly Item[];
    for (const { file: other } of files) {
      const theirs = expectOk(decodeItem(other.bytes)) as readonly Item[];
      const relabelled = encodeItem(parts.with(2, other.kind));
      const spliced = encodeItem(parts.with(4, nth(theirs, 4)));
      const same = encodeItem(parts);
      expect(other.kind === kind || verdict(relabelled) !== 'ok', other.kind).toBe(true);
      expect(equalBytes(spliced, same) || verdict(spliced) !== 'ok', other.kind).toBe(true);
    }
  });
});

/** Other names under which something is asked for. */
function insteadOf(item: BundleItem, items: readonly BundleItem[]): readonly string[] {
  if (item.type === 'body' && item.body.index === 0) return [itemNames.genesis(item.body.chain)];
  if (item.type !== 'certificate') return [];
  // Without its certificate a state belongs to the uncertified run (REL-14), and the one below is asked for.
  return items.flatMap((one) => {
    const isIt = one.type === 'body' && equalBytes(stateHash(suite, one.body), item.certificate.hash);
    return isIt ? [itemNames.body(one.body.prev)] : [];
  });
}

test('ENC-2: a file has at most 16 MiB', () => {
  expect(verdict(new Uint8Array(LIMITS.fileBytes + 1))).toBe('E_LIMIT ENC-2');
});

test('REL-18: a request becomes a commit by the signature of the payer alone', () => {
  const byName = (name: string) =>
    nth(
      files.filter((one) => one.name === name),
      0,
    ).file;
  const [request, commit] = [byName('request'), byName('reserved commit')];
  const signature = commit.items.filter((item) => !request.items.includes(item));
  expect(signature.map(({ type }) => type)).toEqual(['signature']);
  expect(verdict(encodeFile(suite, 'commit', commit.content as never, [...request.items, ...signature]))).toBe('ok');
  expect(verdict(encodeFile(suite, 'commit', commit.content as never, request.items))).toBe('E_INCOMPLETE BND-2');
  expect(verdict(encodeFile(suite, 'request', request.content as never, commit.items))).toBe('E_SURPLUS BND-3');
});
