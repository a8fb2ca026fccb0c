/** The smallest game: two parties, one of them to move, a score that everybody can check. */
import * as z from 'zod';
import { defineMachine, refuse } from '../../src/index.ts';

const LINES = '012 345 678 036 147 258 048 246'.split(' ').map((line) => line.split('').map(Number));

const party = z.int().min(0).max(1);

export const ticTacToe = defineMachine({
  id: 'tic-tac-toe',
  version: 1,
  state: z.object({
    cells: z.array(party.nullable()).length(9),
    next: party.nullable(),
    first: party,
    score: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
  init: {
    input: z.object({ first: party }),
    create: ({ first }) => ({ cells: Array.from({ length: 9 }, () => null), next: first, first, score: [0, 0] }),
  },
  turn: (state) => state.next,
  operations: {
    move: {
      input: z.object({ cell: z.int().min(0).max(8) }),
      signers: 'proposer',
      apply({ state, input, by }) {
        if (state.next === null) refuse('the game is over');
        if (by !== state.next) refuse('not your turn');
        if (state.cells[input.cell] !== null) refuse(`cell ${input.cell} is taken`);
        const cells = state.cells.with(input.cell, by);
        const wins = LINES.some((line) => line.every((cell) => cells[cell] === by));
        const [zero, one] = state.score;
        return {
          ...state,
          cells,
          next: wins || !cells.includes(null) ? null : 1 - by,
          score: wins ? [zero + (by === 0 ? 1 : 0), one + (by === 1 ? 1 : 0)] : state.score,
        };
      },
    },
    again: {
      input: z.null(),
      apply({ state }) {
        if (state.next !== null) refuse('the game is not over');
        const first = 1 - state.first;
        return { ...state, cells: state.cells.map(() => null), next: first, first };
      },
    },
  },
});
