import {
  amount,
  balanceLeaf,
  draftTransition,
  hashOperation,
  nameOf,
  pruneTree,
  signMessage,
  stateHash,
  stateMessage,
  TERMS_LEAF,
  accountTermsCodec,
  verifyDraft,
  verifyTransition,
  type Body,
  type BundleItem,
  type KeyPair,
  type Leaves,
  type Purpose,
  type SignedMessage,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  contextOf,
  createToken,
  forgeStep,
  fundOperation,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makePolicy,
  seed,
  signAccount,
  signItem,
  signTransfer,
  strictContext,
  submissionOf,
  windowNow,
  type Forgery,
} from '../../../../tests/kit/index.ts';
import { bodyMutations } from '../support/chains.ts';
import { codeOf, expectFailure, expectOk, flipByte, spread } from '../support/results.ts';

const net = makeNetwork();
const { suite } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
/** Alice before she pays. */
const before = { ...alice };
const step = signTransfer(net, alice, bob.account, token, 250n);

const verify = (body: Body, own: readonly BundleItem[]): string => codeOf(verifyTransition(contextOf(net, own), body));

/** Everything that the step needs, with one item exchanged. */
const replacing = (type: BundleItem['type'], by: BundleItem): readonly BundleItem[] => [
  ...step.items.filter((item) => item.type !== type || (item.type === 'body' && item.body !== step.body)),
  by,
];

describe('CHN-11: V(H, S_n, S_{n+1}, σ)', () => {
  test('accepts the one successor and answers what it does', () => {
    const found = expectOk(verifyTransition(contextOf(net, step.items), step.body));
    expect(found.hash).toEqual(step.hash);
    expect(found.parent).toEqual(before.tip);
    expect(found.outputs).toEqual([{ to: bob.account, token, amount: 250n }]);
  });

  test.each(bodyMutations(step.body))('a changed %s is refused, although its writer signed it', (_, body) => {
    const hash = stateHash(suite, body);
    const signed = signItem(net, alice.key, 'state', hash, stateMessage(net, body.chain, body.index, hash));
    const found = verify(body, [...replacing('body', { type: 'body', body }), signed]);
    expect(found).toMatch(/^E_(LINK|NETWORK|CHAIN|INCOMPLETE|OPERATION) /);
  });

  test.each<[keyof Body, string]>([
    ['root', 'E_LINK CHN-11'],
    ['window', 'E_LINK CHN-11'],
    ['skip', 'E_LINK CHN-11'],
    ['entropy', 'E_LINK CHN-5'],
    ['precommit', 'E_LINK CHN-6'],
    ['index', 'E_LINK CHN-3'],
    ['network', 'E_NETWORK NET-1'],
    ['kind', 'E_CHAIN CHN-3'],
    ['chain', 'E_CHAIN CHN-3'],
    ['prev', 'E_INCOMPLETE BND-2'],
  ])('a changed %s is %s', (field, expected) => {
    const body = new Map(bodyMutations(step.body)).get(field) as Body;
    expect(verify(body, replacing('body', { type: 'body', body }))).toBe(expected);
  });

  test('every item that it needs is asked for by name when it is missing', () => {
    const { items } = submissionOf(net, step);
    const needed = items.filter(
      (item) =>
        !['ok'].includes(
          codeOf(
            verifyTransition(
              strictContext(
                net,
                items.filter((one) => one !== item),
              ),
              step.body,
            ),
          ),
        ),
    );
    expect(needed.map(({ type }) => type).toSorted()).toEqual(['body', 'operation', 'policy', 'signature', 'witness']);
    for (const item of needed) {
      const rest = strictContext(
        net,
        items.filter((one) => one !== item),
      );
      const { code, missing } = expectFailure(verifyTransition(rest, step.body));
      expect(code).toBe('E_INCOMPLETE');
      expect(missing).toEqual([nameOf(suite, item)]);
    }
  });
});

/** What the rules would write for a transfer of 250. */
const honest = (leaves: Leaves): void => {
  expectOk(leaves.read([...TERMS_LEAF.account], accountTermsCodec));
  expectOk(leaves.write(balanceLeaf(token), amount, 9_750n));
};
const { operation } = step;

function forge(forgery: Partial<Forgery>, key: KeyPair = alice.key): string {
  const forged = forgeStep(net, before, key, { operation, edit: honest, ...forgery });
  return verify(forged.body, forged.items);
}

describe('CHN-11: forged, and correctly signed', () => {
  test('the forgery without a flaw is the state itself', () => {
    expect(forge({})).toBe('ok');
  });

  test('a root in which the balance is another', () => {
    const edit = (leaves: Leaves): void => {
      honest(leaves);
      expectOk(leaves.write(balanceLeaf(token), amount, 9_751n));
    };
    expect(forge({ edit })).toBe('E_LINK CHN-11');
  });

  test('a root with a leaf that the operation does not write', () => {
    const edit = (leaves: Leaves): void => {
      honest(leaves);
      expectOk(leaves.write(['gift'], amount, 1n));
    };
    expect(forge({ edit })).toBe('E_LINK CHN-11');
  });

  test('a witness that shows more than is needed', () => {
    expect(forge({ witness: (tree) => tree })).toBe('E_SURPLUS CHN-10');
  });

  test('a witness that does not cover what the operation touches', () => {
    expect(forge({ witness: (tree) => pruneTree(tree, []) })).toBe('E_WITNESS CHN-10');
  });

  test('another checkpoint interval than the chain has', () => {
    expect(forge({ k: 1 })).toBe('E_LINK CHN-11');
  });

  test('CHN-2: an operation of another kind of chain', () => {
    const { terms } = fundOperation(net, before, bob, token, 1n);
    const claim = { type: 'claim', window: windowNow(net), to: bob.account, token, amount: 1n, total: 1n } as const;
    expect(forge({ operation: { kind: 'vault', operation: claim } })).toBe('E_OPERATION CHN-2');
    expect(forge({ operation: { kind: 'vault', operation: terms } })).toBe('E_OPERATION CHN-2');
  });

  test('CHN-2: nor does the owner draft one', () => {
    const half = { kind: 'half', operation: { type: 'pay' } } as never;
    expect(codeOf(draftTransition(contextOf(net), before.tip, half, before.tree))).toBe('E_OPERATION CHN-2');
  });

  test('CHN-4: a genesis in the middle of a chain', () => {
    const first = [...net.items.values()].find(
      (item) =>
        item.type === 'operation' && item.operation.kind === 'account' && item.operation.operation.type === 'genesis',
    ) as Extract<BundleItem, { type: 'operation' }>;
    expect(forge({ operation: first.operation })).toBe('E_OPERATION CHN-4');
  });

  test('CHN-7: a window that ends before it begins', () => {
    const window = { from: net.nowMs, until: net.nowMs - 1 };
    const backwards = { ...operation, operation: { ...operation.operation, window } } as typeof operation;
    expect(forge({ operation: backwards })).toBe('E_WINDOW CHN-7');
  });

  test('the window of the body is that of its operation', () => {
    expect(forge({ body: { window: { from: 0, until: Number.MAX_SAFE_INTEGER } } })).toBe('E_LINK CHN-11');
  });
});

describe('CHN-12: who signs', () => {
  const message = stateMessage(net, step.body.chain, step.body.index, step.hash);
  const good = signMessage(suite, alice.key.secretKey, 'state', message);
  const signed = (signature: Uint8Array): string =>
    verify(
      step.body,
      replacing('signature', { type: 'signature', purpose: 'state', subject: step.hash, position: 0, signature }),
    );
  const by = (key: KeyPair, purpose: Purpose, changes: Partial<SignedMessage> = {}): string =>
    signed(signMessage(suite, key.secretKey, purpose, { ...message, ...changes }));

  test('the key in force at the parent', () => {
    expect(signed(good)).toBe('ok');
    expect(by(alice.key, 'state')).toBe('ok');
    expect(by(bob.key, 'state')).toBe('E_SIGNATURE CHN-12');
    expect(by(alice.controller, 'state')).toBe('E_SIGNATURE CHN-12');
  });

  test.each<Purpose>(['claim', 'genesis', 'rotation', 'ack', 'head'])(
    'ENC-7: a signature for %s is none for a state',
    (purpose) => {
      expect(by(alice.key, purpose)).toBe('E_SIGNATURE CHN-12');
    },
  );

  test.each<[string, Partial<SignedMessage>]>([
    ['another network', { network: seed('other') as SignedMessage['network'] }],
    ['another chain', { chain: bob.account }],
    ['a run that begins earlier', { from: message.from - 1 }],
    ['a run that ends later', { to: message.to + 1 }],
    ['another place', { from: message.from + 1, to: message.to + 1 }],
    ['another state', { hash: stateHash(suite, before.tip) }],
    ['the pre-commitment', { hash: step.body.precommit }],
  ])('ENC-7: a signature over %s is none over this state', (_, changes) => {
    expect(by(alice.key, 'state', changes)).toBe('E_SIGNATURE CHN-12');
  });

  test('changed, truncated, longer or missing', () => {
    for (const at of spread(good.length, 40))
      expect(signed(flipByte(good, at)), `byte ${at}`).toBe('E_SIGNATURE CHN-12');
    expect(signed(good.slice(1))).toBe('E_SIGNATURE CHN-12');
    expect(signed(Uint8Array.of(...good, 0))).toBe('E_SIGNATURE CHN-12');
    expect(signed(new Uint8Array(0))).toBe('E_SIGNATURE CHN-12');
    const { items } = submissionOf(net, step);
    const without = strictContext(
      net,
      items.filter(({ type }) => type !== 'signature'),
    );
    expect(codeOf(verifyTransition(without, step.body))).toBe('E_INCOMPLETE BND-2');
    expect(codeOf(verifyDraft(without, step.body))).toBe('ok');
  });

  test('a signature of SLH-DSA counts as well as one of ML-DSA', () => {
    const slow = makeDevice(net, 'slow', { algorithm: 'slh-dsa-sha2-128f' });
    const created = signAccount(net, slow, {
      type: 'createToken',
      window: windowNow(net),
      policy: makePolicy(net, slow, { symbol: 'SLOW' }).policy,
    });
    expect(verify(created.body, created.items)).toBe('ok');
    const message = stateMessage(net, created.body.chain, created.body.index, created.hash);
    const other = signItem(net, alice.key, 'state', created.hash, message);
    expect(verify(created.body, [...created.items, other])).toBe('E_SIGNATURE CHN-12');
  });
});

describe('IDN-4: an identity has no further operation', () => {
  test('whatever it would be', () => {
    const identity = net.items.get(`genesis ${Buffer.from(alice.identity).toString('hex')}`) as Extract<
      BundleItem,
      { type: 'body' }
    >;
    const rotate = { kind: 'identity', operation: { type: 'rotate', window: windowNow(net) } } as never;
    expect(codeOf(draftTransition(contextOf(net), identity.body, rotate, null))).toBe('E_OPERATION IDN-4');
  });
});

test('CHN-6: the operation of a state is found by its hash and by nothing else', () => {
  expect(step.body.op).toEqual(hashOperation(suite, step.operation));
  const other = {
    ...step.operation,
    operation: { ...step.operation.operation, amount: 251n },
  } as typeof step.operation;
  const items = step.items.map((item): BundleItem =>
    item.type === 'operation' ? { type: 'operation', operation: other } : item,
  );
  expect(codeOf(verifyTransition(strictContext(net, items), step.body))).toBe('E_INCOMPLETE BND-2');
});
