/**
 * What the shipped code takes from the machine without a port: timers, and by way of libraries perhaps the date or a
 * random number. For the time of a run they belong to the world.
 */
import type { Random } from './random.ts';
import type { Handle, Scheduler } from './scheduler.ts';

type Globals = Pick<
  typeof globalThis,
  'setTimeout' | 'clearTimeout' | 'setImmediate' | 'clearImmediate' | 'setInterval' | 'clearInterval'
>;

/** Puts the world's clock in the place of the machine's; the answer puts the machine's back. */
export function takeGlobals(scheduler: Scheduler, random: Random): () => void {
  const kept: Globals = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setImmediate: globalThis.setImmediate,
    clearImmediate: globalThis.clearImmediate,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  const { now } = Date;
  const { random: draw } = Math;
  const later = (work: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): Handle =>
    scheduler.after(delayMs, 'timer', () => work(...args));
  const cancel = (handle: unknown): void => {
    if (typeof handle === 'object' && handle !== null) (handle as Handle).cancelled = true;
  };
  const refuse = (): never => {
    throw new Error('the simulated code must not repeat itself by the clock of the machine');
  };
  const virtual = {
    setTimeout: later,
    clearTimeout: cancel,
    setImmediate: (work: (...args: unknown[]) => void, ...args: unknown[]) => later(work, 0, ...args),
    clearImmediate: cancel,
    setInterval: refuse,
    clearInterval: cancel,
  };
  Object.assign(globalThis, virtual);
  Date.now = () => scheduler.nowMs();
  Math.random = () => random.next() / 4_294_967_296;
  return () => {
    Object.assign(globalThis, kept);
    Date.now = now;
    Math.random = draw;
  };
}
