/** The files whose branches are marks: what decides about money, in core, nodes and wallets. */
import { readdirSync } from 'node:fs';

const FOLDERS: readonly string[] = [
  'packages/core/src/account',
  'packages/core/src/chain',
  'packages/core/src/evidence',
  'packages/core/src/messages',
  'packages/core/src/relationship',
  'packages/core/src/vault',
  'packages/directory/src/admission',
  'packages/wallet/src/account',
  'packages/wallet/src/chain',
  'packages/wallet/src/exchange',
  'packages/wallet/src/restore',
  'packages/wallet/src/sync',
  'packages/wallet/src/unlock',
  'packages/wallet/src/vault',
];

const FILES: readonly string[] = [
  'packages/core/src/network/certificate.ts',
  'packages/core/src/network/gather.ts',
  'packages/core/src/network/rounds.ts',
  'packages/core/src/network/submission.ts',
  'packages/core/src/network/unlock.ts',
  'packages/directory/src/rounds.ts',
  'packages/directory/src/sequencer.ts',
  'packages/directory/src/slot.ts',
];

/** Paths from the root of the repository, in order. */
export const listProtocolFiles = (root: URL): readonly string[] =>
  [
    ...FILES,
    ...FOLDERS.flatMap((folder) =>
      readdirSync(new URL(folder, root))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    ),
  ].toSorted();
