/** `dsm restore`. */
import { fail, ok, type NetworkFile, type Result } from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import {
  describeDevice,
  httpTransport,
  readWallet,
  restoreWallet,
  showRestore,
  verifyBackupFile,
  type BackupOptions,
  type Device,
  type RestoreFacts,
} from '@dsm/wallet';
import { argument, option, type Call, type Command } from '../call.ts';
import { closing, makeHome, openHome, requireWallet } from '../home/home.ts';
import { readPassphrase } from '../home/passphrase.ts';
import { readWords } from '../home/words.ts';
import { openClock } from '../input/clock.ts';
import { readInput } from '../input/file.ts';
import { readNetworkFile } from '../input/network-file.ts';
import { answer, type Answer } from '../output/answer.ts';
import { bold, warning } from '../output/style.ts';
import { formatTime, isoTime } from '../output/words.ts';

export const restoreCommand: Command = async (call) => {
  if (await holdsWallet(call.home)) {
    return fail('E_EXISTS', 'CLI-28', `there is a wallet in ${call.home} already; nothing was changed`);
  }
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  const network = readNetwork(call);
  if (!network.ok) return network;
  const seed = await readWords(call);
  if (!seed.ok) return seed;
  const backup: BackupOptions = {
    suite: nodeCryptoSuite(),
    file: file.value,
    seed: seed.value,
    ...(network.value && { network: network.value }),
  };
  // Checked before the home is made.
  const opened = await verifyBackupFile(backup);
  if (!opened.ok) return opened;
  const passphrase = await readPassphrase(call, { twice: true });
  if (!passphrase.ok) return passphrase;
  return closing(await makeHome(call.home), async (store) => {
    const device = await restoreWallet({
      ...backup,
      store,
      clock: clock.value,
      entropy: systemEntropy,
      transportFor: (endpoints) => httpTransport(endpoints),
      passphrase: passphrase.value,
    });
    return device.ok ? describe(call, device.value) : device;
  });
};

/** A crash may have left a home without a wallet in it. */
async function holdsWallet(home: string): Promise<boolean> {
  if (!requireWallet(home).ok) return false;
  const found = await closing(await openHome(home), (store) => readWallet({ store, suite: nodeCryptoSuite() }));
  return found.ok || found.error.code !== 'E_NOT_FOUND';
}

function readNetwork(call: Call): Result<NetworkFile | undefined> {
  const path = option(call, 'network');
  return path === undefined ? ok(undefined) : readNetworkFile(nodeCryptoSuite(), path);
}

async function describe(call: Call, device: Device): Promise<Result<Answer>> {
  const shown = await showRestore(device);
  if (!shown.ok) return shown;
  const { backupAt, contacted, signsFrom, unknownPayments, olderReservations } = shown.value as RestoreFacts;
  const id = describeDevice(device);
  const json = {
    ...id,
    backupAt: isoTime(backupAt),
    signsFrom: isoTime(signsFrom),
    unknown: { payments: unknownPayments, reservations: olderReservations },
  };
  return ok(
    answer(
      json,
      `${bold(id.name)} lives in ${call.home} again, as of ${formatTime(backupAt)}`,
      `account ${id.account}`,
      '',
      warning(`It signs nothing until ${formatTime(signsFrom)}: until then what the lost device signed runs out.`),
      ...(contacted ? [] : [warning('The nodes were not reached: that wait begins with the first dsm sync.')]),
      'Claims and dsm sync go on at once; the first sync after that date certifies the account anew.',
      '',
      'What happened since the backup:',
      '  certified payments, reservations and tokens come back with dsm sync',
      '  payments received out of reservations are lost unless the payer shows the commit again (dsm receive)',
      `  what became of payments that were under way is not known${unknownPayments > 0 ? `: ${unknownPayments} of them` : ''}`,
      'Never use the lost device again: two of one account sign against each other.',
    ),
  );
}
