/** Every function that is given bytes from outside. A test compares it with what core exports. */
import { makeRounds } from '../seeds/rounds.ts';
import { makeScene } from '../seeds/wallets.ts';
import type { World } from '../seeds/world.ts';
import { chainTargets } from './chains.ts';
import { codecTargets } from './codecs.ts';
import { issuingTargets } from './issuing.ts';
import { envelopeTargets } from './envelopes.ts';
import { fileTargets } from './files.ts';
import { machineTargets } from './machines.ts';
import { networkTargets } from './network.ts';
import { nodeTargets } from './node.ts';
import { roundTargets } from './rounds.ts';
import type { Target } from './target.ts';
import { textTargets } from './texts.ts';
import { walletTargets } from './wallet.ts';

/** The pure ones. */
export const coreTargets = (world: World): readonly Target[] => [
  ...codecTargets(world),
  ...fileTargets(world),
  ...issuingTargets(world),
  ...envelopeTargets(world),
  ...chainTargets(world),
  ...machineTargets(world),
  ...networkTargets(world),
  ...roundTargets(world, makeRounds(world)),
  ...textTargets(world),
];

/** All of them: the pure ones, a node's handlers, and what a device takes from others. */
export const allTargets = async (world: World): Promise<readonly Target[]> => [
  ...coreTargets(world),
  ...(await nodeTargets(world)),
  ...walletTargets(world, await makeScene(world)),
];
