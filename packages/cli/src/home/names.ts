/** What people call things: contacts by name or id, tokens by symbol, payments by id, amounts in token units. */
import { equalBytes, fail, fromHex, ok, toHex, type ChainId, type Result } from '@dsm/core';
import { findToken, history, listContacts, parseAmount, type Device, type HistoryEntry, type Token } from '@dsm/wallet';

/** The contact's name, the account's id for whom this wallet does not know. */
export async function nameOfAccount(device: Device, account: ChainId): Promise<string> {
  const contacts = await listContacts(device);
  const known = contacts.ok ? contacts.value.find((contact) => equalBytes(contact.account, account)) : undefined;
  return known?.name ?? toHex(account);
}

export interface Sum {
  readonly token: Token;
  /** Base units. */
  readonly amount: bigint;
}

/** `7.50 MEAL`: the token decides how many digits an amount may have. */
export async function readSum(device: Device, amount: string, symbol: string): Promise<Result<Sum>> {
  const token = await findToken(device, symbol);
  if (!token.ok) return token;
  const parsed = parseAmount(amount, token.value.policy.decimals);
  return parsed.ok ? ok({ token: token.value, amount: parsed.value }) : parsed;
}

/** A payment by its id, which may be shortened while it is clear. */
export async function findPayment(device: Device, text: string): Promise<Result<HistoryEntry>> {
  const all = await history(device);
  if (!all.ok) return all;
  const isPrefix = /^[0-9a-f]{4,64}$/.test(text);
  const found = isPrefix ? all.value.filter(({ payment }) => toHex(payment.payment).startsWith(text)) : [];
  const [payment] = found;
  if (!payment) return fail('E_NOT_FOUND', 'CLI-3', `there is no payment ${JSON.stringify(text)}`);
  return found.length === 1 ? ok(payment) : fail('E_USAGE', 'CLI-3', `several payments begin with ${text}`);
}

/** 32 bytes in hexadecimal. */
export function readHash(text: string): Uint8Array | undefined {
  const bytes = fromHex(text);
  return bytes?.length === 32 ? bytes : undefined;
}

/** A chain by its whole id. */
export function readChainId(text: string, name: string): Result<ChainId> {
  const id = readHash(text);
  return id ? ok(id as ChainId) : fail('E_USAGE', 'CLI-3', `${name}: an id of 64 hexadecimal digits is expected`);
}
