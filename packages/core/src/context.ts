/** What every verifier needs: cryptography, the pinned network, and the evidence at hand. */
import type { Evidence } from './bundle/evidence.ts';
import type { NetworkContext } from './network/description.ts';

export interface Context extends NetworkContext {
  readonly evidence: Evidence;
}
