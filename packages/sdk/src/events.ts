/** What a wallet tells while it runs. */
import type { Failure } from '@dsm/core';
import type { Amount } from './amount.ts';
import type { Receipt } from './receipt.ts';

export interface WalletEvents {
  /** A payment that this wallet received: over a link in its grade, from the network as `certified`. */
  received: Receipt;
  /** A payment of this wallet that its payee confirmed, or that is certified. */
  paid: Receipt;
  /** A provisional payment to this wallet that became certified. */
  certified: Receipt;
  /** What was received out of a reservation is claimed: certified and spendable. */
  claimed: { readonly amount: Amount; readonly reservation: string };
  /** Money is lost unless this reservation is claimed before `lostAt`, and it could not be claimed yet. */
  'claim-due': {
    readonly amount: Amount;
    readonly reservation: string;
    readonly claimBy: number;
    readonly lostAt: number;
  };
  /** Proof that somebody signed two states for one place. */
  evidence: { readonly id: string; readonly device: string };
  /** What a sync left open, and why. */
  open: Failure;
}

export type EventName = keyof WalletEvents;

/** Calls `listener` for each event of this name until the answered function is called. */
export type Subscribe = <E extends EventName>(event: E, listener: (value: WalletEvents[E]) => void) => () => void;

export interface Events {
  readonly on: Subscribe;
  readonly emit: <E extends EventName>(event: E, value: WalletEvents[E]) => void;
}

type Listener = (value: never) => void;

export function makeEvents(): Events {
  const listeners = new Map<EventName, Set<Listener>>();
  return {
    on(event, listener) {
      const entry: Listener = (value) => listener(value);
      const all = listeners.get(event) ?? new Set<Listener>();
      listeners.set(event, all.add(entry));
      return () => void all.delete(entry);
    },
    emit(event, value) {
      for (const listener of listeners.get(event) ?? []) {
        // A listener that throws is a defect of the application; it must not become one of a payment.
        queueMicrotask(() => listener(value as never));
      }
    },
  };
}
