/** `dsm reserve`, `dsm close` and `dsm release`. */
import { ok, toHex } from '@dsm/core';
import {
  closeReservations,
  findContact,
  formatAmount,
  releaseExpired,
  reserve,
  type Closed,
  type Device,
  type Released,
} from '@dsm/wallet';
import { argument, option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readSum } from '../home/names.ts';
import { parseTime } from '../input/duration.ts';
import { moneyFormatter } from '../output/amount.ts';
import { answer } from '../output/answer.ts';
import { bold, dim, warning } from '../output/style.ts';
import { formatTime, isoTime } from '../output/words.ts';

const DEFAULT_UNTIL = '30d';

export const reserveCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const until = parseTime(option(call, 'until') ?? DEFAULT_UNTIL, '--until', device.clock());
    if (!until.ok) return until;
    const { token, amount } = sum.value;
    const reserved = await reserve(device, {
      for: contact.value.account,
      token: token.token,
      amount,
      until: until.value,
    });
    if (!reserved.ok) return reserved;
    const { name } = contact.value;
    const words = `${formatAmount(amount, token.policy.decimals)} ${token.policy.symbol}`;
    const id = toHex(reserved.value.reservation);
    return ok(
      answer(
        { reservation: id, until: isoTime(reserved.value.until) },
        `${bold(words)} set aside for ${bold(name)} until ${formatTime(reserved.value.until)}`,
        lastsLongEnough(device, reserved.value.until)
          ? `payments out of it are final for ${name} on the spot, offline too; what is left comes back by: dsm release ${name}`
          : warning(`too short for ${name} to rely on it offline; it comes back by: dsm release ${name}`),
        dim(`reservation ${id}`),
      ),
    );
  });

/** From E - margin on nobody grades `reserved` out of it (spec NET-1). */
const lastsLongEnough = (device: Device, untilMs: number): boolean =>
  untilMs - device.network.marginMs > device.clock();

export const releaseCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const released = await releaseExpired(device, contact.value.account);
    if (!released.ok) return released;
    const rows = await describeBack(device, released.value);
    const lines = rows.map(({ amount, symbol }) => `${bold(`${amount} ${symbol}`)} taken back`);
    return ok(answer({ released: rows }, ...(lines.length > 0 ? lines : ['nothing was left to take back'])));
  });

/** What went back, of each reservation. */
async function describeBack(device: Device, back: readonly (Released | Closed)[]) {
  const format = await moneyFormatter(device);
  return back.map(({ reservation, token, amount }) => {
    const money = format(token, amount);
    return { reservation: toHex(reservation), amount: money.amount, symbol: money.symbol };
  });
}

export const closeCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const closed = await closeReservations(device, contact.value.account);
    if (!closed.ok) return closed;
    const rows = await describeBack(device, closed.value);
    const lines = rows.map(
      ({ amount, symbol }) => `${bold(`${amount} ${symbol}`)} given back to ${contact.value.name}`,
    );
    return ok(answer({ closed: rows }, ...(lines.length > 0 ? lines : ['nothing was left to give back'])));
  });
