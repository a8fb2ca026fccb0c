/** An encrypted link over one that is not (spec ENV-5 to ENV-8): both ends show that they hold the key of their card. */
import {
  answerHello,
  done,
  fail,
  HELLO_RANDOM_BYTES,
  makeHello,
  ok,
  openFrame,
  openHello,
  openWelcome,
  sealFrame,
  toHex,
  WELCOME_RANDOM_BYTES,
  type ChainId,
  type Channel,
  type Hello,
  type Result,
  type Sealing,
} from '@dsm/core';
import { addContact, findContact, findKemKey, openCardFile, ownCard, type Device } from '@dsm/wallet';
import { aborted, type Stoppable } from '../abort.ts';
import { run } from '../core.ts';
import { coreOf, type Wallet } from '../wallet.ts';
import { closed, fits, tooLong, type Link } from './link.ts';

export interface SecureOptions extends Stoppable {
  /**
   * Whether somebody whose card is not known may come in; the card is kept under the name that this answers. Default:
   * nobody.
   */
  readonly introduce?: ((card: { readonly name: string; readonly account: string }) => string | undefined) | undefined;
}

const sealingOf = ({ suite, network }: Device): Sealing => ({ suite, network: network.id });

const EMPTY = new Uint8Array();

/** The calling end, over a raw link: `peer` is the contact who must be at the other end. */
export async function callListener(
  wallet: Wallet,
  raw: Link,
  peer: string,
  { signal }: Stoppable = {},
): Promise<Result<Link>> {
  const core = coreOf(wallet);
  const prepared = await run(core, { signal }, async (device) => {
    const contact = await findContact(device, peer);
    if (!contact.ok) return contact;
    const listenerKey = await findKemKey(device, contact.value.account);
    if (!listenerKey.ok) return listenerKey;
    const card = await ownCard(device);
    if (!card.ok) return card;
    const caller = { account: device.account, card: card.value };
    const pending = makeHello(sealingOf(device), caller, listenerKey.value, device.entropy(HELLO_RANDOM_BYTES));
    return pending.ok ? ok({ pending: pending.value, listenerKey: listenerKey.value }) : pending;
  });
  if (!prepared.ok) return prepared;
  const { pending, listenerKey } = prepared.value;
  const sent = await raw.send(pending.bytes, { signal });
  if (!sent.ok) return sent;
  const welcome = await raw.receive({ signal });
  if (!welcome.ok) return welcome;
  const { device } = core;
  const opened = openWelcome(sealingOf(device), device.keys.kem, pending, listenerKey, welcome.value);
  if (!opened.ok) return opened;
  const ready = sealFrame(opened.value, EMPTY);
  if (!ready.ok) return ready;
  const started = await raw.send(ready.value.frame, { signal });
  return started.ok ? ok(frames(raw, ready.value.channel)) : started;
}

/** Who called, and the link to them. */
export interface Called {
  readonly link: Link;
  /** Name of the contact. */
  readonly peer: string;
}

/** The listening end, over a raw link on which somebody calls. `E_CONTACT`: a stranger, and none are let in. */
export async function acceptCaller(
  wallet: Wallet,
  raw: Link,
  { signal, introduce }: SecureOptions = {},
): Promise<Result<Called>> {
  const core = coreOf(wallet);
  const sent = await raw.receive({ signal });
  if (!sent.ok) return sent;
  const { device } = core;
  const sealing = sealingOf(device);
  const hello = openHello(sealing, device.keys.kem, sent.value);
  if (!hello.ok) return hello;
  const callerKey = await run(core, { signal }, (own) => keyOfCaller(own, hello.value, introduce));
  if (!callerKey.ok) return callerKey;
  const random = device.entropy(WELCOME_RANDOM_BYTES);
  const welcomed = answerHello(
    sealing,
    device.keys.kem,
    { bytes: sent.value, hello: hello.value, callerKey: callerKey.value.key },
    random,
  );
  if (!welcomed.ok) return welcomed;
  const answered = await raw.send(welcomed.value.bytes, { signal });
  if (!answered.ok) return answered;
  const ready = await raw.receive({ signal });
  if (!ready.ok) return ready;
  const first = openFrame(welcomed.value.channel, ready.value);
  if (!first.ok) return first;
  if (first.value.message.length > 0) return fail('E_ENVELOPE', 'ENV-5', 'the first frame is not empty');
  const kept = await run(core, { signal }, callerKey.value.keep);
  return kept.ok ? ok({ link: frames(raw, first.value.channel), peer: kept.value }) : kept;
}

interface CallerKey {
  readonly key: Uint8Array;
  /** Once the caller has shown that the card is its own; answers the contact's name. */
  readonly keep: (device: Device) => Promise<Result<string>>;
}

async function keyOfCaller(
  device: Device,
  { account, card }: Hello,
  introduce: SecureOptions['introduce'],
): Promise<Result<CallerKey>> {
  const known = await findContact(device, toHex(account));
  if (known.ok) {
    const key = await findKemKey(device, account);
    return key.ok ? ok({ key: key.value, keep: async () => ok(known.value.name) }) : key;
  }
  if (card.length === 0 || !introduce) return strangers(account);
  const facts = openCardFile(device, card);
  if (!facts.ok) return facts;
  const isOwn = toHex(facts.value.account) === toHex(account);
  const name = isOwn ? introduce({ name: facts.value.name, account: toHex(account) }) : undefined;
  const key = keyInCard(facts.value.items);
  if (name === undefined || !key) return strangers(account);
  return ok({
    key,
    keep: async (own) => {
      const added = await addContact(own, { file: card }, name);
      return added.ok ? ok(added.value.name) : added;
    },
  });
}

const strangers = (account: ChainId): Result<never> =>
  fail('E_CONTACT', 'SDK-12', `account ${toHex(account)} is no contact, and strangers are not let in`);

type Items = Extract<ReturnType<typeof openCardFile>, { ok: true }>['value']['items'];

/** A card holds one identity's genesis. */
function keyInCard(items: Items): Uint8Array | undefined {
  for (const item of items) {
    if (item.type === 'operation' && item.operation.kind === 'identity') return item.operation.operation.kemKey;
  }
  return undefined;
}

/** Messages as the frames of a channel. What is not the next frame ends the link. */
function frames(raw: Link, opened: Channel): Link {
  let sending = opened;
  let receiving = opened;
  let last: Result<never> | undefined;
  return {
    isReliable: raw.isReliable === true,
    async send(message, { signal } = {}) {
      if (signal?.aborted) return aborted();
      if (last) return closed();
      if (!fits(message)) return tooLong();
      // An empty message would say that this end has ended.
      if (message.length === 0) return done;
      const sealed = sealFrame(sending, message);
      if (!sealed.ok) return sealed;
      sending = sealed.value.channel;
      return raw.send(sealed.value.frame);
    },
    async receive({ signal } = {}) {
      if (last) return last;
      const frame = await raw.receive({ signal });
      if (!frame.ok) return frame;
      const opening = openFrame(receiving, frame.value);
      if (!opening.ok || opening.value.message.length === 0) {
        last = opening.ok ? closed() : opening;
        await raw.close();
        return last;
      }
      receiving = opening.value.channel;
      return ok(opening.value.message);
    },
    async close() {
      if (!last) {
        last = closed();
        const bye = sealFrame(sending, EMPTY);
        if (bye.ok) await raw.send(bye.value.frame);
      }
      await raw.close();
    },
  };
}
