/**
 * The one writer of a node (spec NET-18, NET-19). Decisions that arrive together form a batch: one commit with their
 * slots and log leaves at dense positions, one signed tree head, then all answers. Nothing is held in memory from one
 * batch to the next, so a commit that failed, whether or not it is there, is simply read again.
 */
import { fail, ok, StoreError, type Failure, type Receipt, type Result, type Statement } from '@dsm/core';
import type { NodeContext } from './context.ts';
import { appendToLog, makeReceipt, readLogSize } from './store/log.ts';
import { openTransaction, type Transaction } from './store/transaction.ts';

/** What a job may do: read and write records, and append to the log. */
export interface Batch extends Transaction {
  /** Position that the next leaf will have. */
  nextLeaf(): number;
  append(statement: Statement): void;
}

export interface Outcome<T> {
  readonly value: T;
  /** The leaf whose receipt the answer needs. */
  readonly leaf: number | null;
}

export interface Answered<T> {
  readonly value: T;
  readonly receipt: Receipt | null;
}

export type Job<T> = (batch: Batch) => Promise<Outcome<T>>;

export interface Sequencer {
  run<T>(job: Job<T>): Promise<Result<Answered<T>>>;
  /** Resolves once everything that was asked for is answered. */
  drain(): Promise<void>;
}

interface Pending {
  readonly job: Job<unknown>;
  readonly answer: (result: Result<Answered<unknown>>) => void;
}

/** Bounds the size of a commit. */
const BATCH_JOBS = 256;
/** Another writer on the same store was faster that many times. */
const ATTEMPTS = 5;

/** Lets the requests that have arrived by now be read before the batch closes. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failureOf = (thrown: unknown): Failure =>
  thrown instanceof StoreError
    ? thrown.failure
    : { code: 'E_INTERNAL', rule: 'NET-18', message: 'a defect in this node' };

export function startSequencer(node: NodeContext, waitForOthers: () => Promise<void> = nextTurn): Sequencer {
  const queue: Pending[] = [];
  let running: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      await waitForOthers();
      await answerBatch(node, queue.splice(0, BATCH_JOBS));
    }
    running = undefined;
  };

  return {
    run: <T>(job: Job<T>) =>
      new Promise((resolve) => {
        queue.push({ job, answer: resolve as Pending['answer'] });
        running ??= work();
      }),
    drain: async () => running,
  };
}

type Decided = { readonly pending: Pending; readonly result: Result<Outcome<unknown>> };

async function answerBatch(node: NodeContext, batch: readonly Pending[]): Promise<void> {
  const decided = await decideBatch(node, batch);
  if (!decided.ok) {
    const { code, message } = decided.error;
    node.log({ atMs: node.clock(), level: 'error', event: 'batch failed', detail: { code, message } });
    for (const { answer } of batch) answer(decided);
    return;
  }
  for (const { pending, result } of decided.value) pending.answer(await completed(node, result));
}

async function completed(node: NodeContext, result: Result<Outcome<unknown>>): Promise<Result<Answered<unknown>>> {
  if (!result.ok) return result;
  const { value, leaf } = result.value;
  if (leaf === null) return ok({ value, receipt: null });
  try {
    const receipt = await makeReceipt(node, leaf);
    return receipt.ok ? ok({ value, receipt: receipt.value }) : receipt;
  } catch (thrown) {
    return { ok: false, error: failureOf(thrown) };
  }
}

/** Decides and commits. Tries again from what the store holds where somebody else has written meanwhile. */
async function decideBatch(node: NodeContext, batch: readonly Pending[]): Promise<Result<readonly Decided[]>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { decided, committed } = await tryBatch(node, batch);
      if (committed.ok) return ok(decided);
      if (committed.error.code !== 'E_CONFLICT') return committed;
      if (attempt === ATTEMPTS) return fail('E_BUSY', 'NET-19', 'another process writes to the store of this node');
    } catch (thrown) {
      return { ok: false, error: failureOf(thrown) };
    }
  }
}

async function tryBatch(
  node: NodeContext,
  batch: readonly Pending[],
): Promise<{ readonly decided: readonly Decided[]; readonly committed: Result<undefined> }> {
  const transaction = openTransaction(node.store);
  const size = await readLogSize(transaction);
  const statements: Statement[] = [];
  const decided: Decided[] = [];
  for (const pending of batch) {
    decided.push({ pending, result: await decideOne(node, pending.job, transaction, size, statements) });
  }
  if (statements.length > 0) await appendToLog(node, transaction, statements);
  return { decided, committed: transaction.isEmpty() ? ok(undefined) : await transaction.commit() };
}

/** A job that throws takes nothing else of its batch with it. */
async function decideOne(
  node: NodeContext,
  job: Job<unknown>,
  transaction: ReturnType<typeof openTransaction>,
  size: number,
  statements: Statement[],
): Promise<Result<Outcome<unknown>>> {
  const own: Statement[] = [];
  try {
    const outcome = await transaction.part((part) =>
      job({
        ...part,
        nextLeaf: () => size + statements.length + own.length,
        append: (statement) => void own.push(statement),
      }),
    );
    statements.push(...own);
    return ok(outcome);
  } catch (thrown) {
    const error = failureOf(thrown);
    node.log({ atMs: node.clock(), level: 'error', event: 'decision failed', detail: { error: String(thrown) } });
    return { ok: false, error };
  }
}
