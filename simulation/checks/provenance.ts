import { decodeFileOf, equalBytes, toHex, verifyFile, type ChainId } from '@dsm/core';
import { balances, exportChain, listReservations, type Device, type Exchanged } from '@dsm/wallet';
import { listRelationships } from '../../packages/wallet/src/exchange/records.ts';
import { chainRecords } from '../../packages/wallet/src/records/chain.ts';
import type { ReservationRecord } from '../../packages/wallet/src/records/reservation.ts';
import type { World } from '../world/world.ts';
import type { MakeCheck } from './check.ts';

/** Every state of it was signed by this device. */
const isWholly = ({ payee, payer, claimed, status }: ReservationRecord, { account }: Device): boolean =>
  (equalBytes(payee, account) && status === 'open') || (equalBytes(payer, account) && claimed === 0n);

/**
 * Halves and reservations, as files that a stranger verifies. What a device cannot show: of claims and releases of others
 * the proofs, which stay with them; of the half of a peer what a later signature covers; and what was lost with a home.
 */
async function showOthers({ suite, facts, seats }: World, device: Device): Promise<string | undefined> {
  const isRestored = seats.find((seat) => seat.device === device)?.who.restored ?? false;
  const reservations = new Map((await listReservations(device)).map((one) => [toHex(one.vault), one]));
  const halves = new Set((await listRelationships(device)).map(({ ownHalf }) => toHex(ownHalf)));
  for (const { key, value } of await chainRecords.list(device)) {
    if (value.kind !== 'half' && value.kind !== 'vault') continue;
    const name = `${value.kind} ${toHex(key).slice(0, 8)}`;
    const reservation = reservations.get(toHex(key));
    if (reservation?.status === 'pending') continue;
    const file = await exportChain(device, key as ChainId);
    const isOwn = halves.has(toHex(key)) || (reservation !== undefined && isWholly(reservation, device));
    if (!file.ok && file.error.code === 'E_INCOMPLETE' && (!isOwn || isRestored)) continue;
    if (!file.ok) return `cannot show ${name}: ${file.error.code} ${file.error.message}`;
    const verdict = verifyFile(suite, facts, file.value);
    if (!verdict.ok) return `${name} does not verify: ${verdict.error.code} ${verdict.error.message}`;
  }
  return undefined;
}

/** Everything accepted verifies from genesis with the pure verifier. */
export const verifiesFromGenesis: MakeCheck = (world) => ({
  name: 'verifies from genesis',
  sentence: 'Everything accepted verifies from genesis with the pure verifier.',
  see(fact) {
    // A message that was written must verify, or lack what the peer has.
    if (fact.type !== 'told' || !fact.by.honest || fact.failure) return undefined;
    if (!['offer', 'accept', 'commit', 'request', 'refund'].includes(fact.command)) return undefined;
    const { message, turn } = fact.value as Exchanged;
    if (!message) return undefined;
    const verdict = verifyFile(world.suite, world.facts, message);
    if (verdict.ok || verdict.error.code === 'E_INCOMPLETE') return undefined;
    return `${fact.by.name} writes a message (${turn}) that does not verify: ${verdict.error.code} ${verdict.error.message}`;
  },
  async atEnd() {
    for (const { who, device } of world.seats) {
      if (!who.honest || who.rotten || !device || !who.process) continue;
      const file = await exportChain(device);
      if (!file.ok) return `${who.name} cannot show its account: ${file.error.code} ${file.error.message}`;
      const verdict = verifyFile(world.suite, world.facts, file.value);
      if (!verdict.ok)
        return `the account of ${who.name} does not verify: ${verdict.error.code} ${verdict.error.message}`;
      const decoded = decodeFileOf(world.suite, 'chain', file.value);
      const tip =
        decoded.ok &&
        decoded.value.items.find((item) => item.type === 'body' && equalBytes(item.body.chain, device.account));
      if (!tip) return `the account of ${who.name}, ${toHex(device.account).slice(0, 8)}, is not in its file`;
      const other = await showOthers(world, device);
      if (other !== undefined) return `${who.name}: ${other}`;
      const told = await balances(device);
      if (!told.ok) return `${who.name} does not know its balance: ${told.error.code}`;
    }
    return undefined;
  },
});
