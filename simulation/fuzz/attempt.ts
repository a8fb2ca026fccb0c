/** One input given to one target: its outcome, or what it broke. */
import type { Outcome, Target } from './targets/target.ts';

export type Attempt =
  | { readonly broken: undefined; readonly outcome: Outcome }
  /** What was thrown: a property that does not hold, or an exception of the code itself. */
  | { readonly broken: string; readonly outcome: undefined };

const describe = (thrown: unknown): string =>
  thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `thrown: ${String(thrown)}`;

/** Synchronous targets are answered at once: waiting for each would halve the speed. */
export function attempt(target: Target, input: Uint8Array): Attempt | Promise<Attempt> {
  const before = input.slice();
  const after = (outcome: Outcome): Attempt =>
    Buffer.compare(before, input) === 0
      ? { broken: undefined, outcome }
      : { broken: 'Violation: the input was written to', outcome: undefined };
  const refused = (thrown: unknown): Attempt => ({ broken: describe(thrown), outcome: undefined });
  try {
    const outcome = target.run(input);
    return outcome instanceof Promise ? outcome.then(after, refused) : after(outcome);
  } catch (thrown) {
    return refused(thrown);
  }
}
