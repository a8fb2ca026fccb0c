/** `@dsm/platform/browser`: the ports of `@dsm/core` in a browser, beside those of `@dsm/platform/portable`. */
export { openIndexedStore, type IndexedStoreOptions } from './indexed-store.ts';
