/** The commands of a worker: the wallet library, answering what `dsm --json` answers. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { equalBytes, fail, fromHex, hashItem, ok, toHex, type ChainId, type Item, type Result } from '@dsm/core';
import {
  accept,
  acknowledge,
  addContact,
  balances,
  cancel,
  commandKey,
  commit,
  createToken,
  findContact,
  findToken,
  formatAmount,
  history,
  listReservations,
  mint,
  offer,
  ownCard,
  parseAmount,
  payOnline,
  receive,
  request,
  reserve,
  setPolicy,
  sync,
  takeAck,
  type CertifiedPayment,
  type Device,
  type Exchanged,
} from '@dsm/wallet';
import { DECIMALS, SYMBOL, type Answer, type Command } from './command.ts';

const EXPIRES_MS = 3_600_000;
const UNTIL_MS = 30 * 86_400_000;

type Answered = Promise<Result<Answer>>;

/** Turns a result into an answer, or hands its failure on. */
const answer = <T>(result: Result<T>, describe: (value: T) => Answer): Result<Answer> =>
  result.ok ? ok(describe(result.value)) : result;

const certified = ({ payment, grade, chain, index, hash, receipts }: CertifiedPayment): Answer => ({
  payment: toHex(payment),
  grade,
  chain: toHex(chain),
  index,
  hash: toHex(hash),
  receipts,
});

const exchanged = ({ payment, turn }: Exchanged): Answer => ({
  payment: toHex(payment.payment),
  grade: payment.kind === 'reserved' ? 'reserved' : 'provisional',
  state: turn,
});

/** Whole or not at all, durable, and never over anything else. */
function writeFile(path: string, bytes: Uint8Array): Result<undefined> {
  if (existsSync(path)) {
    return equalBytes(readFileSync(path), bytes)
      ? ok(undefined)
      : fail('E_EXISTS', 'CLI-5', `${path} is something else`);
  }
  const draft = `${path}.draft`;
  const descriptor = openSync(draft, 'w');
  writeSync(descriptor, bytes);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(draft, path);
  return ok(undefined);
}

/** The message of a turn goes to its file before the answer is given. */
function deliver(result: Result<Exchanged>, out: string): Result<Answer> {
  if (!result.ok) return result;
  const written = result.value.message ? writeFile(out, result.value.message) : ok(undefined);
  return written.ok ? ok(exchanged(result.value)) : written;
}

const keyOf = ({ suite }: Device, name: string, parameters: readonly Item[], out: string): Uint8Array =>
  commandKey(suite, name, [...parameters, hashItem(suite, 'command', out)]);

interface Sum {
  readonly token: Awaited<ReturnType<typeof findToken>> extends Result<infer T> ? T : never;
  readonly amount: bigint;
}

async function readSum(device: Device, text: string): Promise<Result<Sum>> {
  const token = await findToken(device, SYMBOL);
  if (!token.ok) return token;
  const amount = parseAmount(text, DECIMALS);
  return amount.ok ? ok({ token: token.value, amount: amount.value }) : amount;
}

/** A payment to or from a contact. */
async function withPeer(
  device: Device,
  name: string,
  text: string,
  run: (peer: ChainId, sum: Sum) => Answered,
): Answered {
  const contact = await findContact(device, name);
  if (!contact.ok) return contact;
  const sum = await readSum(device, text);
  return sum.ok ? run(contact.value.account, sum.value) : sum;
}

export async function runCommand(device: Device, command: Command): Answered {
  switch (command.do) {
    case 'card': {
      const card = await ownCard(device);
      if (!card.ok) return card;
      return answer(writeFile(command.out, card.value), () => ({ account: toHex(device.account) }));
    }
    case 'contact':
      return answer(await addContact(device, { file: readFileSync(command.file) }), ({ name, account }) => ({
        name,
        account: toHex(account),
      }));
    case 'policy':
      return answer(await setPolicy(device, { provisionalMax: 'any', run: 16 }), (facts) => ({ ...facts }));
    case 'token': {
      const cap = parseAmount(command.max, DECIMALS);
      if (!cap.ok) return cap;
      const made = await createToken(device, { symbol: command.symbol, decimals: DECIMALS, cap: cap.value });
      return answer(made, ({ token }) => ({ token: toHex(token), symbol: command.symbol }));
    }
    case 'mint': {
      const sum = await readSum(device, command.amount);
      return sum.ok ? answer(await mint(device, sum.value.token.token, sum.value.amount), certified) : sum;
    }
    case 'pay':
      return withPeer(device, command.to, command.amount, async (to, { token, amount }) => {
        const reference = { salt: device.entropy(16), order: command.order, refundOf: null };
        return answer(await payOnline(device, { to, token: token.token, amount, reference }), certified);
      });
    case 'reserve':
      return withPeer(device, command.for, command.amount, async (payee, { token, amount }) => {
        const until = device.clock() + UNTIL_MS;
        const reserved = await reserve(device, { for: payee, token: token.token, amount, until });
        return answer(reserved, ({ reservation }) => ({ reservation: toHex(reservation) }));
      });
    case 'offer':
      return withPeer(device, command.to, command.amount, async (to, { token, amount }) => {
        const { order, provisional, out } = command;
        const key = keyOf(device, 'offer', [order, Number(provisional)], out);
        const fields = { command: key, to, token: token.token, amount, order, provisional, expiryMs: EXPIRES_MS };
        return deliver(await offer(device, fields), out);
      });
    case 'request':
      return withPeer(device, command.from, command.amount, async (from, { token, amount }) => {
        const { order, out } = command;
        const key = keyOf(device, 'request', [order], out);
        const fields = { command: key, from, token: token.token, amount, order, expiryMs: EXPIRES_MS };
        return deliver(await request(device, fields), out);
      });
    case 'accept':
      return deliver(await accept(device, readFileSync(command.file), { expiryMs: EXPIRES_MS }), command.out);
    case 'commit':
      return deliver(await commit(device, readFileSync(command.file)), command.out);
    case 'receive': {
      const received = await receive(device, readFileSync(command.file));
      if (!received.ok) return received;
      return deliver(await acknowledge(device, received.value.payment), command.out);
    }
    case 'ack':
      return answer(await takeAck(device, readFileSync(command.file)), exchanged);
    case 'cancel': {
      const cancelled = await cancel(device, fromHex(command.payment) ?? new Uint8Array());
      return answer(cancelled, ({ payment, status }) => ({ payment: toHex(payment), state: status }));
    }
    case 'sync':
      return describeSync(device);
    case 'history':
      return answer(await history(device), (rows) => ({
        payments: rows.map(({ payment, status }) => ({
          payment: toHex(payment.payment),
          direction: payment.direction,
          order: payment.order,
          status,
        })),
      }));
    case 'balance':
      return answer(await balances(device), (rows) => ({
        balances: rows.map(({ policy, available, setAside, reserved, provisional }) => ({
          symbol: policy.symbol,
          available: formatAmount(available, DECIMALS),
          setAside: formatAmount(setAside, DECIMALS),
          reserved: formatAmount(reserved, DECIMALS),
          provisional: formatAmount(provisional, DECIMALS),
        })),
      }));
  }
}

async function describeSync(device: Device): Answered {
  const synced = await sync(device);
  if (!synced.ok) return synced;
  const { received, claimed, certified: count, evidence, unlocked, waiting, open } = synced.value;
  // The credit of a claim is that claim once more.
  const vaults = new Set((await listReservations(device)).map(({ vault }) => toHex(vault)));
  return ok({
    received: received
      .filter(({ source }) => !vaults.has(toHex(source)))
      .map(({ payment, source, index }) => ({ payment: toHex(payment), chain: toHex(source), index })),
    claimed: claimed.map(({ reservation, total }) => ({
      reservation: toHex(reservation),
      total: formatAmount(total, DECIMALS),
    })),
    certified: count,
    evidence,
    unlocked: unlocked.map(({ chain, index, outcome }) => ({ chain: toHex(chain), index, outcome })),
    waiting: waiting.map(({ chain, index, round }) => ({ chain: toHex(chain), index, round })),
    open: open.map(({ code, message }) => ({ code, message })),
  });
}
