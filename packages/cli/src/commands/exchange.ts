/** Payments by files: offer, accept, commit, receive, ack; request; cancel, refund. */
import { fail, ok, toHex, type Item, type Result } from '@dsm/core';
import {
  accept,
  acknowledge,
  cancel,
  commit,
  findContact,
  offer,
  parseAmount,
  receive,
  refund,
  request,
  takeAck,
  type Device,
  type Exchanged,
  type HistoryEntry,
} from '@dsm/wallet';
import { argument, flag, option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { findPayment, nameOfAccount, readSum } from '../home/names.ts';
import { writeOnce } from '../home/once.ts';
import { parseDuration } from '../input/duration.ts';
import { readInput } from '../input/file.ts';
import { answer, type Answer } from '../output/answer.ts';
import { describeTurn } from '../output/exchange.ts';

/** `--expires`, in milliseconds. */
function readExpiry(call: Call): Result<number | undefined> {
  const text = option(call, 'expires');
  return text === undefined ? ok(undefined) : parseDuration(text, '--expires');
}

async function describeExchanged(
  device: Device,
  exchanged: Result<Exchanged>,
  out: string | undefined,
): Promise<Result<Answer>> {
  if (!exchanged.ok) return exchanged;
  const peer = await nameOfAccount(device, exchanged.value.payment.peer);
  return ok(describeTurn(exchanged.value, out, peer));
}

/** A turn that answers with a file. */
async function takeTurn(
  call: Call,
  device: Device,
  name: string,
  parameters: readonly Item[],
  run: (command: Uint8Array) => Promise<Result<Exchanged>>,
): Promise<Result<Answer>> {
  const out = option(call, 'out') ?? '';
  const exchanged = await writeOnce(device, { name, parameters, out }, async (command) => {
    const result = await run(command);
    if (!result.ok) return result;
    const { payment, message } = result.value;
    return ok({ value: result.value, file: message ?? new Uint8Array(), payments: [payment.payment] });
  });
  return describeExchanged(device, exchanged, out);
}

export const offerCommand: Command = async (call) => {
  const isLinked = option(call, 'to') !== undefined;
  if (isLinked === (option(call, 'out') !== undefined)) {
    return fail('E_USAGE', 'CLI-10', 'say either --out FILE or --to HOST:PORT');
  }
  return isLinked ? (await import('./link.ts')).offerTo(call) : offerByFile(call);
};

const offerByFile: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const expiryMs = readExpiry(call);
    if (!expiryMs.ok) return expiryMs;
    const { account: to } = contact.value;
    const { amount } = sum.value;
    const { token } = sum.value.token;
    const provisional = flag(call, 'provisional');
    const order = option(call, 'order') ?? '';
    const compact = flag(call, 'compact');
    const parameters = [to, token, amount, order, Number(provisional), Number(compact), expiryMs.value ?? null];
    return takeTurn(call, device, 'offer', parameters, (command) =>
      offer(device, { command, to, token, amount, order, provisional, compact, expiryMs: expiryMs.value }),
    );
  });

export const requestCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const contact = await findContact(device, argument(call, 'name'));
    if (!contact.ok) return contact;
    const sum = await readSum(device, argument(call, 'amount'), argument(call, 'symbol'));
    if (!sum.ok) return sum;
    const expiryMs = readExpiry(call);
    if (!expiryMs.ok) return expiryMs;
    const { account: from } = contact.value;
    const { amount } = sum.value;
    const { token } = sum.value.token;
    const order = option(call, 'order') ?? '';
    const compact = flag(call, 'compact');
    const parameters = [from, token, amount, order, Number(compact), expiryMs.value ?? null];
    return takeTurn(call, device, 'request', parameters, (command) =>
      request(device, { command, from, token, amount, order, compact, expiryMs: expiryMs.value }),
    );
  });

export const acceptCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  const expiryMs = readExpiry(call);
  if (!expiryMs.ok) return expiryMs;
  const compact = flag(call, 'compact');
  return withDevice(call, (device) =>
    takeTurn(call, device, 'accept', [digest(device, file.value)], () =>
      accept(device, file.value, { compact, expiryMs: expiryMs.value }),
    ),
  );
};

export const commitCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  const compact = flag(call, 'compact');
  return withDevice(call, (device) =>
    takeTurn(call, device, 'commit', [digest(device, file.value)], () => commit(device, file.value, { compact })),
  );
};

export const receiveCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  return withDevice(call, async (device) => {
    if (option(call, 'out') === undefined) {
      return describeExchanged(device, await receive(device, file.value), undefined);
    }
    return takeTurn(call, device, 'receive', [digest(device, file.value)], async () => {
      const received = await receive(device, file.value);
      if (!received.ok) return received;
      const acknowledged = await acknowledge(device, received.value.payment, flag(call, 'compact'));
      return acknowledged.ok ? ok({ ...received.value, message: acknowledged.value.message }) : acknowledged;
    });
  });
};

export const ackCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  return withDevice(call, async (device) => describeExchanged(device, await takeAck(device, file.value), undefined));
};

/** Whatever the file is called: its content identifies the payment. */
const digest = ({ suite }: Device, file: Uint8Array): Uint8Array => suite.hash('command', file);

export const cancelCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const payment = await findPayment(device, argument(call, 'payment'));
    if (!payment.ok) return payment;
    const cancelled = await cancel(device, payment.value.payment.payment);
    if (!cancelled.ok) return cancelled;
    const id = toHex(cancelled.value.payment);
    const grade = cancelled.value.kind;
    return ok(answer({ payment: id, grade, state: cancelled.value.status }, `payment ${id} is abandoned`));
  });

export const refundCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const original = await findPayment(device, argument(call, 'payment'));
    if (!original.ok) return original;
    const { payment } = original.value.payment;
    const amount = readRefund(call.args['amount'], original.value);
    if (!amount.ok) return amount;
    const expiryMs = readExpiry(call);
    if (!expiryMs.ok) return expiryMs;
    const provisional = flag(call, 'provisional');
    const compact = flag(call, 'compact');
    const parameters = [payment, amount.value ?? null, Number(provisional), Number(compact), expiryMs.value ?? null];
    return takeTurn(call, device, 'refund', parameters, (command) =>
      refund(device, { command, payment, amount: amount.value, provisional, compact, expiryMs: expiryMs.value }),
    );
  });

/** Undefined: all of it. */
function readRefund(text: string | undefined, { policy }: HistoryEntry): Result<bigint | undefined> {
  return text === undefined || policy === undefined ? ok(undefined) : parseAmount(text, policy.decimals);
}
