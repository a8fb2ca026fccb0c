/** `@dsm/platform/portable`: the ports of `@dsm/core` wherever JavaScript runs. */
export { portableCryptoSuite } from './crypto.ts';
export { webEntropy } from './entropy.ts';
export { entropyFromWords, wordsFromEntropy } from '../shared/words.ts';
