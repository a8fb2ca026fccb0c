/** Marks that nothing hits, by reason. A mark is named by its file and how its text begins. */
import { NOT_REACHED_YET } from './not-reached.ts';

export interface Exception {
  readonly at: string;
  readonly text: string;
  readonly reason: string;
  /** Nothing but luck or work is missing: told if it is hit after all, and no failure. */
  readonly isOpen?: boolean;
}

export type Named = readonly (readonly [at: string, text: string])[];

interface Group {
  readonly reason: string;
  readonly marks: Named;
}

const GROUPS: readonly Group[] = [];

export const EXCEPTIONS: readonly Exception[] = [
  ...GROUPS.flatMap(({ reason, marks }) => marks.map(([at, text]) => ({ at, text, reason }))),
  ...NOT_REACHED_YET.map(([at, text]) => ({ at, text, reason: 'not reached yet, and could be', isOpen: true })),
];
