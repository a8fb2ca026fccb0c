/**
 * Stands in for `@dsm/platform/node` where the tests of the rules are run for what they do: signatures that cost two
 * hashes, and chance that is the same in every run of the report.
 */
import type { CryptoSuite, Entropy } from '@dsm/core';
import { seededRandom } from '../../world/random.ts';
import { standInSuite } from '../../world/suite.ts';

export * from '../../../packages/platform/src/node/index.ts';

/** One for all tests, since some sign with one and verify with another. */
const suite = standInSuite();

export const nodeCryptoSuite = (): CryptoSuite => suite;

const random = seededRandom(1);

export const systemEntropy: Entropy = (length) => random.bytes(length);
