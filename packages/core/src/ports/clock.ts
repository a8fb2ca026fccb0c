/** Time and entropy come from outside: the simulator supplies its own. */

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** Fresh unpredictable bytes. */
export type Entropy = (length: number) => Uint8Array;
