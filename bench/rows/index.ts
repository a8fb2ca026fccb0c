/** All benches in the order of the table. */
import type { Bench } from '../harness/bench.ts';
import { certifiedBenches } from './certified.ts';
import { chainBenches } from './chain.ts';
import { leafBenches } from './leaves.ts';
import { paymentBenches } from './payments.ts';
import { sizeBenches } from './sizes.ts';
import { signatureBenches } from './signatures.ts';

export const BENCHES: readonly Bench[] = [
  ...chainBenches,
  ...leafBenches,
  ...signatureBenches,
  ...paymentBenches,
  ...certifiedBenches,
  ...sizeBenches,
];
