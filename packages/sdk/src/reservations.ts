/** Value that is set aside, and what is taken without asking. */
import { equalBytes, fail, ok, toHex, type ChainId, type Result, type TokenId } from '@dsm/core';
import { findContact, listTokens, reserve, setPolicy, type Device } from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import { makeAmount, readSum, type Amount } from './amount.ts';
import { run, type Core } from './core.ts';

export interface Reservation {
  /** Hexadecimal. */
  readonly reservation: string;
  readonly amount: Amount;
  /** Milliseconds. */
  readonly until: number;
}

/** How this wallet is paid without asking the owner each time: what is provisional is limited, nothing by default. */
export interface TakeTerms {
  /** `none`, `any`, or token units such as `20`. */
  readonly provisional: string;
  /** One contact instead of everybody who has no rule of its own. */
  readonly from?: string;
}

export async function setAside(
  device: Device,
  terms: { readonly for: string; readonly amount: string; readonly until: number | Date },
): Promise<Result<Reservation>> {
  const contact = await findContact(device, terms.for);
  if (!contact.ok) return contact;
  const sum = await readSum(device, terms.amount);
  if (!sum.ok) return sum;
  const until = Number(terms.until);
  if (!Number.isSafeInteger(until) || until < 0) return fail('E_USAGE', 'SDK-1', 'until is no date');
  const { token, policy, amount } = sum.value;
  const made = await reserve(device, { for: contact.value.account, token, amount, until });
  if (!made.ok) return made;
  return ok({ reservation: toHex(made.value.reservation), amount: makeAmount(amount, token, policy), until });
}

interface Moved {
  readonly token: TokenId;
  readonly amount: bigint;
}

/** The rest of reservations, one amount for each. */
export const moveBack = (
  core: Core,
  move: (device: Device, contact: ChainId) => Promise<Result<readonly Moved[]>>,
  contact: string,
  { signal }: Stoppable,
): Promise<Result<readonly Amount[]>> =>
  run(core, { signal }, async (device) => {
    const found = await findContact(device, contact);
    if (!found.ok) return found;
    const moved = await move(device, found.value.account);
    if (!moved.ok) return moved;
    const tokens = await listTokens(device);
    return ok(
      moved.value.flatMap(({ token, amount }) => {
        const known = tokens.find((one) => equalBytes(one.token, token));
        return known ? [makeAmount(amount, token, known.policy)] : [];
      }),
    );
  });

export async function setTaking(device: Device, { provisional, from }: TakeTerms): Promise<Result<undefined>> {
  const contact = from === undefined ? undefined : await findContact(device, from);
  if (contact && !contact.ok) return contact;
  const set = await setPolicy(device, {
    provisionalMax: provisional,
    ...(contact && { contact: contact.value.account }),
  });
  return set.ok ? ok(undefined) : set;
}
