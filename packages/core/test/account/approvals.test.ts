import {
  encodeFile,
  isApprovable,
  issueDigest,
  issueMessage,
  LIMITS,
  policyCodec,
  verifyFile,
  type BundleItem,
  type TokenPolicy,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyStep,
  createToken,
  makeDevice,
  makeKey,
  makeNetwork,
  makePolicy,
  signAccount,
  signItem,
  windowNow,
  type Device,
} from '../../../../tests/kit/index.ts';
import { codeOf, nth } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const canteen = makeDevice(net, 'canteen');
const keys = ['ann', 'ben', 'cleo'].map((name) => makeKey(name));
const approvers = keys.map(({ publicKey }) => publicKey);
const { token, policy, item } = createToken(net, canteen, { approvers, threshold: 2 });

/** The approval of the approver at this position, for the total, by whatever key. */
const approve = (position: number, minted: bigint, key = nth(keys, position)): BundleItem => ({
  ...(signItem(
    net,
    key,
    'issue',
    issueDigest(suite, token, minted),
    issueMessage(net, policy, token, minted),
  ) as Extract<BundleItem, { type: 'signature' }>),
  position,
});

let copies = 0;
/** The issuer mints on a copy of its account with these approvals at hand. */
function mint(amount: bigint, approvals: readonly BundleItem[], device: Device = { ...canteen }): string {
  copies += 1;
  const own = { ...device, tip: canteen.tip, tree: canteen.tree };
  try {
    signAccount(net, own, { type: 'mint', window: windowNow(net), token, amount }, approvals);
    return 'ok';
  } catch (thrown) {
    return String(thrown).replace(/^Error: (\w+) \(([A-Z]+-\d+)\).*$/s, '$1 $2');
  }
}

describe('VAL-11: a token that several issue', () => {
  test('is minted once enough approvers have signed the total', () => {
    expect(mint(500n, [approve(0, 500n), approve(2, 500n)])).toBe('ok');
  });

  test.each<[string, () => readonly BundleItem[], string]>([
    ['nobody', () => [], 'E_INCOMPLETE BND-2'],
    ['one of two', () => [approve(1, 600n)], 'E_INCOMPLETE BND-2'],
    ['two for another total', () => [approve(0, 599n), approve(1, 599n)], 'E_INCOMPLETE BND-2'],
    ['one that somebody else signed', () => [approve(0, 600n, makeKey('eve')), approve(1, 600n)], 'E_SIGNATURE VAL-11'],
    ['one key twice', () => [approve(0, 600n), approve(1, 600n, keys[0])], 'E_SIGNATURE VAL-11'],
  ])('is not minted if %s approved', (_, approvals, code) => {
    // What a network of the kit has seen it remembers: another total than any that was approved.
    expect(mint(600n, approvals())).toBe(code);
  });

  test('an approval of a total that is minted already mints nothing more', () => {
    const both = [approve(0, 700n), approve(1, 700n)];
    const step = signAccount(net, canteen, { type: 'mint', window: windowNow(net), token, amount: 700n }, both);
    certifyStep(net, step);
    expect(mint(700n, both)).toBe('E_INCOMPLETE BND-2');
    expect(mint(100n, [approve(0, 800n), approve(1, 800n)])).toBe('ok');
  });

  test.each<[string, Partial<TokenPolicy>]>([
    ['a threshold above the number of approvers', { approvers, threshold: 4 }],
    ['approvers and no threshold', { approvers, threshold: 0 }],
    ['a threshold and no approvers', { approvers: [], threshold: 1 }],
    ['an approver twice', { approvers: [nth(approvers, 0), nth(approvers, 0)], threshold: 1 }],
  ])('%s is no policy', (_, changes) => {
    const made = makePolicy(net, canteen, { symbol: 'ODD', ...changes });
    expect(isApprovable(made.policy)).toBe(false);
    const own = { ...canteen };
    const create = () => signAccount(net, own, { type: 'createToken', window: windowNow(net), policy: made.policy });
    expect(create).toThrow('E_TOKEN (VAL-11)');
  });

  test(`at most ${LIMITS.approvers} approvers`, () => {
    const many = Array.from({ length: LIMITS.approvers + 1 }, (_, i) => makeKey(`key ${i}`).publicKey);
    const wide = policyCodec.toItem({ ...policy, approvers: many, threshold: 1 });
    expect(codeOf(policyCodec.fromItem(wide, 'policy'))).toBe('E_LIMIT ENC-2');
  });
});

describe('VAL-11: the file that goes from approver to approver', () => {
  const verdict = (minted: bigint, items: readonly BundleItem[], of = token): string => {
    const found = verifyFile(suite, network, encodeFile(suite, 'issue', { token: of, minted }, items));
    return found.ok ? found.kind : `${found.error.code} ${found.error.rule}`;
  };

  test('carries the policy and the approvals so far', () => {
    expect(verdict(900n, [item])).toBe('issue');
    expect(verdict(900n, [item, approve(1, 900n)])).toBe('issue');
    expect(verdict(900n, [item, approve(1, 900n), approve(2, 900n)])).toBe('issue');
  });

  test.each<[string, bigint, () => readonly BundleItem[], string]>([
    ['no policy', 900n, () => [], 'E_INCOMPLETE BND-2'],
    ['an approval of another total', 900n, () => [item, approve(1, 901n)], 'E_SURPLUS BND-3'],
    ['a false approval', 900n, () => [item, approve(1, 900n, keys[0])], 'E_SIGNATURE VAL-11'],
    ['more approvals than needed', 900n, () => [item, ...[0, 1, 2].map((i) => approve(i, 900n))], 'E_SURPLUS BND-3'],
    ['more than the cap', policy.cap + 1n, () => [item], 'E_CAP VAL-5'],
    ['nothing', 0n, () => [item], 'E_CAP VAL-5'],
  ])('%s is refused', (_, minted, items, code) => {
    expect(verdict(minted, items())).toBe(code);
  });

  test('a token that its issuer mints alone asks for nothing', () => {
    const alone = makePolicy(net, canteen, { symbol: 'ALONE' });
    expect(verdict(1n, [alone.item], alone.token)).toBe('E_TOKEN VAL-11');
  });
});
