/** `@dsm/platform/portable`: the ports of `@dsm/core` wherever JavaScript runs. */
export { portableCryptoSuite } from './crypto.ts';
export { webEntropy } from './entropy.ts';
