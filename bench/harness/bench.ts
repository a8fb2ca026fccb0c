/** What a bench is made of: named beforehand, prepared only when it is chosen, timed by the harness. */

/** What the design aims at; shown in the document, asserted nowhere. */
export type Aim =
  | { readonly perSecondAtLeast: number }
  | { readonly ratioAtLeast: number }
  | { readonly p50BelowMs: number }
  | { readonly bytesAtMost: number };

export interface Bench {
  /** Stable: `--only` looks for it, other rows name it as their peer. */
  readonly name: string;
  readonly section: Section;
  /** One sentence for the document: what is done, over what. */
  readonly about: string;
  readonly signed: boolean;
  readonly persisted: boolean;
  /** Name of the bench that is timed in turn with this one. */
  readonly peer?: string;
  readonly aim?: Aim;
  readonly prepare: (run: Run) => Work | Promise<Work>;
}

export const SECTIONS = {
  hashing: 'Hash only, nothing signed',
  signatures: 'Signatures',
  payments: 'Payments between two devices, co-signed, stores in memory',
  certified: 'Certified payments through `dsm network up`: four processes on loopback, a SQLite file each',
  bytes: 'Bytes',
} as const;

export type Section = keyof typeof SECTIONS;

export type Work = TimedWork | SampledWork | SingleWork | SizeWork;

/** Repeated in batches; the median batch counts. A promise is awaited before the next operation begins. */
export interface TimedWork {
  readonly type: 'timed';
  readonly once: () => unknown;
  /** Units (states, payments) that one call does. Default: 1. */
  readonly units?: number;
}

/** Single operations, each timed by itself. */
export interface SampledWork {
  readonly type: 'sampled';
  readonly once: () => Promise<unknown>;
  readonly samples: number;
}

/** Done once, for work that uses up what was prepared. */
export interface SingleWork {
  readonly type: 'single';
  readonly once: () => Promise<unknown>;
  readonly units: number;
}

export interface SizeWork {
  readonly type: 'size';
  readonly bytes: number;
  /** What cannot be left out of it. */
  readonly floor?: { readonly text: string; readonly bytes: number };
}

/** What lives as long as one run. */
export interface Run {
  /** Done at the end of the run, last first, whatever happens. */
  readonly defer: (release: () => void | Promise<void>) => void;
  /** Made on the first call of a run for this key, the same from then on. */
  readonly share: <T>(key: string, make: (run: Run) => T) => T;
}

export function openRun(): Run & { readonly close: () => Promise<void> } {
  const releases: (() => void | Promise<void>)[] = [];
  const shared = new Map<string, unknown>();
  const run: Run = {
    defer: (release) => void releases.push(release),
    share: <T>(key: string, make: (run: Run) => T): T => {
      if (!shared.has(key)) shared.set(key, make(run));
      return shared.get(key) as T;
    },
  };
  return {
    ...run,
    async close() {
      for (const release of releases.splice(0).toReversed()) await release();
    },
  };
}
