/** `dsm pay`. */
import { ok } from '@dsm/core';
import { findContact, formatAmount, payOnline } from '@dsm/wallet';
import { argument, option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readSum } from '../home/names.ts';
import { answer } from '../output/answer.ts';
import { certifiedJson, certifiedLines } from '../output/payment.ts';
import { bold } from '../output/style.ts';

const SALT_BYTES = 16;

export const pay: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const { token, amount } = sum.value;
    const order = option(call, 'order');
    const paid = await payOnline(device, {
      to: contact.value.account,
      token: token.token,
      amount,
      ...(order !== undefined && { reference: { salt: device.entropy(SALT_BYTES), order, refundOf: null } }),
    });
    if (!paid.ok) return paid;
    const words = `${formatAmount(amount, token.policy.decimals)} ${token.policy.symbol}`;
    return ok(
      answer(
        certifiedJson(paid.value),
        `paid ${bold(words)} to ${bold(contact.value.name)}`,
        ...certifiedLines(paid.value),
      ),
    );
  });
