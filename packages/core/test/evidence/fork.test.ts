import {
  areDisjoint,
  forkCodec,
  forkId,
  hashItem,
  itemNames,
  keyId,
  makeVoid,
  orderFork,
  stateHash,
  verifyFork,
  type Body,
  type BundleItem,
  type ChainId,
  type Fork,
  type Item,
  type NetworkId,
  type StateHash,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  claim,
  contextOf,
  copyDevice,
  HOUR_MS,
  makeDevice,
  payOffline,
  release,
  remember,
  seed,
  signAccount,
  signItem,
  signTransfer,
  windowNow,
  type Device,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { bodyMutations } from '../support/chains.ts';
import { accept, bundleContext, copyHalf, findItem, makeExchange, pay } from '../support/exchange.ts';
import { codeOf, expectFailure, expectOk, flipByte, nth, spread } from '../support/results.ts';

const exchange = makeExchange();
const { net, alice, bob, token, payer, reservation } = exchange;
const { suite, network } = net;

/** Alice, as her home was copied. */
const home = copyDevice(alice);
const steps = (device: Device, amounts: readonly bigint[]): readonly TestStep[] =>
  amounts.map((value) => signTransfer(net, device, bob.account, token, value));
const original = steps(copyDevice(home), [90n, 1n, 2n]);
const copy = steps(copyDevice(home), [80n, 3n, 4n]);
const place = home.tip.index + 1;

const forkOf = (a: TestStep, b: TestStep, index = place): Fork => orderFork(a.body.chain, index, a.hash, b.hash);
const verify = (fork: Fork, own: readonly BundleItem[] = []): string => codeOf(verifyFork(contextOf(net, own), fork));
const fork = forkOf(nth(original, 0), nth(copy, 0));

/** Genesis and its operation, tips and signatures, and the bodies down to the fork: nothing else. */
function minimal(first: readonly TestStep[], second: readonly TestStep[]): readonly BundleItem[] {
  const find = (name: string): BundleItem => findItem(net, name);
  const chain = nth(first, 0).body.chain;
  const genesis = find(itemNames.genesis(chain)) as Extract<BundleItem, { type: 'body' }>;
  const tips = [first, second].map((branch) => nth(branch, branch.length - 1).hash);
  return [
    genesis,
    find(itemNames.operation(genesis.body.op)),
    ...[...first, ...second].map(({ body }): BundleItem => ({ type: 'body', body })),
    ...tips.map((tip) => find(itemNames.signature('state', tip, 0))),
  ];
}

describe('EVD-1: two tips of one key that lead to different bodies at one index', () => {
  test('prove a fork of that key', () => {
    const accusation = expectOk(verifyFork(contextOf(net), fork));
    expect(accusation).toMatchObject({ chain: alice.account, index: place, key: alice.key.publicKey });
    expect(accusation.device).toEqual(keyId(suite, alice.key.publicKey));
    expect(accusation.id).toEqual(hashItem(suite, 'evidence', [alice.account, place]));
  });

  test('with nothing but the genesis, the tips and the bodies between: no operation, no witness', () => {
    const items = minimal(original.slice(0, 1), copy.slice(0, 1));
    expect(items).toHaveLength(6);
    expect(codeOf(verifyFork(bundleContext(net, items), fork))).toBe('ok');
  });

  test('of which every one is needed and asked for by name', () => {
    const long = forkOf(nth(original, 2), nth(copy, 1));
    const items = minimal(original, copy.slice(0, 2));
    expect(codeOf(verifyFork(bundleContext(net, items), long))).toBe('ok');
    for (const item of items) {
      const rest = items.filter((one) => one !== item);
      expect(expectFailure(verifyFork(bundleContext(net, rest), long)).code).toBe('E_INCOMPLETE');
    }
  });

  test.each([
    [0, 1],
    [1, 0],
    [2, 2],
    [1, 2],
  ])('the fork may lie below tips %s and %s states further up: link bodies lead down to it', (up, down) => {
    const tips = [nth(original, up), nth(copy, down)] as const;
    expect(verify(forkOf(...tips))).toBe('ok');
    const items = minimal(original.slice(0, up + 1), copy.slice(0, down + 1));
    expect(codeOf(verifyFork(bundleContext(net, items), forkOf(...tips)))).toBe('ok');
  });

  test('one fork has one id, whatever tips are shown', () => {
    const ids = [fork, forkOf(nth(original, 2), nth(copy, 1))].map((one) =>
      expectOk(verifyFork(contextOf(net), one)).id.join(),
    );
    expect(new Set(ids).size).toBe(1);
    expect(forkId(suite, fork).join()).toBe(ids[0]);
  });

  test('the smaller hash comes first, and no tip is a fork with itself', () => {
    expect(orderFork(fork.chain, place, fork.second, fork.first)).toEqual(fork);
    expect(verify({ ...fork, first: fork.second, second: fork.first })).toBe('E_ENCODING EVD-1');
    expect(verify({ ...fork, second: fork.first })).toBe('E_ENCODING EVD-1');
  });

  test('a half forks as an account does', () => {
    const twin = { ...exchange, payer: copyHalf(payer) };
    const [one, other] = [pay({ ...exchange, payer: copyHalf(payer) }, 10n), pay(twin, 20n)];
    const accusation = expectOk(verifyFork(contextOf(net), forkOf(one, other, 1)));
    expect(accusation.key).toEqual(alice.key.publicKey);
  });

  test('the halves of a payee too: two accepts at one place', () => {
    const payment = pay({ ...exchange, payer: copyHalf(payer) }, 10n);
    const accepts = ['a', 'b'].map((salt) =>
      accept({ ...exchange, payee: copyHalf(exchange.payee) }, payment, { salt: seed(salt).slice(0, 16) }),
    );
    expect(verify(forkOf(nth(accepts, 0), nth(accepts, 1), 1))).toBe('ok');
  });
});

describe('EVD-1: no evidence', () => {
  test('a vault has several writers: two claims, a claim and a release are no fork', () => {
    const half = copyHalf(payer);
    const other = { ...reservation };
    payOffline(net, half, reservation, 5n);
    const first = claim(net, { ...reservation }, half);
    payOffline(net, half, reservation, 5n);
    const second = claim(net, { ...reservation }, half);
    const back = release(net, other);
    expect(verify(forkOf(first, second, 1))).toBe('E_CHAIN EVD-1');
    expect(verify(forkOf(first, back, 1))).toBe('E_CHAIN EVD-1');
  });

  test('an identity has no states to fork', () => {
    expect(verify({ ...fork, chain: alice.identity })).toBe('E_CHAIN EVD-1');
  });

  test('states of another chain, or of two chains', () => {
    expect(verify({ ...fork, chain: bob.account })).toBe('E_CHAIN EVD-1');
    const stranger = makeDevice(net, 'stranger');
    expect(verify({ ...fork, chain: stranger.account })).toBe('E_CHAIN EVD-1');
    expect(expectFailure(verifyFork(contextOf(net), { ...fork, chain: seed('none') as ChainId })).missing).toEqual([
      itemNames.genesis(seed('none') as ChainId),
    ]);
  });

  test('a place above a tip, at the genesis, or further below than a signature may reach', () => {
    expect(verify({ ...fork, index: place + 1 })).toBe('E_LINK EVD-1');
    expect(verify({ ...fork, index: 0 })).toBe('E_LINK EVD-1');
    const high = { ...nth(original, 0).body, index: place + 4_096 };
    const signed = resigned(high);
    expect(verify(orderFork(fork.chain, place, signed.hash, nth(copy, 0).hash), signed.items)).toBe('E_LIMIT EVD-1');
  });

  test('EVD-2: tips that lead to one and the same body', () => {
    const below = orderFork(alice.account, place, nth(original, 1).hash, nth(original, 2).hash);
    expect(verify(below)).toBe('E_MISMATCH EVD-2');
  });

  test('EVD-2: a place above the one where the chain forked, or below it', () => {
    expect(verify(forkOf(nth(original, 1), nth(copy, 1), place + 1))).toBe('E_LINK EVD-2');
    expect(verify(forkOf(nth(original, 0), nth(copy, 0), place - 1))).toBe('E_MISMATCH EVD-2');
  });

  test('a tip that the writer did not sign', () => {
    const { body, hash } = nth(original, 0);
    const message = { network: network.id, chain: body.chain, from: body.index, to: body.index, hash };
    for (const key of [bob.key, alice.controller]) {
      expect(verify(fork, [signItem(net, key, 'state', hash, message)])).toBe('E_SIGNATURE EVD-1');
    }
    for (const change of [
      { from: 0 },
      { to: body.index + 1 },
      { chain: bob.account },
      { network: seed('x') as NetworkId },
    ]) {
      expect(verify(fork, [signItem(net, alice.key, 'state', hash, { ...message, ...change })])).toBe(
        'E_SIGNATURE EVD-1',
      );
    }
    const good = net.items.get(itemNames.signature('state', hash, 0)) as Extract<BundleItem, { type: 'signature' }>;
    for (const at of spread(good.signature.length, 20)) {
      expect(verify(fork, [{ ...good, signature: flipByte(good.signature, at) }])).toBe('E_SIGNATURE EVD-1');
    }
  });

  test('an ack of the same state is no signature of it', () => {
    const { body, hash } = nth(original, 0);
    const message = { network: network.id, chain: body.chain, from: body.index, to: body.index, hash };
    const ack = signItem(net, alice.key, 'ack', hash, message) as Extract<BundleItem, { type: 'signature' }>;
    expect(verify(fork, [{ ...ack, purpose: 'state' }])).toBe('E_SIGNATURE EVD-1');
  });

  test('EVD-1: bodies that were shown without a signature over any of their tips', () => {
    for (const [field, body] of bodyMutations(nth(original, 0).body)) {
      const hash = stateHash(suite, body);
      const unsigned: BundleItem[] = [{ type: 'body', body }];
      const found = verify(orderFork(alice.account, place, hash, nth(copy, 0).hash), unsigned);
      expect(found, field).toBe('E_INCOMPLETE BND-2');
    }
  });

  test('a tip of another network', () => {
    const elsewhere = resigned({ ...nth(original, 0).body, network: seed('elsewhere') as NetworkId });
    expect(verify(orderFork(fork.chain, place, elsewhere.hash, nth(copy, 0).hash), elsewhere.items)).toBe(
      'E_NETWORK EVD-1',
    );
    const { network: own } = net;
    const context = { ...contextOf(net), network: { ...own, id: seed('elsewhere') as NetworkId } };
    expect(codeOf(verifyFork(context, fork))).toBe('E_NETWORK NET-1');
  });

  test('links that do not lead down to the place', () => {
    const top = nth(original, 1).body;
    const jump = resigned({ ...top, prev: stateHash(suite, home.tip) });
    expect(verify(orderFork(fork.chain, place, jump.hash, nth(copy, 0).hash), jump.items)).toBe('E_LINK EVD-1');
    const across = resigned({ ...top, prev: stateHash(suite, payer.tip), index: 1 });
    expect(verify(orderFork(fork.chain, place, across.hash, nth(copy, 0).hash), across.items)).toBe('E_LINK EVD-1');
  });
});

/** A body that Alice signed, whatever it says. */
function resigned(body: Body): { readonly hash: StateHash; readonly items: readonly BundleItem[] } {
  const hash = stateHash(suite, body);
  const message = { network: network.id, chain: body.chain, from: body.index, to: body.index, hash };
  return { hash, items: [{ type: 'body', body }, signItem(net, alice.key, 'state', hash, message)] };
}

describe('EVD-3: a restored state that waited until no older one can be final is no fork', () => {
  const at = (from: number, until: number) => ({ from, until });

  test.each<[ReturnType<typeof at>, ReturnType<typeof at>, boolean]>([
    [at(0, 100), at(0, 100), false],
    [at(0, 100), at(100, 200), false],
    [at(0, 100), at(101, 200), false],
    [at(0, 100), at(150, 200), false],
    [at(0, 100), at(151, 200), true],
    [at(151, 200), at(0, 100), true],
    [at(0, 500), at(100, 200), false],
  ])('%o and %o with a gap of 50: %s', (a, b, expected) => {
    expect(areDisjoint(a, b, 50)).toBe(expected);
    expect(areDisjoint(b, a, 50)).toBe(expected);
  });

  const later = (delayMs: number, sign: (device: Device) => TestStep): TestStep => {
    const device = copyDevice(home);
    const before = net.nowMs;
    net.nowMs += HOUR_MS + delayMs;
    const step = sign(device);
    net.nowMs = before;
    return step;
  };
  const restore = (device: Device): TestStep => signAccount(net, device, { type: 'restored', window: windowNow(net) });

  test('a restored state that begins after the gap is excused', () => {
    expect(verify(forkOf(nth(original, 0), later(network.gapMs + 1, restore)))).toBe('E_WINDOW EVD-3');
    expect(verify(forkOf(nth(original, 0), later(network.gapMs, restore)))).toBe('ok');
  });

  test('the earlier of the two is not: a restored state first, a payment later', () => {
    const first = restore(copyDevice(home));
    const second = later(network.gapMs + 1, (device) => signTransfer(net, device, bob.account, token, 7n));
    expect(verify(forkOf(first, second))).toBe('ok');
  });

  test('no other operation is: an owner whose state lapsed goes on above the void of its place', () => {
    for (const delayMs of [network.gapMs + 1, 10 * HOUR_MS, 1_000 * HOUR_MS]) {
      const second = later(delayMs, (device) => signTransfer(net, device, bob.account, token, 7n));
      expect(verify(forkOf(nth(original, 0), second))).toBe('ok');
    }
  });

  test('the windows at the fork count, not those of the tips', () => {
    const device = copyDevice(home);
    const first = signTransfer(net, device, bob.account, token, 7n);
    const before = net.nowMs;
    net.nowMs += 10 * HOUR_MS;
    const second = signTransfer(net, device, bob.account, token, 7n);
    net.nowMs = before;
    expect(first.body.index).toBe(place);
    expect(verify(forkOf(nth(original, 0), second))).toBe('ok');
  });

  test('on a half no window excuses a second state', () => {
    const half = copyHalf(payer);
    const one = pay({ ...exchange, payer: copyHalf(payer) }, 10n);
    const before = net.nowMs;
    net.nowMs += 24 * HOUR_MS;
    const other = payOffline(net, half, reservation, 20n);
    net.nowMs = before;
    expect(areDisjoint(one.body.window, other.body.window, network.gapMs)).toBe(true);
    expect(verify(forkOf(one, other, 1))).toBe('ok');
  });
});

describe("EVD-2: a void is nobody's state", () => {
  /** Alice as she goes on above the void of the place; the void itself has no signature anywhere. */
  const above = (device: Device): Body => {
    const { body, operation } = expectOk(makeVoid(contextOf(net), device.tip, device.tree));
    remember(net, [
      { type: 'body', body },
      { type: 'operation', operation },
    ]);
    device.tip = body;
    return body;
  };

  test('an owner who went on above the void of its lapsed state is not accused, whatever the windows', () => {
    const device = copyDevice(home);
    const empty = above(device);
    for (const delayMs of [0, HOUR_MS, 100 * HOUR_MS]) {
      const before = net.nowMs;
      net.nowMs += delayMs;
      const next = signTransfer(net, copyDevice(device), bob.account, token, 7n);
      net.nowMs = before;
      expect(verify(forkOf(nth(original, 0), next))).toBe('E_OPERATION EVD-2');
      expect(verify(forkOf(nth(original, 2), next))).toBe('E_OPERATION EVD-2');
      // Nor at the next place, where a longer lapsed run of hers has a state too.
      expect(verify(forkOf(nth(original, 1), next, place + 1))).toBe('E_LINK EVD-2');
    }
    expect(empty.window).toEqual(home.tip.window);
  });

  test('a signature over a void makes no fork of it either', () => {
    const device = copyDevice(home);
    const signed = resigned(above(device));
    expect(verify(orderFork(alice.account, place, signed.hash, nth(original, 0).hash), signed.items)).toBe(
      'E_OPERATION EVD-2',
    );
  });

  test('two states above one void are a fork at their place', () => {
    const device = copyDevice(home);
    above(device);
    const one = steps(copyDevice(device), [5n, 1n]);
    const other = steps(copyDevice(device), [6n, 1n, 1n]);
    const accusation = expectOk(verifyFork(contextOf(net), forkOf(nth(one, 1), nth(other, 2), place + 1)));
    expect(accusation).toMatchObject({ index: place + 1, key: alice.key.publicKey });
    expect(verify(forkOf(nth(one, 1), nth(other, 2), place))).toBe('E_MISMATCH EVD-2');
  });

  test('voids between a tip and a real fork below do not hide it', () => {
    const device = copyDevice(home);
    const first = signTransfer(net, device, bob.account, token, 3n);
    above(device);
    const tip = signTransfer(net, device, bob.account, token, 4n);
    expect(first.body.index).toBe(place);
    expect(verify(forkOf(tip, nth(copy, 2)))).toBe('ok');
  });
});

test('EVD-1: the shape of a fork', () => {
  const items = forkCodec.toItem(fork) as readonly Item[];
  expect(expectOk(forkCodec.fromItem(items, 'fork'))).toEqual(fork);
  for (const at of items.keys())
    expect(codeOf(forkCodec.fromItem(items.with(at, null), 'fork'))).toBe('E_FORMAT ENC-3');
});
