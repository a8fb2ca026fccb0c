/** Calls that their caller may stop (rule SDK-2). */
import { fail, type Err } from '@dsm/core';

export interface Stoppable {
  readonly signal?: AbortSignal | undefined;
}

export const aborted = (): Err =>
  fail('E_ABORTED', 'SDK-2', 'the call was stopped; what was durable stays, and the same call goes on from there');

export const anySignal = (...signals: readonly (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((one) => one !== undefined));

/** Resolves when the signal fires; `end` forgets about it. */
export function whenAborted(signal: AbortSignal): { readonly fired: Promise<void>; readonly end: () => void } {
  let end = (): void => {};
  const fired = new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const listener = (): void => resolve();
    signal.addEventListener('abort', listener, { once: true });
    end = () => signal.removeEventListener('abort', listener);
  });
  return { fired, end };
}

/** The outcome of `work`, or undefined when the signal fires first; `work` goes on unheard then. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (!signal) return work;
  const stopped = whenAborted(signal);
  try {
    return await Promise.race([work, stopped.fired.then(() => undefined)]);
  } finally {
    stopped.end();
  }
}

/** Sleeps, or less. */
export async function sleepUnless(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await unlessAborted(slept, signal);
  clearTimeout(timer);
}
