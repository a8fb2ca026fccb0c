/** `dsm claim` and `dsm submit`: anybody may carry a payee's claim to the nodes. */
import { fail, ok, toHex, type Result } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import {
  buildClaim,
  dueClaims,
  httpTransport,
  listReservations,
  submitFile,
  type Device,
  type DueClaim,
} from '@dsm/wallet';
import { argument, option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { writeKept } from '../home/once.ts';
import { readInput } from '../input/file.ts';
import { readNetworkFile } from '../input/network-file.ts';
import { moneyFormatter } from '../output/amount.ts';
import { answer } from '../output/answer.ts';
import { bold } from '../output/style.ts';
import { formatTime, isoTime } from '../output/words.ts';

export const claimCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const due = await chooseClaim(device, option(call, 'reservation'));
    if (!due.ok) return due;
    const { reservation, amount, lostAt } = due.value;
    const out = option(call, 'out') ?? '';
    // A claim is signed anew each time; the file of one total is kept, so that it repeats in the same bytes.
    const written = await writeKept(device, { name: 'claim', parameters: [reservation, amount], out }, () =>
      buildClaim(device, reservation),
    );
    if (!written.ok) return written;
    const money = (await moneyFormatter(device))(await tokenOf(device, due.value), amount);
    const id = toHex(reservation);
    return ok(
      answer(
        { reservation: id, ...money, until: isoTime(lostAt) },
        `${out}: claim of ${bold(`${money.amount} ${money.symbol}`)}, to be at the nodes by ${formatTime(lostAt)}`,
        'anybody may carry it: dsm submit',
      ),
    );
  });

/** The named reservation, else the one that ends first. */
async function chooseClaim(device: Device, id: string | undefined): Promise<Result<DueClaim>> {
  const due = await dueClaims(device);
  if (!due.ok) return due;
  const chosen = due.value.find(({ reservation }) => id === undefined || toHex(reservation).startsWith(id));
  return chosen ? ok(chosen) : fail('E_NOT_FOUND', 'RES-4', 'nothing is left to claim');
}

async function tokenOf(device: Device, { reservation }: DueClaim) {
  const id = toHex(reservation);
  const found = (await listReservations(device)).find(({ vault }) => toHex(vault) === id);
  if (!found) throw new Error('a claim without its reservation');
  return found.token;
}

export const submitCommand: Command = async (call) => {
  const suite = nodeCryptoSuite();
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  const network = readNetworkFile(suite, option(call, 'network') ?? '');
  if (!network.ok) return network;
  const { endpoints } = network.value;
  const submitted = await submitFile(
    { suite, network: network.value.network, transport: httpTransport(endpoints) },
    file.value,
  );
  if (!submitted.ok) return submitted;
  const { chain, index, hash, receipts } = submitted.value;
  return ok(
    answer(
      { grade: 'certified', chain: toHex(chain), index, hash: toHex(hash), receipts: receipts.length },
      `the claim is certified: state ${index} of reservation ${toHex(chain)}`,
    ),
  );
};
