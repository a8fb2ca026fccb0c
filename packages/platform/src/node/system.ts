/** Time and entropy of this machine. */
import { randomBytes } from 'node:crypto';
import type { Clock, Entropy } from '@dsm/core';
import { plainBytes } from './keys.ts';

export const systemClock: Clock = () => Date.now();

export const systemEntropy: Entropy = (length) => plainBytes(randomBytes(length));
