/** `@dsm/sdk` in a browser: everything of the portable face; wallets in IndexedDB, cryptography by noble. */
import { openIndexedStore } from '@dsm/platform/browser';
import { portableCryptoSuite, webEntropy, wordsFromEntropy } from '@dsm/platform/portable';
import { makeOpenWallet, type OpenWallet, type Platform } from '../open.ts';
import { makeVerify, type Verify } from '../verify.ts';

export * from '../index.ts';

const suite = portableCryptoSuite();

export const browserPlatform: Platform = {
  suite,
  clock: () => Date.now(),
  entropy: webEntropy,
  wordsFromEntropy,
  openStore: (name) => openIndexedStore({ name }),
};

export const openWallet: OpenWallet = makeOpenWallet(browserPlatform);

export const verify: Verify = makeVerify(suite);
