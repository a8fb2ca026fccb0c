/** What a run was about: that the deeds it is to judge took place at all. Counted from facts; nothing follows from it. */
import { toHex, type Body } from '@dsm/core';
import type { Exchanged, SyncReport } from '@dsm/wallet';
import { placeText, readRecord, type Chronicle } from '../checks/chronicle.ts';
import { evidenceRecords } from '../../packages/wallet/src/records/evidence.ts';
import type { Fact } from './facts.ts';
import type { World } from './world.ts';

/** In the order in which they are told; a run that is long enough has all of them. */
export const HAPPENED = [
  'certified received',
  'reserved received',
  'provisional received',
  'claims',
  'credits of several payers',
  'voids',
  'lapses',
  'restores',
  'evidence kept',
  'double spends settled',
] as const;

export type Happening = (typeof HAPPENED)[number];

export interface Tally {
  readonly counts: Map<Happening, number>;
  see(fact: Fact): Promise<void>;
  /** What became final in this event. */
  settle(): void;
}

export function createTally(world: World, chronicle: Chronicle): Tally {
  const counts = new Map<Happening, number>(HAPPENED.map((name) => [name, 0]));
  const count = (name: Happening): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const received = new Set<string>();
  const kept = new Set<string>();
  /** Places of accounts of which two signed states are proven. */
  const forked = new Set<string>();
  const settled = new Set<string>();
  const seatOfChain = (chain: Uint8Array) =>
    world.seats.find(({ account }) => account && Buffer.compare(account, chain) === 0);
  /** From an account, not out of a reservation, to somebody who keeps to the rules. */
  const isPayment = (body: Body | undefined, source: Uint8Array): boolean =>
    body !== undefined && seatOfChain(source) !== undefined && seatOfChain(body.chain)?.who.honest === true;

  const settleFork = (place: string): void => {
    if (settled.has(place) || !forked.has(place) || !chronicle.finals.has(place)) return;
    settled.add(place);
    count('double spends settled');
  };
  const takePayment = (by: string, { turn, payment }: Exchanged): void => {
    const name = `${by} ${toHex(payment.payment)}`;
    if (turn !== 'received' || payment.grade === null || payment.grade === 'certified' || received.has(name)) return;
    received.add(name);
    count(`${payment.grade} received`);
  };
  const takeEvidence = async (fact: Extract<Fact, { type: 'commit' }>): Promise<void> => {
    if (fact.by.kind !== 'device') return;
    for (const write of fact.writes) {
      const name = `${fact.by.name} ${toHex(write.key)}`;
      if (write.collection !== 'evidence' || kept.has(name)) continue;
      const record = await readRecord(world.suite, evidenceRecords, write);
      if (!record) continue;
      kept.add(name);
      count('evidence kept');
      const place = placeText(record.fork.chain, record.fork.index);
      forked.add(place);
      settleFork(place);
    }
  };
  const takeFinal = (place: string, hash: string): void => {
    const body = chronicle.body(hash);
    const { operation } = (body && chronicle.operation(toHex(body.op))) ?? {};
    if (operation?.type === 'receive' && isPayment(body, operation.source)) count('certified received');
    if (operation?.type === 'claim') count('claims');
    if (operation?.type === 'restored') count('restores');
    if (operation?.type === 'void') count('voids');
    // Nobody signed two states there: the one that was signed came to nothing.
    if (operation?.type === 'void' && body?.kind === 'account' && !forked.has(place)) count('lapses');
    settleFork(place);
  };
  return {
    counts,
    async see(fact) {
      if (!fact.by.honest) return;
      if (fact.type === 'commit') await takeEvidence(fact);
      if (fact.type !== 'told' || fact.failure) return;
      if (fact.command === 'commit') takePayment(fact.by.name, fact.value as Exchanged);
      if (fact.command !== 'sync') return;
      const payers = new Set((fact.value as SyncReport).received.map(({ peer }) => toHex(peer)));
      if (payers.size > 1) count('credits of several payers');
    },
    settle() {
      for (const { chain, index, hash } of chronicle.newFinals) takeFinal(placeText(chain, index), hash);
    },
  };
}
