/**
 * Runs a machine's code with clocks and chance out of reach. What stood in their place is put back before anything
 * else can run: a machine is synchronous. Costs some ten microseconds.
 */
import { listLeaks, type Leak } from './leaks.ts';

export type Guarded<T> =
  | { readonly ended: true; readonly value: T; readonly leak: string | undefined }
  | { readonly ended: false; readonly thrown: unknown; readonly leak: string | undefined };

/** The globals are frozen: nothing can stand in their place, and the machine was not run. */
export class Unguarded extends Error {
  override readonly name = 'Unguarded';
}

class LeakError extends Error {
  override readonly name = 'LeakError';
}

interface Place extends Leak {
  /** Whether a plain assignment serves, which is many times faster than a definition. */
  readonly assigns: boolean;
}

/** One frame for each guarded call within another; a leak belongs to the innermost. */
const frames: { leak: string | undefined }[] = [];

function onLeak(name: string): never {
  const frame = frames.at(-1);
  // Remembered, so that a machine that catches the error is refused as well.
  if (frame !== undefined) frame.leak ??= name;
  throw new LeakError(`${name} is out of reach of a machine`);
}

let places: readonly Place[] | undefined;

function findPlaces(): readonly Place[] {
  return listLeaks(onLeak).flatMap((leak) => {
    const property = Object.getOwnPropertyDescriptor(leak.owner, leak.key);
    if (property === undefined) return [];
    return [{ ...leak, assigns: property.writable === true }];
  });
}

/** The names of all that is refused on this platform. */
export const refusedNames = (): readonly string[] => (places ??= findPlaces()).map(({ name }) => name);

type Saved = { readonly value: unknown } | PropertyDescriptor | undefined;

function hide(all: readonly Place[], saved: Saved[]): void {
  for (const { owner, key, assigns, replace } of all) {
    if (assigns) {
      const slots = owner as Record<string, unknown>;
      const value = slots[key];
      slots[key] = replace(value);
      saved.push({ value });
    } else {
      const property = Object.getOwnPropertyDescriptor(owner, key);
      const value = replace(undefined);
      Object.defineProperty(owner, key, { value, configurable: true, enumerable: property?.enumerable ?? false });
      saved.push(property);
    }
  }
}

function hideAll(all: readonly Place[], saved: Saved[]): void {
  try {
    hide(all, saved);
  } catch (error) {
    throw new Unguarded('clocks and chance cannot be put out of reach here', { cause: error });
  }
}

function restore(all: readonly Place[], saved: readonly Saved[]): void {
  for (const [i, was] of saved.entries()) {
    const { owner, key, assigns } = all[i] as Place;
    if (was === undefined) Reflect.deleteProperty(owner, key);
    else if (assigns) (owner as Record<string, unknown>)[key] = was.value;
    else Object.defineProperty(owner, key, was);
  }
}

/** Guarded calls within this one are guarded already and put nothing back. */
export function runGuarded<T>(run: () => T): Guarded<T> {
  const all = frames.length === 0 ? (places ??= findPlaces()) : [];
  const saved: Saved[] = [];
  const frame: { leak: string | undefined } = { leak: undefined };
  frames.push(frame);
  try {
    hideAll(all, saved);
    const value = run();
    return { ended: true, value, leak: frame.leak };
  } catch (thrown) {
    return { ended: false, thrown, leak: frame.leak };
  } finally {
    restore(all, saved);
    frames.pop();
  }
}
