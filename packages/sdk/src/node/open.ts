/** Wallets on Node: SQLite in a directory, OpenSSL, HTTP. The command line opens the same directories. */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, type Result, type Store } from '@dsm/core';
import { nodeCryptoSuite, openSqliteStore, systemClock, systemEntropy, wordsFromEntropy } from '@dsm/platform/node';
import { makeOpenWallet, type OpenWallet, type Platform } from '../open.ts';
import { makeVerify, type Verify } from '../verify.ts';

/** `NAME.sqlite` is a file, anything else a directory with `wallet.sqlite` in it; readable by the owner only. */
export async function openStore(path: string): Promise<Result<Store>> {
  let isFile = path.endsWith('.sqlite');
  try {
    isFile ||= lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
    mkdirSync(isFile ? dirname(path) : path, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    return fail(
      'E_STORE',
      'SDK-11',
      `${path} cannot be made: ${thrown instanceof Error ? thrown.message : 'no reason'}`,
    );
  }
  return openSqliteStore({ path: isFile ? path : join(path, 'wallet.sqlite'), exclusive: true, check: true });
}

const suite = nodeCryptoSuite();

export const nodePlatform: Platform = {
  suite,
  clock: systemClock,
  entropy: systemEntropy,
  wordsFromEntropy,
  openStore,
};

export const openWallet: OpenWallet = makeOpenWallet(nodePlatform);

export const verify: Verify = makeVerify(suite);
