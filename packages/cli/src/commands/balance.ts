/** `dsm balance`: four disjoint amounts for each token, by how sure they are. */
import { ok, toHex } from '@dsm/core';
import { balances, formatAmount, showRestore, type Device } from '@dsm/wallet';
import type { Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { answer } from '../output/answer.ts';
import { bold, dim, warning } from '../output/style.ts';
import { alignRows } from '../output/table.ts';
import { formatTime } from '../output/words.ts';

const HEADER = ['', 'available', 'set aside', 'reserved', 'provisional'];
/** Said only of what is there. */
const MEANINGS = {
  setAside: 'set aside    yours, kept for a contact until the date of its reservation',
  reserved: 'reserved     received, final once claimed: dsm sync does it',
  provisional: 'provisional  received, may still be taken back until it is certified',
} as const;

const isSome = (amount: string): boolean => /[1-9]/.test(amount);

/** What a restored wallet cannot know of, said beside the grade. */
async function describeHidden(device: Device): Promise<readonly string[]> {
  const restore = await showRestore(device);
  if (!restore.ok || !restore.value || restore.value.olderReservations === 0) return [];
  return [
    warning(
      `restored from a backup of ${formatTime(restore.value.backupAt)}: what was paid out of reservations since is lost if its payer does not show it again`,
    ),
  ];
}

export const balanceCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const found = await balances(device);
    if (!found.ok) return found;
    const rows = found.value.map(({ token, policy, available, setAside, reserved, provisional }) => {
      const format = (amount: bigint): string => formatAmount(amount, policy.decimals);
      return {
        symbol: policy.symbol,
        token: toHex(token),
        available: format(available),
        setAside: format(setAside),
        reserved: format(reserved),
        provisional: format(provisional),
      };
    });
    if (rows.length === 0) return ok(answer({ balances: [] }, 'nothing yet'));
    const cells = rows.map(({ symbol, available, setAside, reserved, provisional }) => [
      bold(symbol),
      available,
      setAside,
      reserved,
      isSome(provisional) ? warning(provisional) : provisional,
    ]);
    const meanings = Object.entries(MEANINGS).flatMap(([column, words]) =>
      rows.some((row) => isSome(row[column as keyof typeof MEANINGS])) ? [dim(words)] : [],
    );
    const hidden = await describeHidden(device);
    return ok(answer({ balances: rows }, ...alignRows([HEADER, ...cells], [1, 2, 3, 4]), ...meanings, ...hidden));
  });
