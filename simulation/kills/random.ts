import { seededRandom as randomOf, type Random } from '../world/random.ts';

export type { Random };

/** A run that goes on draws from another stream of the same seed. */
export const seededRandom = (seed: number, stream = 0): Random => randomOf(seed).fork(`kills ${stream}`);

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
