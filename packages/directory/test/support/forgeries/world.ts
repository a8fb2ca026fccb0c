/** What every forgery starts from: people, tokens, a certified payment, and four nodes that must refuse. */
import {
  balanceLeaf,
  itemNames,
  must,
  TERMS_LEAF,
  type AccountOperation,
  type BundleItem,
  type Item,
  type KeyPair,
  type Leaves,
  type Result,
  type Submission,
  type SubmitAnswer,
  type TokenId,
} from '@dsm/core';
import { expect } from 'vitest';
import {
  anyItem,
  certify,
  createToken,
  entry,
  forgeStep,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  receive,
  seed,
  signAccount,
  START_MS,
  submissionOf,
  transfer,
  windowNow,
  type Device,
  type Forgery,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../../../tests/kit/index.ts';
import { codeOf } from '../nodes.ts';

export interface NodesUnderTest {
  readonly net: TestNetwork;
  /** Sends a submission to each of the four nodes. */
  readonly submitToAll: (submission: Submission) => Promise<readonly Result<SubmitAnswer>[]>;
  /** Sets the clocks of the nodes, and of the network. */
  readonly setClocks: (nowMs: number) => Promise<void>;
}

export let net: TestNetwork;
export let nodes: NodesUnderTest;
export let canteen: Device;
export let alice: Device;
export let bob: Device;
export let meal: TestToken;
export let expired: TestToken;
export let bound: TestToken;
/** A certified payment from Alice to Bob that Bob has credited, and one that he has not. */
export let credited: TestStep;
export let uncredited: TestStep;

/** The people, tokens and payments that the forgeries start from. */
function makeStates(): void {
  canteen = makeDevice(net, 'canteen');
  bob = makeDevice(net, 'bob');
  meal = createToken(net, canteen);
  expired = createToken(net, canteen, { symbol: 'OLD', expiresAt: START_MS + 2 * HOUR_MS });
  bound = createToken(net, canteen, { symbol: 'BOUND', transferable: false });
  alice = makeFundedDevice(net, 'alice', canteen, meal.token, 10_000n);
  for (const { token } of [expired, bound]) {
    signAccountCertified(canteen, { type: 'mint', window: windowNow(net), token, amount: 100n });
    receive(net, alice, transfer(net, canteen, alice.account, token, 100n));
  }
  credited = transfer(net, alice, bob.account, meal.token, 7n);
  receive(net, bob, credited);
  uncredited = transfer(net, alice, bob.account, meal.token, 11n);
}

export function signAccountCertified(device: Device, operation: AccountOperation): TestStep {
  const step = signAccount(net, device, operation);
  net.items.set(itemNames.certificate(step.body.chain, step.body.index), {
    type: 'certificate',
    certificate: certifyPlace(step),
  });
  return step;
}

export const certifyPlace = ({ body, hash }: TestStep) => certify(net, { chain: body.chain, index: body.index, hash });

/** The code with which all four nodes refuse; fails the test where they do not agree. */
export async function refusal(step: TestStep, brought: readonly BundleItem[] = []): Promise<string> {
  const submission = submissionOf(net, step);
  const answers = await nodes.submitToAll({ ...submission, items: [...submission.items, ...brought] });
  const codes = new Set(answers.map(codeOf));
  expect(codes.size).toBe(1);
  return entry([...codes], 0);
}

/** Reads leaves as the rules would, so that the witness shows them. */
export const show = (leaves: Leaves, ...names: Item[]): void => {
  for (const name of names) must(leaves.read(name, anyItem));
};

export const ACCOUNT = [...TERMS_LEAF.account];

/** A forged state of an account: terms and the named leaves are shown, balances set as a thief would like them. */
export const forge = (
  device: Device,
  operation: AccountOperation,
  names: readonly Item[] = [],
  more: Partial<Forgery> = {},
  key: KeyPair = device.key,
): TestStep =>
  forgeStep(net, device, key, {
    operation: { kind: 'account', operation },
    edit: (leaves) => show(leaves, ACCOUNT, ...names),
    ...more,
  });

export const pay = (changes: Partial<Extract<AccountOperation, { type: 'transfer' }>> = {}) =>
  ({
    type: 'transfer',
    window: windowNow(net),
    token: meal.token,
    amount: 1n,
    to: bob.account,
    reference: null,
    ...changes,
  }) as const;

export const mintOf = (token: TokenId, amount: bigint) =>
  ({ type: 'mint', window: windowNow(net), token, amount }) as const;

export type Row = readonly [code: string, what: string, make: () => TestStep];

export function entryOf(name: string): BundleItem {
  const item = net.items.get(name);
  if (item === undefined) throw new Error(`there is no ${name}`);
  return item;
}

/** A valid payment whose body, signature, witness or evidence is not what it must be. */
export const paid = (more: Partial<Forgery> = {}, key?: KeyPair): TestStep =>
  forge(
    alice,
    pay(),
    [],
    {
      edit: (leaves) => {
        show(leaves, ACCOUNT);
        const held = must(leaves.read(balanceLeaf(meal.token), anyItem));
        must(leaves.write(balanceLeaf(meal.token), anyItem, Number(held) - 1));
      },
      ...more,
    },
    key,
  );

export const without = (step: TestStep, type: BundleItem['type']): TestStep => ({
  ...step,
  items: step.items.filter((item) => item.type !== type),
});

export const random = seed('random');

export async function openWorld(open: () => Promise<NodesUnderTest>): Promise<void> {
  nodes = await open();
  ({ net } = nodes);
  makeStates();
}
