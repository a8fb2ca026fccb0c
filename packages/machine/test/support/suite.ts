import { portableCryptoSuite } from '@dsm/platform/portable';
import type { CryptoSuite } from '@dsm/core';

export const suite: CryptoSuite = portableCryptoSuite();
