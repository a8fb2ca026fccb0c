/** What people were told stays true, through every crash. */
import { toHex, type Operation, type StoreRecord } from '@dsm/core';
import type { CertifiedPayment, Exchanged, PaymentRecord, SyncReport } from '@dsm/wallet';
import { paymentRecords } from '../../packages/wallet/src/records/payment.ts';
import type { Fact } from '../world/facts.ts';
import type { Participant } from '../world/participant.ts';
import type { MakeCheck } from './check.ts';
import { placeText, readRecord, type Chronicle } from './chronicle.ts';
import { honestSeats } from '../world/finish.ts';

/** Certified means final. */
export const certifiedIsFinal: MakeCheck = (_world, chronicle) => ({
  name: 'certified is final',
  sentence: 'What a person was told is certified was decided by the nodes.',
  see(fact) {
    if (fact.type !== 'told' || !fact.by.honest || fact.failure || !['pay', 'mint'].includes(fact.command)) {
      return undefined;
    }
    const { chain, index, hash } = fact.value as CertifiedPayment;
    return chronicle.mayBeFinal(placeText(chain, index), toHex(hash))
      ? undefined
      : `${fact.by.name} is told that state ${index} is certified, and it is not`;
  },
});

interface Fund {
  readonly payee: string;
  readonly funded: bigint;
  readonly until: number;
}

/** Reservations that are final. */
export function noteFunds(funds: Map<string, Fund>, chronicle: Chronicle): void {
  for (const { hash } of chronicle.newFinals) {
    const operation = operationOf(chronicle, hash);
    if (operation?.kind !== 'account' || operation.operation.type !== 'fund') continue;
    const { vault, payee, amount, until } = operation.operation;
    funds.set(toHex(vault), { payee: toHex(payee), funded: amount, until });
  }
}

export function operationOf(chronicle: Chronicle, hash: string): Operation | undefined {
  const body = chronicle.body(hash);
  return body && chronicle.operation(toHex(body.op));
}

/** The running total that a state of a half pays up to. */
function totalOf(chronicle: Chronicle, state: Uint8Array): bigint | undefined {
  const operation = operationOf(chronicle, toHex(state));
  return operation?.kind === 'half' && operation.operation.type === 'pay' ? operation.operation.total : undefined;
}

/** A payment is told `reserved` only out of value that is set aside for this payee, once, and in time. */
export const reservedIsCovered: MakeCheck = (world, chronicle) => {
  const funds = new Map<string, Fund>();
  const told = new Map<string, Set<string>>();
  const sums = new Map<string, bigint>();
  /** Vault → highest total that somebody was told of. */
  const totals = new Map<string, bigint>();
  const judge = (by: Participant, { payment, vault, amount, state }: PaymentRecord): string | undefined => {
    const name = toHex(vault ?? new Uint8Array());
    const fund = funds.get(name);
    if (!fund) return `${by.name} is told reserved, and nothing final is set aside`;
    const account = world.seats.find(({ who }) => who === by)?.account;
    if (!account || fund.payee !== toHex(account))
      return `${by.name} is told reserved out of what is for somebody else`;
    const known = told.get(name) ?? new Set();
    told.set(name, known);
    // A turn that is repeated gets the same answer.
    if (known.has(toHex(payment))) return undefined;
    known.add(toHex(payment));
    if (world.scheduler.nowMs() + by.skewMs - 50 >= fund.until - world.facts.marginMs) {
      return `${by.name} is told reserved later than the margin before E`;
    }
    const sum = (sums.get(name) ?? 0n) + amount;
    sums.set(name, sum);
    if (sum > fund.funded) return `${by.name} is told reserved for ${sum} of ${fund.funded}`;
    const total = (state && totalOf(chronicle, state)) ?? 0n;
    const highest = totals.get(name) ?? 0n;
    totals.set(name, total > highest ? total : highest);
    return sum <= (total > highest ? total : highest)
      ? undefined
      : `${by.name} is told reserved for ${sum} in all, and can claim ${total}`;
  };
  return {
    name: 'reserved is covered',
    sentence: 'A payment is told reserved only out of value that is set aside for this payee, once, and in time.',
    see(fact) {
      noteFunds(funds, chronicle);
      if (fact.type !== 'told' || !fact.by.honest || fact.failure || fact.command !== 'commit') return undefined;
      const { turn, payment } = fact.value as Exchanged;
      if (turn !== 'received' || payment.grade !== 'reserved' || payment.status !== 'received') return undefined;
      return judge(fact.by, payment);
    },
    afterEvent() {
      noteFunds(funds, chronicle);
      return undefined;
    },
  };
};

const HELD: ReadonlySet<string> = new Set(['received', 'acknowledged', 'final', 'lost']);

/** Every record of a payment that somebody was told of goes forward, and is there after every crash. */
export const toldPaymentsSurvive: MakeCheck = (world, chronicle) => {
  const { suite, facts } = world;
  const funds = new Map<string, Fund>();
  const told = new Map<string, PaymentRecord>();
  /** When it was told first. */
  const toldMs = new Map<string, number>();
  const keyOf = (by: Participant, payment: Uint8Array): string => `${by.name} ${toHex(payment)}`;

  /** Nodes enough to decide have voted for a claim of that much. */
  const isClaimed = (vault: Uint8Array, total: bigint): boolean => {
    for (const slots of chronicle.slots.values()) {
      for (const [place, slot] of slots) {
        if (!place.startsWith(toHex(vault))) continue;
        for (const { hash, round } of slot.votes) {
          const operation = operationOf(chronicle, toHex(hash));
          const isEnough =
            operation?.kind === 'vault' && operation.operation.type === 'claim' && operation.operation.total >= total;
          if (isEnough && round === 0 && chronicle.supporters(place, 'votes', 0, toHex(hash)) >= facts.quorum)
            return true;
        }
      }
    }
    return false;
  };
  const forget = (by: Participant): void => {
    for (const key of told.keys()) if (key.startsWith(`${by.name} `)) told.delete(key);
  };

  const judge = (by: Participant, now: PaymentRecord): string | undefined => {
    const before = told.get(keyOf(by, now.payment));
    if (!before) return undefined;
    if (!HELD.has(now.status)) return `${by.name} was told ${before.status} of a payment that is now ${now.status}`;
    if (before.status === 'final' && now.status !== 'final') return `${by.name}: a final payment is ${now.status}`;
    if (now.status !== 'lost' || now.kind !== 'reserved' || !now.vault || !now.state) return undefined;
    const total = totalOf(chronicle, now.state);
    return total !== undefined && isClaimed(now.vault, total)
      ? `${by.name} lost a reserved payment that was claimed before E`
      : undefined;
  };

  const read = async (fact: Extract<Fact, { type: 'opened' }>): Promise<string | undefined> => {
    const kept = await fact.store.scan('payment').catch((): StoreRecord[] => []);
    const keys = new Set(kept.map(({ key }) => keyOf(fact.by, key)));
    for (const [key, payment] of told) {
      if (key.startsWith(`${fact.by.name} `) && !keys.has(key))
        return `${fact.by.name} has lost payment ${toHex(payment.payment).slice(0, 8)} in a crash`;
    }
    return undefined;
  };

  return {
    name: 'told payments survive',
    sentence:
      'Everything acknowledged survives; a reserved payment claimed before E is never lost, whatever the payer does.',
    async see(fact) {
      if (!fact.by.honest || fact.by.kind !== 'device') return undefined;
      // Newer than the backup is lost, which no protocol can prevent.
      if (fact.type === 'lost') forget(fact.by);
      if (fact.type === 'opened') return fact.by.rotten ? undefined : read(fact);
      if (fact.type === 'told' && fact.command === 'commit' && !fact.failure) {
        const { payment, turn } = fact.value as Exchanged;
        if (turn === 'received' && payment.grade !== null) {
          const key = keyOf(fact.by, payment.payment);
          told.set(key, payment);
          toldMs.set(key, toldMs.get(key) ?? world.scheduler.nowMs());
        }
      }
      if (fact.type !== 'commit') return undefined;
      for (const write of fact.writes) {
        if (write.collection !== 'payment') continue;
        if (!('put' in write)) {
          if (told.has(keyOf(fact.by, write.key))) return `${fact.by.name} removes a payment that it was told of`;
          continue;
        }
        const payment = await readRecord(suite, paymentRecords, write);
        const what = payment && judge(fact.by, payment);
        if (what !== undefined) return what;
        if (payment?.status === 'final' && told.has(keyOf(fact.by, write.key)))
          told.set(keyOf(fact.by, write.key), payment);
      }
      return undefined;
    },
    afterEvent() {
      noteFunds(funds, chronicle);
      return undefined;
    },
    /** Somebody who synced in time has claimed what was reserved. */
    atEnd() {
      for (const { who } of honestSeats(world)) {
        const syncs = world.synced.get(who.name) ?? [];
        for (const [key, payment] of told) {
          if (!key.startsWith(`${who.name} `) || payment.kind !== 'reserved' || payment.status === 'final') continue;
          const until = funds.get(toHex(payment.vault ?? new Uint8Array()))?.until ?? 0;
          const receivedMs = toldMs.get(key) ?? Number.POSITIVE_INFINITY;
          if (syncs.some(({ fromMs, toMs }) => fromMs > receivedMs && toMs + facts.marginMs < until)) {
            return `${who.name} synced before E, and a payment of ${payment.amount} that it was told is reserved is not final`;
          }
        }
      }
      return undefined;
    },
  };
};

/** A sync tells of claims that stand. */
export const claimsStand: MakeCheck = (_world, chronicle) => ({
  name: 'claims stand',
  sentence: 'A claim that a person was told of is final.',
  see(fact) {
    if (fact.type !== 'told' || fact.command !== 'sync' || fact.failure || !fact.by.honest) return undefined;
    for (const { reservation, total } of (fact.value as SyncReport).claimed) {
      const claimed = [...chronicle.finals.values()].some(({ chain, hash }) => {
        if (Buffer.compare(chain, reservation) !== 0) return false;
        const operation = operationOf(chronicle, hash);
        return (
          operation?.kind === 'vault' && operation.operation.type === 'claim' && operation.operation.total >= total
        );
      });
      if (!claimed) return `${fact.by.name} is told of a claim of ${total} that is not final`;
    }
    return undefined;
  },
});
