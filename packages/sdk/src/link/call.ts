/**
 * Questions and answers over a link (rule SDK-5): `["dsm-link", 1, kind, id, body]`. A question is repeated until its
 * answer comes; whoever answers may be asked twice and says the same. Everything else that comes is passed over.
 */
import {
  bytes,
  decodeFailure,
  decodeItem,
  encodeFailure,
  encodeItem,
  fail,
  LIMITS,
  literal,
  ok,
  record,
  uint,
  type Codec,
  type Failure,
  type Result,
} from '@dsm/core';
import { aborted, anySignal, type Stoppable } from '../abort.ts';
import type { Link } from './link.ts';

const CALL = 0;
const ANSWER = 1;
const REFUSAL = 2;
export const CALL_ID_BYTES = 16;

interface LinkMessage {
  readonly tag: 'dsm-link';
  readonly version: 1;
  readonly kind: number;
  readonly id: Uint8Array;
  readonly body: Uint8Array;
}

const codec: Codec<LinkMessage> = record<LinkMessage>({
  tag: literal('dsm-link'),
  version: literal(1),
  kind: uint(REFUSAL),
  id: bytes(CALL_ID_BYTES),
  body: bytes(0, LIMITS.fileBytes),
});

const encode = (kind: number, id: Uint8Array, body: Uint8Array): Uint8Array =>
  encodeItem(codec.toItem({ tag: 'dsm-link', version: 1, kind, id, body }));

/** Undefined for what is no message of a link: it is passed over. */
function decode(message: Uint8Array): LinkMessage | undefined {
  const item = decodeItem(message);
  const decoded = item.ok ? codec.fromItem(item.value, 'link') : item;
  return decoded.ok ? decoded.value : undefined;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

export interface AskOptions extends Stoppable {
  /** Names the question: 16 fresh bytes. */
  readonly id: Uint8Array;
  /** How long to wait for an answer before asking again; doubled each time. Default: 500. */
  readonly repeatMs?: number | undefined;
  /** How long to wait altogether. Default: 30,000. */
  readonly patienceMs?: number | undefined;
}

const LONGEST_REPEAT_MS = 2_000;

/**
 * The body of the answer, or the other side's own failure. `E_UNREACHABLE`: none came, and what the question did over
 * there is not known: ask again.
 */
export async function ask(link: Link, body: Uint8Array, options: AskOptions): Promise<Result<Uint8Array>> {
  const { id, signal, repeatMs = 500, patienceMs = 30_000 } = options;
  const question = encode(CALL, id, body);
  const patience = AbortSignal.timeout(patienceMs);
  for (let waitMs = repeatMs; ; waitMs = Math.min(2 * waitMs, LONGEST_REPEAT_MS)) {
    const sent = await link.send(question, { signal });
    if (!sent.ok) return sent;
    const until = link.isReliable ? patience : anySignal(patience, AbortSignal.timeout(waitMs));
    const answer = await awaitAnswer(link, id, anySignal(signal, until));
    if (answer.ok || answer.error.code !== 'E_ABORTED') return answer;
    if (signal?.aborted) return aborted();
    if (patience.aborted) return fail('E_UNREACHABLE', 'SDK-5', 'no answer came over the link: ask again');
  }
}

async function awaitAnswer(link: Link, id: Uint8Array, signal: AbortSignal): Promise<Result<Uint8Array>> {
  for (;;) {
    const received = await link.receive({ signal });
    if (!received.ok) return received;
    const message = decode(received.value);
    if (!message || message.kind === CALL || !isSame(message.id, id)) continue;
    return message.kind === ANSWER ? ok(message.body) : refusedWith(message.body);
  }
}

function refusedWith(body: Uint8Array): Result<never> {
  const refusal = decodeFailure(body);
  if (!refusal.ok) return fail('E_UNREACHABLE', 'SDK-5', 'the other side refuses in a form that is not understood');
  // Whatever it sends along is not ours to believe; a stop over there is not one here.
  const { code, rule, message } = refusal.value;
  return fail(code === 'E_ABORTED' ? 'E_UNREACHABLE' : code, rule, `the other side: ${message}`);
}

/** A question that came. */
export interface Question {
  readonly body: Uint8Array;
  answer(result: Result<Uint8Array>): Promise<Result<undefined>>;
}

/** Answers that may have been lost: kept for as long as somebody may ask again. */
const REMEMBERED = 8;

export interface Answering {
  /** The next new question; ones that were answered before are answered alike on the way. */
  next(options?: Stoppable): Promise<Result<Question>>;
}

export function answering(link: Link): Answering {
  const answered: { readonly id: Uint8Array; readonly message: Uint8Array }[] = [];
  return {
    async next({ signal } = {}) {
      for (;;) {
        const received = await link.receive({ signal });
        if (!received.ok) return received;
        const message = decode(received.value);
        if (message?.kind !== CALL) continue;
        const { id, body } = message;
        const before = answered.find((one) => isSame(one.id, id));
        if (before) {
          const sent = await link.send(before.message, { signal });
          if (!sent.ok) return sent;
          continue;
        }
        return ok({ body, answer: (result) => reply(id, result, signal) });
      }
    },
  };

  async function reply(
    id: Uint8Array,
    result: Result<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<Result<undefined>> {
    const message = result.ok
      ? encode(ANSWER, id, result.value)
      : encode(REFUSAL, id, encodeFailure(tell(result.error)));
    // What may turn out differently the next time is not kept.
    if (result.ok) answered.push({ id, message });
    if (answered.length > REMEMBERED) answered.shift();
    return link.send(message, { signal });
  }
}

/** Code, rule and words; nothing of this device beyond that. */
const tell = ({ code, rule, message }: Failure): Failure => ({ code, rule, message });
