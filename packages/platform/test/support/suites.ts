/** Every implementation of the crypto port, by name. */
import type { CryptoSuite } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import { portableCryptoSuite } from '@dsm/platform/portable';

export const SUITES: Readonly<Record<'node' | 'portable', CryptoSuite>> = {
  node: nodeCryptoSuite(),
  portable: portableCryptoSuite(),
};
