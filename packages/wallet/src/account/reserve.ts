/** Reservations: setting value aside for one payee until a date, and taking back what is left after it. */
import {
  equalBytes,
  fail,
  makeReservation,
  ok,
  reservationGenesis,
  type ChainId,
  type Fund,
  type PublicKey,
  type Result,
  type TokenId,
  type Transition,
  type VaultGenesis,
  type Window,
} from '@dsm/core';
import type { HeldChain } from '../chain/draft.ts';
import { operateOnline, windowFrom } from '../chain/own.ts';
import { readAccountGenesis } from '../contacts/card.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { requireTrusted } from '../evidence/store.ts';
import { guardStore } from '../guard.ts';
import { listReservations, reservationRecords, type ReservationRecord } from '../records/reservation.ts';
import { tokenRecords } from '../records/token.ts';
import { formatDate } from '../restore/date.ts';
import { appendRelease } from '../vault/append.ts';
import { vaultWrites } from '../vault/record.ts';
import { refreshVault } from '../vault/refresh.ts';
import { creditOutput } from './receive.ts';

export interface ReserveOptions {
  readonly for: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  /** E, milliseconds. */
  readonly until: number;
}

export interface Reserved {
  /** Id of the vault. */
  readonly reservation: ChainId;
  readonly until: number;
}

/** Sets value aside for a contact, certified. `E_PENDING`: signed, too few nodes answered; `sync` finishes it. */
export const reserve = (device: Device, options: ReserveOptions): Promise<Result<Reserved>> =>
  guardStore(async () => {
    const { for: payee, until } = options;
    const trusted = await requireTrusted(device, payee);
    if (!trusted.ok) return trusted;
    const genesis = await readAccountGenesis(device, payee);
    if (!genesis) return fail('E_CONTACT', 'WAL-9', 'value is set aside for contacts only');
    const window = await fundWindow(device, options);
    if (!window.ok) return window;
    const made = await operateOnline(device, {
      operation: (held) => fundOperation(device, held, options, genesis.key, window.value),
      alongside: (transition) => vaultWrites(device, termsOf(device, transition), { status: 'pending' }),
    });
    if (!made.ok) return made;
    const fund = made.value.transition.operation.operation as Fund;
    return ok({ reservation: fund.vault, until });
  });

/** Over before E and before the token expires, so that the reservation is certain while it counts. */
async function fundWindow(device: Device, { token, until }: ReserveOptions): Promise<Result<Window>> {
  const policy = await tokenRecords.read(device, token);
  const expiresAt = policy && policy.expiresAt > 0 ? policy.expiresAt : until;
  return windowFrom(device, Math.min(until, expiresAt) - 1);
}

function fundOperation(
  device: Device,
  held: HeldChain,
  { for: payee, token, amount, until }: ReserveOptions,
  payeeKey: PublicKey,
  window: Window,
): Fund {
  const terms = { token, amount, payee, payeeKey, until };
  const genesis = reservationGenesis(fundingAt(device, held.tip.index + 1), terms);
  const vault = makeReservation(device.suite, device.network.id, genesis).body.chain;
  return { type: 'fund', window, ...terms, vault };
}

const fundingAt = ({ account, key }: Device, index: number) => ({ payer: account, payerKey: key.publicKey, index });

const termsOf = (device: Device, { body, operation }: Transition): VaultGenesis =>
  reservationGenesis(fundingAt(device, body.index), operation.operation as Fund);

/** What was taken back out of one reservation. */
export interface Released {
  readonly reservation: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
}

/**
 * Takes back what is left of all reservations for this payee that are over, and credits it. `E_TOO_EARLY` when none
 * is over yet, `E_NOT_FOUND` when nothing is set aside for the payee. May be repeated.
 */
export const releaseExpired = (device: Device, payee: ChainId): Promise<Result<readonly Released[]>> =>
  guardStore(async () => {
    const mine = (await listReservations(device)).filter(
      ({ payer, payee: other, status }) =>
        equalBytes(payer, device.account) && equalBytes(other, payee) && status === 'open',
    );
    if (mine.length === 0) return fail('E_NOT_FOUND', 'RES-5', 'nothing is set aside for this contact');
    const due = mine.filter(({ until }) => device.clock() >= until + device.network.gapMs);
    if (due.length === 0) {
      const first = Math.min(...mine.map(({ until }) => until)) + device.network.gapMs;
      return fail('E_TOO_EARLY', 'RES-5', `not before ${formatDate(first)}`);
    }
    const released: Released[] = [];
    let failed: Result<never> | undefined;
    for (const { vault } of due) {
      const done = await releaseVault(device, vault);
      // One that cannot be taken back now keeps no other from it.
      if (!done.ok) failed ??= done;
      else if (done.value) released.push(done.value);
    }
    return failed ?? ok(released);
  });

/** Undefined when nothing was left. */
async function releaseVault(device: Device, vault: ChainId): Promise<Result<Released | undefined>> {
  const refreshed = await refreshVault(device, vault);
  if (!refreshed.ok) return refreshed;
  const { token, funded, claimed, status } = (await reservationRecords.read(device, vault)) as ReservationRecord;
  const amount = funded - claimed;
  if (amount === 0n || status !== 'open') return ok(undefined);
  const release = await appendRelease(device, vault);
  if (!release.ok) return release;
  const certificate = await certify(device, release.value.hash);
  if (!certificate.ok) return certificate;
  const credited = await creditOutput(device, { source: vault, index: release.value.body.index, output: 0 });
  if (!credited.ok && credited.error.code !== 'E_CREDITED') return credited;
  return ok({ reservation: vault, token, amount });
}
