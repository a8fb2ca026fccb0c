/** What a node works with: its place in the network, its key, and the ports. */
import type { Clock, NetworkContext, SecretKey, Store } from '@dsm/core';

export interface LogEntry {
  readonly atMs: number;
  readonly level: 'info' | 'error';
  readonly event: string;
  readonly detail?: Readonly<Record<string, string | number>>;
}

export type Logger = (entry: LogEntry) => void;

export interface NodeContext extends NetworkContext {
  /** Position in the description, from 0. */
  readonly nodeIndex: number;
  readonly secretKey: SecretKey;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}
