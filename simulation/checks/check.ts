/** A check: one sentence about every run, and how it would be seen to be broken. */
import type { Fact } from '../world/facts.ts';
import type { World } from '../world/world.ts';
import type { Chronicle } from './chronicle.ts';

export interface Check {
  readonly name: string;
  /** The sentence that is broken when this check complains. */
  readonly sentence: string;
  /** One fact that is new. Answers what is wrong, or nothing. */
  see?(fact: Fact): Promise<string | undefined> | string | undefined;
  /** After all facts of an event were seen. */
  afterEvent?(): Promise<string | undefined> | string | undefined;
  /** Once, when faults have stopped and everything was given time. */
  atEnd?(): Promise<string | undefined> | string | undefined;
}

/** A fresh check for each run: checks remember what they saw. */
export type MakeCheck = (world: World, chronicle: Chronicle) => Check;

export interface Violation {
  readonly check: string;
  readonly sentence: string;
  readonly what: string;
  readonly event: number;
  readonly atMs: number;
}
