/** What the two sides of a worker say to each other. */
import type { AppliedStep, MachineCall, Result } from '@dsm/core';

/** Names and arguments of the port's functions. */
export type Question =
  | { readonly kind: 'init'; readonly params: Uint8Array; readonly parties: number }
  | { readonly kind: 'apply'; readonly state: Uint8Array; readonly call: MachineCall }
  | { readonly kind: 'migrate'; readonly state: Uint8Array; readonly from: number };

export type Answer = Result<Uint8Array> | Result<AppliedStep>;

export interface Asked {
  readonly number: number;
  readonly question: Question;
}

export type Said =
  /** The machine is there; `code` is what its hash is made of (spec RUN-12), encoded. */
  | { readonly kind: 'ready'; readonly id: string; readonly version: number; readonly code: Uint8Array }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: Answer };

/** Why a worker ended by itself. */
export interface Ended {
  readonly code: 'E_LIMIT' | 'E_MACHINE';
  readonly message: string;
}

/** A worker of any platform, seen from outside. */
export interface Connection {
  send(asked: Asked): void;
  /** Ends the worker, also within a loop. */
  end(): void;
  /** Whether the process waits for it before it ends. */
  hold(held: boolean): void;
}

export interface Listener {
  onSaid(said: Said): void;
  onEnded(ended: Ended): void;
}

export type Connect = (listener: Listener) => Connection;

export interface WorkerLimits {
  /** Megabytes of objects in the worker; Node only. */
  readonly memoryMb: number;
}
