/** Alice pays Bob: the states of both halves, the messages between them, and self-contained files of them. */
import {
  encodeFile,
  hashReference,
  nameOf,
  recordFinder,
  evidenceFrom,
  indexItems,
  openBundle,
  stateHash,
  type Accept,
  type Agreement,
  type Body,
  type BundleItem,
  type Context,
  type FileContent,
  type FileKind,
  type HalfState,
  type OutcomeRecord,
  type Pay,
  type Proposal,
  type Reference,
  type StateHash,
  type TokenId,
  type Transfer,
} from '@dsm/core';
import {
  createToken,
  fund,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  seed,
  signAccount,
  takeStep,
  windowNow,
  type Device,
  type Half,
  type Reservation,
  type TestNetwork,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { expectOk } from './results.ts';

export interface Exchange {
  readonly net: TestNetwork;
  readonly canteen: Device;
  readonly token: TokenId;
  readonly alice: Device;
  readonly bob: Device;
  /** The payer's half, with every state that was signed. */
  readonly payer: TrackedHalf;
  readonly payee: TrackedHalf;
  readonly reservation: Reservation;
}

export interface TrackedHalf extends Half {
  readonly states: HalfState[];
}

/** Something of the world that is known to be there. */
export function findItem(net: TestNetwork, name: string): BundleItem {
  const item = net.items.get(name);
  if (item === undefined) throw new Error(`no ${name}`);
  return item;
}

const track = (net: TestNetwork, half: Half): TrackedHalf => {
  const operation = net.items.get(`operation ${Buffer.from(half.tip.op).toString('hex')}`);
  if (operation?.type !== 'operation') throw new Error('the half has no genesis operation');
  return { ...half, states: [{ body: half.tip, operation: operation.operation }] };
};

export function makeExchange(name = 'test', changes: Parameters<typeof makeHalf>[4] = {}): Exchange {
  const net = makeNetwork(4, { name });
  const canteen = makeDevice(net, 'canteen');
  const { token } = createToken(net, canteen);
  const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
  const bob = makeDevice(net, 'bob');
  const payer = track(net, makeHalf(net, alice, bob, 'payments', changes));
  const payee = track(net, makeHalf(net, bob, alice, 'payments', changes));
  const reservation = fund(net, alice, bob, token, 2_000n, net.nowMs + 48 * HOUR_MS);
  return { net, canteen, token, alice, bob, payer, payee, reservation };
}

const tipOf = (net: TestNetwork, body: Body) => ({ index: body.index, hash: stateHash(net.suite, body) });
const salt = (half: TrackedHalf): Uint8Array => seed('salt', half.tip.index, half.owner.name).slice(0, 16);

function append(net: TestNetwork, half: TrackedHalf, operation: Pay | Accept): TestStep {
  const step = takeStep(net, half, half.owner.key, { kind: 'half', operation });
  half.states.push({ body: step.body, operation: step.operation });
  return step;
}

/** A copy that goes its own way. */
export const copyHalf = (half: TrackedHalf): TrackedHalf => ({ ...half, states: [...half.states] });

/** A payment out of the reservation, signed. `total` is the running one of the exchange's payer. */
export function pay(exchange: Exchange, amount: bigint, changes: Partial<Pay> = {}): TestStep {
  const { net, payer, payee, reservation } = exchange;
  const before = payer.states.reduce<bigint>((sum, { operation: { operation } }) => {
    const isHere = operation.type === 'pay' && operation.vault.join() === reservation.vault.join();
    return isHere ? sum + operation.amount : sum;
  }, 0n);
  return append(net, payer, {
    type: 'pay',
    window: windowNow(net),
    salt: salt(payer),
    seen: tipOf(net, payee.tip),
    vault: reservation.vault,
    amount,
    total: before + amount,
    order: 'soup',
    refundOf: null,
    ...changes,
  });
}

/** Bob's accept of a state, signed. */
export function accept(
  exchange: Exchange,
  { body, hash }: Pick<TestStep, 'body' | 'hash'>,
  changes: Partial<Accept> = {},
  outcomes: readonly OutcomeRecord[] = [],
): TestStep {
  const { net, payer, payee } = exchange;
  const seen = body.kind === 'half' ? { index: body.index - 1, hash: body.prev } : tipOf(net, payer.tip);
  return append(net, payee, {
    type: 'accept',
    window: body.window,
    salt: salt(payee),
    seen,
    precommit: body.precommit,
    state: hash,
    outcomes,
    ...changes,
  });
}

export const REFERENCE: Reference = { salt: seed('reference').slice(0, 16), order: 'soup', refundOf: null };

/** A transfer straight from Alice's account, signed and not certified. */
export const payProvisionally = (
  { net, alice, bob, token }: Exchange,
  amount: bigint,
  changes: Partial<Transfer> = {},
  reference: Reference | null = REFERENCE,
): TestStep =>
  signAccount(net, alice, {
    type: 'transfer',
    window: windowNow(net),
    token,
    amount,
    to: bob.account,
    reference: reference && hashReference(net.suite, reference),
    ...changes,
  });

export const proposalOf = ({ payer }: Exchange, step: TestStep): Proposal => ({
  state: step.hash,
  half: payer.chain,
  reference: step.body.kind === 'half' ? null : REFERENCE,
});

export const agreementOf = (exchange: Exchange, step: TestStep, accepted: TestStep): Agreement => ({
  proposal: proposalOf(exchange, step),
  accept: accepted.hash,
});

export interface TestFile<K extends FileKind = FileKind> {
  readonly kind: K;
  readonly content: FileContent[K];
  readonly items: readonly BundleItem[];
  readonly bytes: Uint8Array;
}

/** A file with exactly the items that this verifier uses; `own` go before the world's. */
export function fileOf<K extends FileKind>(
  net: TestNetwork,
  kind: K,
  content: FileContent[K],
  own: readonly BundleItem[],
  verify: (context: Context) => unknown,
): TestFile<K> {
  const first = indexItems(net.suite, own);
  const recorder = recordFinder((name) => first.get(name) ?? net.items.get(name));
  verify({ suite: net.suite, network: net.network, evidence: evidenceFrom(recorder.find) });
  const items = recorder.used();
  return { kind, content, items, bytes: encodeFile(net.suite, kind, content, items) };
}

/** The same file with other items. */
export const withItems = <K extends FileKind>(
  { suite }: TestNetwork,
  { kind, content }: TestFile<K>,
  items: readonly BundleItem[],
): Uint8Array => encodeFile(suite, kind, content, items);

/** Context of exactly these items, as a receiver of a file has it. */
export const bundleContext = ({ suite, network }: TestNetwork, items: readonly BundleItem[]): Context => ({
  suite,
  network,
  evidence: expectOk(openBundle(suite, items)).evidence,
});

export const namesOf = ({ suite }: TestNetwork, items: readonly BundleItem[]): readonly string[] =>
  items.map((item) => nameOf(suite, item));

/** The same evidence without any signature of this state. */
export const unsigned = (context: Context, hash: StateHash): Context => ({
  ...context,
  evidence: {
    ...context.evidence,
    signature: (purpose, subject, position) =>
      subject.join() === hash.join() ? undefined : context.evidence.signature(purpose, subject, position),
  },
});
