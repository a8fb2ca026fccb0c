/** `dsm token create` and `dsm token mint`. */
import { LIMITS, ok, toHex } from '@dsm/core';
import { createToken, formatAmount, mint, parseAmount } from '@dsm/wallet';
import { argument, option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readSum } from '../home/names.ts';
import { parseWhole } from '../input/number.ts';
import { answer } from '../output/answer.ts';
import { certifiedJson, certifiedLines } from '../output/payment.ts';
import { bold, dim } from '../output/style.ts';

export const createTokenCommand: Command = async (call) => {
  const symbol = argument(call, 'symbol');
  const decimals = parseWhole(option(call, 'decimals') ?? '', '--decimals', 0, LIMITS.decimals);
  if (!decimals.ok) return decimals;
  const cap = parseAmount(option(call, 'max') ?? '', decimals.value);
  if (!cap.ok) return cap;
  return withDevice(call, async (device) => {
    const created = await createToken(device, { symbol, decimals: decimals.value, cap: cap.value });
    if (!created.ok) return created;
    const token = toHex(created.value.token);
    const max = formatAmount(cap.value, decimals.value);
    return ok(
      answer(
        { token, symbol, decimals: decimals.value, max },
        `${bold(symbol)} created: at most ${max} can ever be issued, by this wallet alone`,
        dim(`${symbol}@${token}`),
      ),
    );
  });
};

export const mintCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const { token, policy } = sum.value.token;
    const minted = await mint(device, token, sum.value.amount);
    if (!minted.ok) return minted;
    const amount = `${formatAmount(sum.value.amount, policy.decimals)} ${policy.symbol}`;
    return ok(answer(certifiedJson(minted.value), `issued ${bold(amount)}`, ...certifiedLines(minted.value)));
  });
