/** What may not be left once faults have stopped and everybody was given time. */
import { equalBytes, toHex, type Operation, type Place } from '@dsm/core';
import { listReservations, type Device } from '@dsm/wallet';
import { openRun } from '../../packages/wallet/src/chain/own.ts';
import { unclaimedTotals } from '../../packages/wallet/src/exchange/totals.ts';
import { listJournal } from '../../packages/wallet/src/records/journal.ts';
import { listPayments } from '../../packages/wallet/src/records/payment.ts';
import { readChain } from '../../packages/wallet/src/records/chain.ts';
import { readState, stateRecords } from '../../packages/wallet/src/records/state.ts';
import { vaultDraftRecords } from '../../packages/wallet/src/records/vault-draft.ts';
import type { Chronicle } from '../checks/chronicle.ts';
import { honestSeats } from './finish.ts';
import type { World } from './world.ts';

/** Requests of one sync of a device that has nothing to do, for each node and each chain that it keeps. */
const REQUESTS_PER_SYNC = 6;
/** Requests for each node and each thing that has to be finished. */
const REQUESTS_PER_THING = 24;

/** Things that a device may have to finish, counted when faults stop. */
export async function countWork(world: World): Promise<void> {
  world.network.asked.clear();
  for (const { who, device } of honestSeats(world)) {
    if (!device || !who.process) continue;
    const [journal, payments, reservations] = [
      await listJournal(device),
      await listPayments(device),
      await listReservations(device),
    ];
    const open = payments.filter(({ status }) => status !== 'final' && status !== 'lost');
    const things = journal.length + open.length + reservations.length;
    world.work.set(who.name, things);
  }
}

/** Every device asks its nodes so often at most, whatever it had to finish. */
function findRestless(world: World, syncs: number): string | undefined {
  const nodes = world.nodeSeats.length;
  const others = world.seats.length;
  for (const { who } of honestSeats(world)) {
    const asked = world.network.asked.get(who.name) ?? 0;
    const things = world.work.get(who.name) ?? 0;
    const most = nodes * (REQUESTS_PER_SYNC * syncs * (others + things) + REQUESTS_PER_THING * (things + others));
    if (asked > most) return `${who.name} made ${asked} requests for ${things} things, more than ${most}`;
  }
  return undefined;
}

const isOver = (operation: Operation | undefined): operation is Operation & { kind: 'vault' } =>
  operation?.kind === 'vault' && operation.operation.type !== 'genesis';

/** Places that nodes have voted on, that are final nowhere, and that an honest device could bring to an end. */
function findOpenSlot(world: World, chronicle: Chronicle): string | undefined {
  const names = new Map(
    honestSeats(world).flatMap(({ account, who }) => (account ? [[toHex(account), who.name]] : [])),
  );
  for (const slots of chronicle.slots.values()) {
    for (const [place, { votes }] of slots) {
      if (chronicle.finals.has(place)) continue;
      const owner = names.get(place.slice(0, 64));
      if (owner !== undefined && votes.length > 0) return `${Number(`0x${place.slice(64)}`)} of ${owner} is still open`;
      for (const { hash } of votes) {
        const body = chronicle.body(toHex(hash));
        const operation = body && chronicle.operation(toHex(body.op));
        if (!isOver(operation) || !('to' in operation.operation)) continue;
        const drawer = names.get(toHex(operation.operation.to));
        if (drawer !== undefined) return `the ${operation.operation.type} of ${drawer} is still open`;
      }
    }
  }
  return undefined;
}

/** What a device has not brought to its end. */
async function findOpen(device: Device, gapMs: number): Promise<string | undefined> {
  const run = await openRun(device);
  if (!run.ok) return run.error.message;
  if (run.value.length > 0) return `${run.value.length} states that are not final`;
  const now = device.clock();
  const unclaimed = (await unclaimedTotals(device)).filter(({ reservation }) => reservation.until > now);
  if (unclaimed.length > 0) return `${unclaimed.length} reservations with something unclaimed`;
  const dead = await findDead(device);
  const place = (await listJournal(device)).find(({ chain }) => !dead.has(toHex(chain)));
  if (place) return `${await describeEntry(device, place)} in its journal`;
  const intents = (await stateRecords.list(device)).filter(({ value }) => value.status === 'intent');
  if (intents.length > 0) return `${intents.length} intents that are not signed`;
  const drafts = (await vaultDraftRecords.list(device)).filter(({ key }) => !dead.has(toHex(key.slice(0, 32))));
  if (drafts.length > 0) return `${drafts.length} drafts for reservations`;
  const held = (await listReservations(device)).filter(
    ({ payer, status, until, claimed, funded }) =>
      equalBytes(payer, device.account) && status === 'open' && claimed < funded && now > until + gapMs,
  );
  if (held.length > 0) return `${held.length} reservations that are over and not taken back`;
  const waiting = (await listPayments(device)).filter(
    ({ kind, direction, status, settleBy }) =>
      (status === 'pending' && kind === 'online') ||
      (kind === 'provisional' &&
        direction === 'in' &&
        (status === 'received' || status === 'acknowledged') &&
        (settleBy ?? 0) + gapMs < now),
  );
  return waiting.length > 0 ? `${waiting.length} payments that nobody has settled` : undefined;
}

/** A place in the journal, in words. */
async function describeEntry(device: Device, { chain, index }: Place): Promise<string> {
  const [held, state] = [await readChain(device, chain), await readState(device, chain, index)];
  const row = (await listReservations(device)).find(({ vault }) => equalBytes(vault, chain));
  const mine = row && (equalBytes(row.payer, device.account) ? 'payer' : 'payee');
  const of = row ? `, ${mine}, ${row.status}, ${row.claimed} claimed of ${row.total}` : '';
  return `${index} of a ${held?.kind ?? 'chain'} (${state?.status ?? 'nothing'}${of})`;
}

/** Reservations out of which nothing can be claimed any more, whose payer has not taken the rest back. */
const findDead = async (device: Device): Promise<ReadonlySet<string>> =>
  new Set(
    (await listReservations(device))
      .filter(
        ({ until, payee, total, claimed }) =>
          equalBytes(payee, device.account) && total > claimed && until < device.clock(),
      )
      .map(({ vault }) => toHex(vault)),
  );

/** A claim that came too late, of a payer on whom nobody counts: it is tried for a while, and no longer. */
async function hasLateClaim({ facts, seats }: World, device: Device): Promise<boolean> {
  const now = device.clock();
  return (await unclaimedTotals(device)).some(({ reservation: { payer, until } }) => {
    const { who } = seats.find(({ account }) => account !== undefined && equalBytes(account, payer)) ?? {};
    const isOpen = now > until && now <= until + facts.gapMs + facts.settleMs + facts.deltaMs;
    return isOpen && !(who?.honest && !who.lost && !who.rotten);
  });
}

/** Work of an honest device that is not done although nothing stands in its way. */
export async function unfinished(world: World, chronicle: Chronicle, syncs: number): Promise<string | undefined> {
  for (const { who, device } of honestSeats(world)) {
    if (!device || !who.process) return `${who.name} does not run`;
    const open = await findOpen(device, world.facts.gapMs + 2 * world.facts.deltaMs);
    if (open !== undefined) return `${who.name} has ${open}`;
    const last = world.lastSyncs.get(who.name);
    if (!last) return `${who.name} has not synced`;
    if (!last.ok) return `the last sync of ${who.name}: ${last.error.code} ${last.error.message}`;
    const isTooLate = await hasLateClaim(world, device);
    const note = last.value.open.find(({ code }) => code !== 'E_WINDOW' || !isTooLate);
    if (note) return `the last sync of ${who.name} leaves open: ${note.code} ${note.message}`;
    if (last.value.waiting.length > 0) return `${who.name} still waits for ${last.value.waiting.length} places`;
    const { received, claimed, certified } = last.value;
    const moved = received.length + claimed.length + certified;
    if (moved > 0) return `the last sync of ${who.name} still moves ${moved} things`;
  }
  return findOpenSlot(world, chronicle) ?? findRestless(world, syncs);
}
