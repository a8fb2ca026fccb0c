/** All checks of a run, in the order of the sentences. */
import type { MakeCheck } from './check.ts';
import { oneSignature } from './one-signature.ts';

export const CHECKS: readonly MakeCheck[] = [oneSignature];
