/** `dsm token …`: creating tokens, issuing them alone or together, and destroying what came back. */
import { LIMITS, ok, toHex, type ChainId, type Result } from '@dsm/core';
import {
  approveIssue,
  burn,
  createToken,
  describeDevice,
  findContact,
  formatAmount,
  gatherApprovals,
  mint,
  parseAmount,
  proposeIssue,
  type Device,
  type OpenedIssue,
} from '@dsm/wallet';
import { argument, flag, option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readSum } from '../home/names.ts';
import { parseTime } from '../input/duration.ts';
import { readInput } from '../input/file.ts';
import { parseWhole } from '../input/number.ts';
import { answer } from '../output/answer.ts';
import { writeOutput } from '../output/file.ts';
import { certifiedJson, certifiedLines } from '../output/payment.ts';
import { bold, dim } from '../output/style.ts';

export const createTokenCommand: Command = async (call) => {
  const symbol = argument(call, 'symbol');
  const decimals = parseWhole(option(call, 'decimals') ?? '', '--decimals', 0, LIMITS.decimals);
  if (!decimals.ok) return decimals;
  const cap = parseAmount(option(call, 'max') ?? '', decimals.value);
  if (!cap.ok) return cap;
  return withDevice(call, async (device) => {
    const approvers = await readApprovers(call, device);
    if (!approvers.ok) return approvers;
    const expiresAt = readExpiry(call, device);
    if (!expiresAt.ok) return expiresAt;
    const created = await createToken(device, {
      symbol,
      decimals: decimals.value,
      cap: cap.value,
      transferable: !flag(call, 'notTransferable'),
      ...expiresAt.value,
      ...approvers.value,
    });
    if (!created.ok) return created;
    const { token, policy } = created.value;
    const id = toHex(token);
    const max = formatAmount(cap.value, decimals.value);
    const who =
      policy.threshold === 0
        ? 'by this wallet alone'
        : `if ${policy.threshold} of ${policy.approvers.length} approvers agree`;
    return ok(
      answer(
        { token: id, symbol, decimals: decimals.value, max },
        `${bold(symbol)} created: at most ${max} can ever be issued, ${who}`,
        dim(`${symbol}@${id}`),
      ),
    );
  });
};

function readExpiry(call: Call, device: Device): Result<{ readonly expiresAt?: number }> {
  const text = option(call, 'until');
  if (text === undefined) return ok({});
  const time = parseTime(text, '--until', device.clock());
  return time.ok ? ok({ expiresAt: time.value }) : time;
}

interface Approvers {
  readonly approvers: readonly ChainId[];
  readonly threshold?: number;
}

/** `--approvers ann,ben`: contacts, or this wallet by its own name. */
async function readApprovers(call: Call, device: Device): Promise<Result<Approvers>> {
  const approvers: ChainId[] = [];
  for (const name of listOf(option(call, 'approvers'))) {
    if (name === describeDevice(device).name) {
      approvers.push(device.account);
      continue;
    }
    const contact = await findContact(device, name);
    if (!contact.ok) return contact;
    approvers.push(contact.value.account);
  }
  const text = option(call, 'threshold');
  if (text === undefined) return ok({ approvers });
  const threshold = parseWhole(text, '--threshold', 1, LIMITS.approvers);
  return threshold.ok ? ok({ approvers, threshold: threshold.value }) : threshold;
}

const listOf = (text: string | undefined): readonly string[] =>
  text === undefined ? [] : text.split(',').filter((part) => part !== '');

export const mintCommand: Command = async (call) => {
  const files: Uint8Array[] = [];
  for (const path of listOf(option(call, 'approvals'))) {
    const file = readInput(path);
    if (!file.ok) return file;
    files.push(file.value);
  }
  return withDevice(call, async (device) => {
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const { token, policy } = sum.value.token;
    const approvals = await gatherApprovals(device, token, sum.value.amount, files);
    if (!approvals.ok) return approvals;
    const minted = await mint(device, token, sum.value.amount, { approvals: approvals.value });
    if (!minted.ok) return minted;
    const amount = `${formatAmount(sum.value.amount, policy.decimals)} ${policy.symbol}`;
    return ok(answer(certifiedJson(minted.value), `issued ${bold(amount)}`, ...certifiedLines(minted.value)));
  });
};

export const burnCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const { token, policy } = sum.value.token;
    const burned = await burn(device, token, sum.value.amount);
    if (!burned.ok) return burned;
    const amount = `${formatAmount(sum.value.amount, policy.decimals)} ${policy.symbol}`;
    return ok(answer(certifiedJson(burned.value), `destroyed ${bold(amount)}`, ...certifiedLines(burned.value)));
  });

export const proposeCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const { token, policy } = sum.value.token;
    const file = await proposeIssue(device, token, sum.value.amount);
    if (!file.ok) return file;
    const out = option(call, 'out') ?? '';
    const written = writeOutput(out, file.value);
    if (!written.ok) return written;
    const { threshold, approvers } = policy;
    return ok(
      answer(
        { out, threshold, approvers: approvers.length },
        `${bold(out)} asks ${threshold} of ${approvers.length} approvers`,
        dim('each of them: dsm token approve'),
      ),
    );
  });

export const approveCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  return withDevice(call, async (device) => {
    const approval = await approveIssue(device, file.value);
    if (!approval.ok) return approval;
    const out = option(call, 'out') ?? '';
    const written = writeOutput(out, approval.value.file);
    return written.ok ? ok(describeApproval(approval.value.issue, out)) : written;
  });
};

function describeApproval({ policy, proposal }: OpenedIssue, out: string) {
  const total = formatAmount(proposal.minted, policy.decimals);
  const { symbol } = policy;
  const token = toHex(proposal.token);
  return answer(
    { out, token, symbol, total },
    `approved: ${bold(`${total} ${symbol}`)} in all that was ever issued`,
    dim(`${symbol}@${token}`),
  );
}
