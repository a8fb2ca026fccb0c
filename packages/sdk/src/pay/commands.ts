/**
 * Which call is which payment (rule SDK-7): the same call again is the same payment until its outcome was told. With
 * an `id` it is the same for ever; without one, the next payment with the same words begins once this one is done.
 */
import { ok, type Item, type Result, type Write } from '@dsm/core';
import { commandKey, commandRecords, readPayment, type Device, type PaymentRecord } from '@dsm/wallet';

const NOTHING = { answer: '', file: new Uint8Array(), payments: [] };

const doneKey = ({ suite }: Device, command: Uint8Array): Uint8Array => commandKey(suite, 'sdk-done', [command]);

const isDone = async (device: Device, command: Uint8Array): Promise<boolean> =>
  (await commandRecords.read(device, doneKey(device, command))) !== undefined;

/**
 * The outcome is told to the application: the same call again is another payment. A store that reports a failure may
 * have written all the same; then the outcome has to be told, since no call will come back to this payment.
 */
export async function finishCommand(device: Device, command: Uint8Array): Promise<Result<undefined>> {
  const written = await device.store.commit([commandRecords.put(device, doneKey(device, command), NOTHING)]);
  return written.ok || !(await isDone(device, command)) ? written : ok(undefined);
}

const DEAD: ReadonlySet<PaymentRecord['status']> = new Set<PaymentRecord['status']>([
  'cancelled',
  'expired',
  'lost',
  'void',
  'unknown',
]);
const BEGUN: ReadonlySet<PaymentRecord['status']> = new Set<PaymentRecord['status']>([
  'requested',
  'offered',
  'accepted',
]);

/** Nothing will come of it any more. */
export const isDead = (device: Device, { status, expiresAt }: PaymentRecord): boolean =>
  DEAD.has(status) || (BEGUN.has(status) && device.clock() > expiresAt);

/** How the payment of a command came about, where that is not by an offer or a request of this device. */
export type Way = 'commit' | 'accept';

/** Ties a payment that the other side proposed to the command that it answers. */
export const putPayment = (device: Device, command: Uint8Array, payment: Uint8Array, way: Way): Write =>
  commandRecords.put(device, command, { answer: way, file: new Uint8Array(), payments: [payment] });

export const wayOf = async (device: Device, command: Uint8Array): Promise<string | undefined> =>
  (await commandRecords.read(device, command))?.answer;

/** The payment that a command began, if it did. */
export async function paymentOf(device: Device, command: Uint8Array): Promise<PaymentRecord | undefined> {
  const [payment] = (await commandRecords.read(device, command))?.payments ?? [];
  return payment && readPayment(device, payment);
}

export async function commandFor(
  device: Device,
  name: string,
  words: readonly Item[],
  id: string | undefined,
): Promise<Uint8Array> {
  if (id !== undefined) return commandKey(device.suite, name, [...words, ['id', id]]);
  const key = (serial: number): Uint8Array => commandKey(device.suite, name, [...words, serial]);
  for (let serial = await firstOpen((n) => isDone(device, key(n))); ; serial++) {
    const payment = await paymentOf(device, key(serial));
    if (!payment || !isDead(device, payment)) return key(serial);
    await finishCommand(device, key(serial));
  }
}

/** The least number that is not done, where all below it are: in a number of looks that grows with its logarithm. */
async function firstOpen(isDoneAt: (serial: number) => Promise<boolean>): Promise<number> {
  let low = -1;
  let high = 0;
  while (await isDoneAt(high)) {
    low = high;
    high = 2 * high + 1;
  }
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (await isDoneAt(middle)) low = middle;
    else high = middle;
  }
  return high;
}
