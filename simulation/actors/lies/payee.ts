/** A payee that lies: accepts of something else, requests of more, acknowledgements and outcomes that are not true. */
import {
  decodeFileOf,
  encodeFile,
  equalBytes,
  must,
  stateHash,
  verifyAccept,
  verifyAck,
  type Accept,
  type BundleItem,
  type Outcome,
  type OutcomeRecord,
  type Pay,
  type StateHash,
  type TokenId,
} from '@dsm/core';
import { accept, commit, history, receive, request, type Device, type PaymentRecord } from '@dsm/wallet';
import { openChain, type HeldChain } from '../../../packages/wallet/src/chain/draft.ts';
import { writeMessage } from '../../../packages/wallet/src/exchange/message.ts';
import { putItems, readItem } from '../../../packages/wallet/src/records/item.ts';
import { bendHalf, dreamOf, exchangeItems, hand, signBent, type Bent, type Lie, type Liar } from './kit.ts';
import { AMOUNT, occasionOf, offerTruly, payOnce, take, type Occasion } from './occasion.ts';
import { withMore } from './payer.ts';

/** The accept that the shipped program would give to an offer of the honest payer. */
interface Accepted {
  readonly dream: Device;
  readonly before: Occasion;
  readonly operation: Accept;
}

const halfOperation = (items: readonly BundleItem[], type: 'accept' | 'pay'): (Accept | Pay)[] =>
  items.flatMap((item) =>
    item.type === 'operation' && item.operation.kind === 'half' && item.operation.operation.type === type
      ? [item.operation.operation]
      : [],
  );

const newestOf = <T extends { readonly window: { readonly from: number } }>(list: readonly T[]): T | undefined =>
  list.toSorted((a, b) => b.window.from - a.window.from)[0];

async function acceptInDream(liar: Liar): Promise<Accepted | undefined> {
  const { cheat, honest } = liar;
  const reservation = await payOnce(liar, honest, cheat);
  const offered = reservation && (await offerTruly(liar, honest, cheat));
  if (!offered || !cheat.device) return undefined;
  const dream = await dreamOf(cheat.device);
  const before = await occasionOf(dream, honest, reservation);
  const accepted = await accept(dream, offered);
  if (!before || !accepted.ok || !accepted.value.message) return undefined;
  const { items } = must(decodeFileOf(dream.suite, 'accept', accepted.value.message));
  const operation = newestOf(halfOperation(items, 'accept'));
  return operation?.type === 'accept' ? { dream, before, operation } : undefined;
}

/** Signed and written by the shipped program, which finds the lie in its own store. */
async function writeAccept(dream: Device, { relationship }: Occasion, bent: Bent): Promise<Uint8Array | undefined> {
  await dream.store.commit(putItems(dream, [...bent.items, signBent(dream, bent)]));
  const options = { relationship, states: [bent.hash], compact: false, grade: 'reserved' } as const;
  const content = { accept: bent.hash };
  const message = await writeMessage(dream, 'accept', content, (context) => verifyAccept(context, bent.hash), options);
  return message.ok ? message.value : undefined;
}

const falseAccept =
  (
    change: (operation: Accept, liar: Liar, paid: readonly PaymentRecord[]) => Partial<Accept> | undefined,
    refusable = true,
  ): Lie =>
  async (liar) => {
    const accepted = await acceptInDream(liar);
    const known = liar.honest.device && (await history(liar.honest.device));
    if (!accepted || !known?.ok) return false;
    const { dream, before, operation } = accepted;
    const changed = change(
      operation,
      liar,
      known.value.map(({ payment }) => payment),
    );
    const message =
      changed && (await writeAccept(dream, before, bendHalf(dream, before.own, { ...operation, ...changed })));
    if (!message) return false;
    const committed = await hand(liar, 'accept', message, refusable);
    // What it lied about it takes all the same.
    if (committed) await receive(dream, committed);
    return true;
  };

/** Payments of the honest payer to the liar that it has signed, or of it with somebody else. */
const signedOut = ({ cheat }: Liar, paid: readonly PaymentRecord[], own: boolean): readonly PaymentRecord[] =>
  paid.filter(
    ({ direction, status, peer }) =>
      direction === 'out' &&
      (status === 'committed' || status === 'acknowledged' || status === 'final') &&
      cheat.account !== undefined &&
      equalBytes(peer, cheat.account) === own,
  );

const lyingOutcome = (outcome: Outcome, own: boolean): Lie =>
  falseAccept(({ outcomes, precommit }, liar, paid) => {
    const payments = [...signedOut(liar, paid, own).map(({ payment }) => payment), ...(own ? [precommit] : [])];
    const said = payments.map((one): OutcomeRecord => ({ precommit: one, outcome }));
    const all = [...outcomes.filter((old) => !said.some((one) => equalBytes(one.precommit, old.precommit))), ...said];
    return said.length === 0
      ? undefined
      : { outcomes: all.toSorted((a, b) => Buffer.compare(a.precommit, b.precommit)) };
  }, false);

/** The request as the shipped program writes it, and both halves before it. */
interface Requested {
  readonly dream: Device;
  readonly before: Occasion;
  readonly payerHalf: HeldChain;
  readonly message: Uint8Array;
}

async function requestInDream(liar: Liar): Promise<Requested | undefined> {
  const { cheat, honest, random, world } = liar;
  const reservation = await payOnce(liar, honest, cheat);
  const { account: from } = honest;
  if (!reservation || !cheat.device || !from) return undefined;
  const dream = await dreamOf(cheat.device);
  const before = await occasionOf(dream, honest, reservation);
  const payerHalf = before?.relationship.peerHalf && (await openChain(dream, before.relationship.peerHalf));
  const token = world.token as TokenId;
  const options = { command: random.bytes(32), from, token, amount: AMOUNT, order: '', expiryMs: 60_000 };
  const made = await request(dream, options);
  if (!before || !payerHalf || !made.ok || !made.value.message) return undefined;
  return { dream, before, payerHalf, message: made.value.message };
}

/** A request of another payment, and with it an accept of that, or of something else. */
const falseRequest =
  (
    change: (pay: Pay, occasion: Occasion) => Partial<Pay>,
    alter: (accept: Accept) => Partial<Accept> = () => ({}),
  ): Lie =>
  async (liar) => {
    const requested = await requestInDream(liar);
    if (!requested) return false;
    const { dream, before, payerHalf, message } = requested;
    const { content, items } = must(decodeFileOf(dream.suite, 'request', message));
    const pay = newestOf(halfOperation(items, 'pay'));
    const accepted = newestOf(halfOperation(items, 'accept'));
    if (pay?.type !== 'pay' || accepted?.type !== 'accept') return false;
    const asked = bendHalf(dream, payerHalf, { ...pay, ...change(pay, before) });
    const { precommit } = asked.body;
    const right: Accept = { ...accepted, precommit, state: asked.hash, window: asked.body.window };
    const given = bendHalf(dream, before.own, { ...right, ...alter(right) });
    const withPay = exchangeItems(dream, items, content.proposal.state, asked.items);
    const said = exchangeItems(dream, withPay, content.accept, [...given.items, signBent(dream, given)]);
    const proposal = { ...content.proposal, state: asked.hash };
    await hand(
      liar,
      'request',
      encodeFile(dream.suite, 'request', { proposal, accept: given.hash }, withMore(dream, said, [])),
    );
    return true;
  };

/** Acknowledges a state of the honest payer, whatever became of it. */
async function ackState(liar: Liar, device: Device, before: Occasion, state: StateHash): Promise<boolean> {
  const { honest } = liar;
  const item = honest.device && (await readItem(honest.device, `body ${Buffer.from(state).toString('hex')}`));
  if (item?.type !== 'body') return false;
  const signature = signBent(device, { body: item.body, hash: stateHash(device.suite, item.body) }, 'ack');
  await device.store.commit(putItems(device, [item, signature]));
  const content = { state, half: before.own.chain };
  const options = { relationship: before.relationship, states: [], compact: false, grade: 'reserved' } as const;
  const message = await writeMessage(device, 'ack', content, (context) => verifyAck(context, content), options);
  if (!message.ok) return false;
  await hand(liar, 'ack', message.value);
  return true;
}

/** Before anything was paid. */
const ackUnpaid: Lie = async (liar) => {
  const accepted = await acceptInDream(liar);
  return accepted !== undefined && ackState(liar, accepted.dream, accepted.before, accepted.operation.state);
};

/** Of what was paid to somebody else. */
const ackOfAnother: Lie = async (liar) => {
  const accepted = await acceptInDream(liar);
  const known = liar.honest.device && (await history(liar.honest.device));
  if (!accepted || !known?.ok) return false;
  const [other] = signedOut(
    liar,
    known.value.map(({ payment }) => payment),
    false,
  );
  return other?.state ? ackState(liar, accepted.dream, accepted.before, other.state) : false;
};

/** Takes what was paid, and says by its next own state that it never came. */
const takeAndDeny: Lie = async (liar) => {
  const { cheat, honest } = liar;
  if (!(await payOnce(liar, honest, cheat))) return false;
  const offered = await offerTruly(liar, honest, cheat);
  const accepted = offered && (await take(liar, cheat, 'offer', offered, accept));
  const committed = accepted && (await take(liar, honest, 'accept', accepted, commit));
  if (!committed) return false;
  await take(liar, cheat, 'commit', committed, receive);
  return lyingOutcome('void', true)(liar);
};

export const PAYEE_LIES: Readonly<Record<string, Lie>> = {
  acceptOtherPrecommit: falseAccept((_, { random }) => ({ precommit: random.bytes(32) })),
  // The answer is the commit that was given then, whatever this accept says.
  acceptOlderPrecommit: falseAccept((_, liar, paid) => {
    const [old] = signedOut(liar, paid, true);
    return old && { precommit: old.payment };
  }, false),
  acceptOtherState: falseAccept((_, { random }) => ({ state: random.bytes(32) as StateHash })),
  acceptTooLong: falseAccept(({ window }) => ({ window: { ...window, until: window.until + 60_000 } })),
  acceptOver: falseAccept(({ window }) => ({ window: { from: window.from - 10_000, until: window.from - 1 } })),
  outcomeVoid: lyingOutcome('void', true),
  outcomeRefundDue: lyingOutcome('refundDue', true),
  outcomeDelivered: lyingOutcome('delivered', true),
  outcomeOfAnother: lyingOutcome('void', false),
  takeAndDeny,
  requestTooMuch: falseRequest((_, { reservation: { funded, total } }) => ({
    amount: funded + AMOUNT,
    total: total + funded + AMOUNT,
  })),
  requestOtherAmount: falseRequest(({ amount }) => ({ amount: 2n * amount })),
  requestHigherTotal: falseRequest(({ total }) => ({ total: total + 1n })),
  requestOtherVault: falseRequest(({ salt }) => ({
    vault: new Uint8Array([...salt, ...salt]) as never,
    total: AMOUNT,
  })),
  requestTooLong: falseRequest(({ window }, { reservation }) => ({ window: { ...window, until: reservation.until } })),
  requestAcceptingAnother: falseRequest(
    () => ({}),
    ({ salt }) => ({ precommit: new Uint8Array([...salt, ...salt]) }),
  ),
  ackUnpaid,
  ackOfAnother,
};
