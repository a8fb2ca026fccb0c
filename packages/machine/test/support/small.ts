/** A machine of one operation, for tests of what a machine may do. */
import type { AppliedStep, MachineCall, Result } from '@dsm/core';
import {
  bindMachine,
  defineMachine,
  encodeValue,
  unchecked,
  type BoundMachine,
  type Definition,
} from '../../src/index.ts';
import { must } from '@dsm/core';
import { suite } from './suite.ts';

type Part = Partial<Definition> & Partial<Definition['operations'][string]>;

/** A counter that adds its input, changed by what the test gives. */
export function makeSmall({ apply, signers, input, ...rest }: Part = {}): BoundMachine<
  unknown,
  unknown,
  { go: unknown }
> {
  const machine = {
    id: 'small',
    version: 3,
    state: unchecked<unknown>(),
    init: { input: unchecked<unknown>(), create: (params: unknown) => params },
    operations: {
      go: {
        input: input ?? unchecked<unknown>(),
        apply: apply ?? (({ state, input }) => (state as number) + (input as number)),
        ...(signers === undefined ? {} : { signers }),
      },
    },
    ...rest,
  };
  return bindMachine(suite, defineMachine(machine as never)) as never;
}

export const bytesOf = (value: unknown): Uint8Array => must(encodeValue(value));

export const callOf = (input: unknown, change: Partial<MachineCall> = {}): MachineCall => ({
  number: 1,
  operation: 'go',
  input: bytesOf(input),
  proposer: 0,
  parties: 2,
  ...change,
});

/** What one step from the state 1 with the input 2 answers. */
export const step = (part: Part, change: Partial<MachineCall> = {}): Result<AppliedStep> =>
  makeSmall(part).apply(bytesOf(1), callOf(2, change));

/** `CODE RULE message`, or `ok`. */
export const outcome = (result: Result<unknown>): string =>
  result.ok ? 'ok' : `${result.error.code} ${result.error.rule} ${result.error.message}`;
