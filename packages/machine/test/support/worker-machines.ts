/** Machines that a thread loads: a well one, and ones that would never come back. */
import { defineMachine, refuse, unchecked } from '../../src/index.ts';

const init = { input: unchecked<number>(), create: (params: number) => params };
const input = unchecked<number>();

export const machine = defineMachine({
  id: 'adder',
  version: 2,
  // The test's own build and the thread's write the same function differently.
  code: 'adder 2.0.0',
  state: unchecked<number>(),
  init,
  migrate: ({ state }) => (state as number) * 10,
  operations: {
    add: { input, apply: ({ state, input }) => (input === 0 ? refuse('nothing to add') : state + input) },
    loop: {
      input,
      apply: ({ state }) => {
        for (;;) if (state < 0) return state;
      },
    },
    hoard: {
      input,
      apply: () => {
        const all: unknown[] = [];
        for (let i = 0; ; i++) all.push({ i, text: `${i}` });
      },
    },
    leave: { input, apply: () => process.exit(3) },
    leak: { input, apply: () => Date.now() },
  },
});

export const notOne = { id: 'not one' };
