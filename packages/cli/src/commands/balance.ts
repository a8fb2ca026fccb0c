/** `dsm balance`: four disjoint amounts for each token, by how sure they are. */
import { ok, toHex } from '@dsm/core';
import { balances, formatAmount } from '@dsm/wallet';
import type { Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { answer } from '../output/answer.ts';
import { bold, dim, warning } from '../output/style.ts';
import { alignRows } from '../output/table.ts';

const HEADER = ['', 'available', 'set aside', 'reserved', 'provisional'];
const LEGEND = [
  'available    certified, yours to spend',
  'set aside    yours, kept for a contact until the date of its reservation',
  'reserved     received, final once claimed: sync does it',
  'provisional  received, may still be taken back until it is certified',
];

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
      /[1-9]/.test(provisional) ? warning(provisional) : provisional,
    ]);
    return ok(answer({ balances: rows }, ...alignRows([HEADER, ...cells], [1, 2, 3, 4]), '', ...LEGEND.map(dim)));
  });
