import {
  decodeWith,
  encodeWith,
  isWindowOpen,
  nameOf,
  stateHash,
  submissionCodec,
  verifySubmission,
  type BundleItem,
  type Submission,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyStep,
  contextOf,
  copyDevice,
  createToken,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  makeReceipt,
  mint,
  payOffline,
  receive,
  seed,
  signClaim,
  signTransfer,
  strictContext,
  submissionOf,
  transfer,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, expectOk, flipByte, spread } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');

const reservation = fund(net, alice, bob, token, 500n);
const half = makeHalf(net, alice, bob);
const offline = payOffline(net, half, reservation, 100n);
const debit = transfer(net, alice, bob.account, token, 250n);
const unpaid = signTransfer(net, copyDevice(alice), bob.account, token, 1n);
const steps: readonly (readonly [string, TestStep])[] = [
  ['a transfer', unpaid],
  ['a credit', receive(net, bob, debit)],
  ['a mint', mint(net, canteen, token, 1n)],
  ['a claim', signClaim(net, reservation, half)],
];

describe.each(steps)('NET-10: %s', (_, step) => {
  const submission = submissionOf(net, step);

  test('is verified from its submission alone', () => {
    const encoded = encodeWith(submissionCodec(suite), submission);
    const { state, items } = expectOk(decodeWith(submissionCodec(suite), encoded, 'submission'));
    expect(expectOk(verifySubmission(strictContext(net, items), state)).hash).toEqual(step.hash);
  });

  test('every item is needed, and asked for by name', () => {
    for (const item of submission.items) {
      const name = nameOf(suite, item);
      const rest = submission.items.filter((one) => one !== item);
      const { code, missing } = expectFailure(verifySubmission(strictContext(net, rest), step.hash));
      expect(code, name).toBe('E_INCOMPLETE');
      expect(missing).toEqual([
        item.type === 'body' && item.body.index === 0 && missing?.[0]?.startsWith('genesis')
          ? `genesis ${Buffer.from(item.body.chain).toString('hex')}`
          : name,
      ]);
    }
  });

  test('truncated, longer or with one byte changed it is refused or another submission', () => {
    const encoded = encodeWith(submissionCodec(suite), submission);
    const verdict = (bytes: Uint8Array): string => {
      const decoded = decodeWith(submissionCodec(suite), bytes, 'submission');
      if (!decoded.ok) return codeOf(decoded);
      return codeOf(verifySubmission(strictContext(net, decoded.value.items), decoded.value.state));
    };
    expect(verdict(encoded)).toBe('ok');
    expect(verdict(encoded.slice(0, -1))).toBe('E_ENCODING ENC-1');
    expect(verdict(Uint8Array.of(...encoded, 0))).toBe('E_ENCODING ENC-1');
    for (const at of spread(encoded.length - 1, 120))
      expect(verdict(flipByte(encoded, at)), `byte ${at}`).not.toBe('ok');
  });
});

describe('NET-3: what is certified', () => {
  const refusal = (items: readonly BundleItem[], state: Submission['state']): string =>
    codeOf(verifySubmission(contextOf(net, items), state));

  test('accounts and vaults, above their genesis', () => {
    const genesis = [...net.items.values()].find((item) => item.type === 'body' && item.body.index === 0);
    if (genesis?.type !== 'body') throw new Error('no genesis');
    expect(refusal([], stateHash(suite, genesis.body))).toBe('E_OPERATION NET-3');
    expect(refusal(offline.items, offline.hash)).toBe('E_CHAIN NET-3');
    const later = payOffline(net, half, reservation, 1n);
    expect(later.body.index).toBe(2);
    expect(refusal(later.items, later.hash)).toBe('E_CHAIN NET-3');
    expect(refusal([], seed('nothing') as Submission['state'])).toBe('E_INCOMPLETE BND-2');
  });

  test('above a final parent only', () => {
    const device = makeFundedDevice(net, 'dave', canteen, token, 10n);
    const first = signTransfer(net, device, bob.account, token, 1n);
    const second = signTransfer(net, device, bob.account, token, 1n);
    expect(refusal(first.items, first.hash)).toBe('ok');
    expect(refusal(second.items, second.hash)).toBe('E_INCOMPLETE BND-2');
    certifyStep(net, first);
    expect(refusal(second.items, second.hash)).toBe('ok');
  });

  test('not above a state that lost its place', () => {
    const device = makeFundedDevice(net, 'erin', canteen, token, 10n);
    const rival = copyDevice(device);
    const lost = signTransfer(net, device, bob.account, token, 1n);
    const above = signTransfer(net, device, bob.account, token, 1n);
    transfer(net, rival, bob.account, token, 2n);
    expect(refusal([...lost.items, ...above.items], above.hash)).toBe('E_CONFLICT NET-8');
  });
});

describe('NET-11: a node votes while its clock is within [from - Δ, until + Δ]', () => {
  const window = { from: 1_000_000, until: 2_000_000 };
  const { deltaMs } = network;

  test.each([
    [window.from - deltaMs - 1, false],
    [window.from - deltaMs, true],
    [window.from, true],
    [window.until, true],
    [window.until + deltaMs, true],
    [window.until + deltaMs + 1, false],
  ])('at %s: %s', (nowMs, open) => {
    expect(isWindowOpen(network, window, nowMs)).toBe(open);
  });
});

test('NET-10: votes that waive the clock come along', () => {
  const vote = {
    form: 'votes',
    chain: unpaid.body.chain,
    index: unpaid.body.index,
    round: 0,
    hash: unpaid.hash,
  } as const;
  const submission = { ...submissionOf(net, unpaid), votes: [makeReceipt(net, 0, vote)] };
  const decoded = expectOk(decodeWith(submissionCodec(suite), encodeWith(submissionCodec(suite), submission), 'it'));
  expect(decoded.votes).toEqual(submission.votes);
  const many = { ...submission, votes: Array.from({ length: 65 }, () => submission.votes[0]) } as Submission;
  expect(codeOf(decodeWith(submissionCodec(suite), encodeWith(submissionCodec(suite), many), 'it'))).toBe(
    'E_LIMIT ENC-2',
  );
});
