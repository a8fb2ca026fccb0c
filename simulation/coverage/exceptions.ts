/** Marks that no run of the simulation hits, each with the reason. A mark is named by its file and how its text begins. */

export interface Exception {
  readonly at: string;
  readonly text: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [];
