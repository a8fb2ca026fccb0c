/** The payee's side of a link where payers begin: judges, accepts, receives, confirms. */
import { fail, ok, type Result } from '@dsm/core';
import { accept, type Exchanged } from '@dsm/wallet';
import type { Stoppable } from '../abort.ts';
import { run, type Core } from '../core.ts';
import { answering } from '../link/call.ts';
import type { Link } from '../link/link.ts';
import type { ProvenReceipt } from '../receipt.ts';
import { askedAbout, isAllowed, kindOf, messageOf, refused, takeCommit, type Asked, type Policy } from './turns.ts';

export interface ServeOptions extends Stoppable {
  /** Asked before anything is accepted, after the wallet's own policy. Default: everything that policy admits. */
  readonly accept?: Policy | undefined;
  /** Ends after so many payments. */
  readonly payments?: number | undefined;
}

/**
 * Serves payers until the link closes, the signal fires or enough was paid; answers what was received. Failures of
 * single payments are answered to their payer and end nothing.
 */
export async function serve(
  core: Core,
  link: Link,
  options: ServeOptions = {},
): Promise<Result<readonly ProvenReceipt[]>> {
  const { signal, payments = Infinity } = options;
  const receipts: ProvenReceipt[] = [];
  const questions = answering(link);
  while (receipts.length < payments) {
    const question = await questions.next({ signal });
    if (!question.ok) return isEnd(question) ? ok(receipts) : question;
    const reply = await handle(core, question.value.body, options);
    const sent = await question.value.answer(reply.answer);
    if (reply.receipt) receipts.push(reply.receipt);
    if (!sent.ok) return isEnd(sent) ? ok(receipts) : sent;
  }
  if (!link.isReliable) await linger(questions, signal);
  return ok(receipts);
}

const isEnd = (failed: Result<unknown>): boolean =>
  !failed.ok && (failed.error.code === 'E_ABORTED' || failed.error.code === 'E_UNREACHABLE');

/** The last confirmation may have been lost: whoever asks again for a moment gets it again. */
const LINGER_MS = 1_000;

async function linger(questions: ReturnType<typeof answering>, signal: AbortSignal | undefined): Promise<void> {
  const until = AbortSignal.any([AbortSignal.timeout(LINGER_MS), ...(signal ? [signal] : [])]);
  await questions.next({ signal: until });
}

interface Reply {
  readonly answer: Result<Uint8Array>;
  readonly receipt?: ProvenReceipt;
}

async function handle(core: Core, body: Uint8Array, { accept: policy, signal }: ServeOptions): Promise<Reply> {
  const kind = kindOf(core.device, body);
  if (kind === 'offer') {
    const accepted = await acceptOffer(core, body, policy, signal);
    return { answer: accepted.ok ? ok(messageOf(accepted.value)) : accepted };
  }
  if (kind === 'commit') {
    const taken = await run(core, { signal }, (device) => takeCommit(device, body));
    if (!taken.ok) return { answer: taken };
    const { receipt, ack, isNew } = taken.value;
    if (!isNew) return { answer: ok(ack) };
    core.events.emit('received', receipt);
    return { answer: ok(ack), receipt };
  }
  return { answer: fail('E_FORMAT', 'SDK-6', 'here payers offer and commit, and nothing else is answered') };
}

/**
 * The owner is asked between two looks at the offer (rule SDK-8): whoever thinks must not hold the wallet, and may use
 * it. An offer that was accepted before is not asked about again.
 */
async function acceptOffer(
  core: Core,
  body: Uint8Array,
  policy: Policy | undefined,
  signal: AbortSignal | undefined,
): Promise<Result<Exchanged>> {
  if (!policy) return run(core, { signal }, (device) => accept(device, body));
  let asked: Asked | undefined;
  const first = await run(core, { signal }, (device) =>
    accept(device, body, {
      decide: async (payment, token) => {
        asked = await askedAbout(device, payment, token);
        return refused();
      },
    }),
  );
  if (!asked) return first;
  if (!(await isAllowed(policy, asked, signal))) return refused();
  return run(core, { signal }, (device) => accept(device, body));
}
