/**
 * A machine in a worker, as a port whose answers are promises (spec RUN-14). Calls run one after the other; one that
 * takes too long ends with the worker, and the next gets a fresh one. A worker is a limit on time and memory, no
 * prison: it can do what the process can.
 */
import {
  decodeItem,
  equalBytes,
  fail,
  hashItem,
  ok,
  type AppliedStep,
  type CryptoSuite,
  type Err,
  type MachineCall,
  type MachinePort,
  type Result,
} from '@dsm/core';
import type { Answer, Connect, Connection, Ended, Question, Said } from './protocol.ts';

export interface HostLimits {
  /** Longest time of one call in milliseconds. */
  readonly limitMs: number;
  /** Longest time until the module is loaded. */
  readonly startMs: number;
}

export interface WorkerMachine extends MachinePort {
  init(params: Uint8Array, parties: number): Promise<Result<Uint8Array>>;
  apply(state: Uint8Array, call: MachineCall): Promise<Result<AppliedStep>>;
  migrate(state: Uint8Array, from: number): Promise<Result<Uint8Array>>;
  /** Ends the worker; further calls fail. */
  close(): void;
}

/** Lets what has arrived be heard before a deadline is held to have passed. */
const GRACE_MS = 5;

interface Clock {
  readonly setTimeout: (run: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
}
const clock = globalThis as unknown as Clock;

type Ready = Extract<Said, { kind: 'ready' }>;

/** A started worker, and who listens to what it says. */
interface Session {
  readonly connection: Connection;
  readonly ready: Ready;
  listen: ((heard: Said | Ended) => void) | undefined;
  ended: boolean;
}

/** Resolves with what the worker says next, or `late`. The worker is ended by the caller. */
function nextOf(
  listen: (listener: (heard: Said | Ended) => void) => void,
  limitMs: number,
): Promise<Said | Ended | 'late'> {
  return new Promise((resolve) => {
    let timer = clock.setTimeout(() => {
      timer = clock.setTimeout(() => resolve('late'), GRACE_MS);
    }, limitMs);
    listen((heard) => {
      clock.clearTimeout(timer);
      resolve(heard);
    });
  });
}

async function startSession(connect: Connect, startMs: number): Promise<Result<Session>> {
  const session: { listen: Session['listen']; ended: boolean } = { listen: undefined, ended: false };
  const onEnded = (ended: Ended): void => {
    session.ended = true;
    session.listen?.(ended);
  };
  let connection: Connection;
  try {
    connection = connect({ onSaid: (said) => session.listen?.(said), onEnded });
  } catch (error) {
    return fail('E_MACHINE', 'RUN-14', `the worker cannot be started: ${String(error)}`);
  }
  const heard = await nextOf((listener) => (session.listen = listener), startMs);
  session.listen = undefined;
  connection.hold(false);
  if (heard !== 'late' && 'kind' in heard && heard.kind === 'ready') {
    return ok(Object.assign(session, { connection, ready: heard }));
  }
  connection.end();
  if (heard === 'late') return fail('E_LIMIT', 'RUN-14', `not loaded after ${startMs} ms`);
  return explain('start', heard);
}

function explain(where: string, heard: Said | Ended): Err {
  if ('code' in heard && heard.code === 'E_LIMIT') return fail('E_LIMIT', 'RUN-14', `${where}: ${heard.message}`);
  const message = 'message' in heard ? heard.message : 'an answer out of turn';
  return fail('E_MACHINE', 'RUN-14', `${where}: ${message}`);
}

const sameReady = (a: Ready, b: Ready): boolean =>
  a.id === b.id && a.version === b.version && equalBytes(a.code, b.code);

/** A view may be of a larger buffer, and all of it would be sent. */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

export async function hostMachine(
  suite: CryptoSuite,
  connect: Connect,
  { limitMs, startMs }: HostLimits,
): Promise<Result<WorkerMachine>> {
  const first = await startSession(connect, startMs);
  if (!first.ok) return first;
  const { ready } = first.value;
  const code = decodeItem(ready.code);
  if (!code.ok) return fail('E_MACHINE', 'RUN-14', 'the worker does not say what code it runs');

  let session: Session | undefined = first.value;
  let closed = false;
  let tail: Promise<unknown> = Promise.resolve();
  let number = 0;

  const openSession = async (): Promise<Result<Session>> => {
    if (session !== undefined && !session.ended) return ok(session);
    const again = await startSession(connect, startMs);
    if (!again.ok) return again;
    if (!sameReady(again.value.ready, ready)) {
      again.value.connection.end();
      return fail('E_MACHINE', 'RUN-14', `${ready.id}: another machine after a restart`);
    }
    session = again.value;
    return again;
  };

  const askNow = async (question: Question): Promise<Answer> => {
    const where = `${ready.id} v${ready.version}, ${question.kind === 'apply' ? question.call.operation : question.kind}`;
    if (closed) return fail('E_MACHINE', 'RUN-14', `${where}: closed`);
    const opened = await openSession();
    if (!opened.ok) return opened;
    const { connection } = opened.value;
    const asked = (number += 1);
    connection.hold(true);
    const heard = await nextOf((listener) => {
      opened.value.listen = listener;
      connection.send({ number: asked, question });
    }, limitMs);
    opened.value.listen = undefined;
    connection.hold(false);
    if (heard !== 'late' && 'kind' in heard && heard.kind === 'answer' && heard.number === asked) return heard.answer;
    connection.end();
    session = undefined;
    return heard === 'late' ? fail('E_LIMIT', 'RUN-14', `${where}: longer than ${limitMs} ms`) : explain(where, heard);
  };

  const ask = <T>(question: Question): Promise<Result<T>> => {
    const answer = tail.then(() => askNow(question)) as Promise<Result<T>>;
    tail = answer;
    return answer;
  };

  return ok({
    id: ready.id,
    version: ready.version,
    code: hashItem(suite, 'machine-code', code.value),
    init: (params, parties) => ask({ kind: 'init', params: own(params), parties }),
    apply: (state, call) => ask({ kind: 'apply', state: own(state), call: { ...call, input: own(call.input) } }),
    migrate: (state, from) => ask({ kind: 'migrate', state: own(state), from }),
    close: () => {
      closed = true;
      session?.connection.end();
    },
  });
}
