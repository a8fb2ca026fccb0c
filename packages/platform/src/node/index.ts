/** `@dsm/platform/node`: the ports of `@dsm/core` on Node 24. */
export { nodeCryptoSuite } from './crypto.ts';
export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
export { systemClock, systemEntropy } from './system.ts';
export { entropyFromWords, wordsFromEntropy } from '../shared/words.ts';
