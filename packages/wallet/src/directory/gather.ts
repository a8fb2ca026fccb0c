/** The collector of the protocol core over a transport: needs no wallet. */
import {
  advanceGathering,
  chainTipCodec,
  encodeWith,
  finalRequestCodec,
  gatheredEvidence,
  lockAnswerCodec,
  lockRequestCodec,
  ROUTES,
  startGathering,
  submissionCodec,
  submitAnswerCodec,
  type Ask,
  type Body,
  type BundleItem,
  type Certificate,
  type GatherEvent,
  type Operation,
  type Progress,
  type Result,
  type StateHash,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { askNode } from './client.ts';

/** What talking to the nodes takes. */
export type Client = Pick<Device, 'suite' | 'network' | 'transport'>;

/** A state with exactly what a node that knows nothing needs to vote for it. */
export interface Package {
  readonly hash: StateHash;
  readonly body: Body;
  readonly operation: Operation;
  readonly items: readonly BundleItem[];
}

/** How long to wait for the last nodes once the others have answered. */
const HURRY_MS = 1_500;

export interface Gathered {
  /** That of `advanceGathering`. */
  readonly outcome: Result<Certificate>;
  /** Verified evidence files that nodes refused with, whatever the outcome. */
  readonly evidence: readonly Uint8Array[];
}

/** Gathers the Final of a state. */
export async function gatherCertificate(client: Client, made: Package, hurryMs: number = HURRY_MS): Promise<Gathered> {
  const { chain, index } = made.body;
  const answers = makeQueue<GatherEvent>();
  let progress: Progress = startGathering(client, { chain, index, hash: made.hash });
  const hurry = setTimeout(() => answers.push({ type: 'hurry' }), hurryMs);
  const over = new AbortController();
  try {
    for (;;) {
      for (const ask of progress.asks) void send(client, made, ask, over.signal).then(answers.push);
      if (progress.outcome) return { outcome: progress.outcome, evidence: gatheredEvidence(progress.gathering) };
      progress = advanceGathering(client, progress.gathering, await answers.next());
    }
  } finally {
    clearTimeout(hurry);
    over.abort();
  }
}

/** Sends one ask; its answer becomes an event whatever happens. */
async function send(client: Client, made: Package, ask: Ask, signal: AbortSignal): Promise<GatherEvent> {
  const { suite } = client;
  const { node } = ask;
  if (ask.type === 'vote') {
    const body = encodeWith(submissionCodec(suite), { state: made.hash, items: made.items, votes: ask.votes });
    return { type: 'vote', node, answer: await askNode(client, node, ROUTES.submit, body, submitAnswerCodec, signal) };
  }
  const body = encodeWith(lockRequestCodec(suite), { quorum: ask.quorum, items: essentials(made) });
  return { type: 'ack', node, answer: await askNode(client, node, ROUTES.lock, body, lockAnswerCodec, signal) };
}

interface Essentials {
  readonly body: Body;
  readonly operation: Operation;
}

/** What a node serves a state with; the proof speaks for itself. */
const essentials = ({ body, operation }: Essentials): readonly BundleItem[] => [
  { type: 'body', body },
  { type: 'operation', operation },
];

/** How long the last nodes have to take a Final that a quorum has: others bring it to them later. */
const LINGER_MS = 300;

/** Tells all nodes of a Final, so that whoever asks any of them finds it. Answers how many are known to have it. */
export async function spreadFinal(
  client: Client,
  final: Essentials & { readonly certificate: Certificate },
): Promise<number> {
  const { certificate } = final;
  const { nodes, quorum } = client.network;
  const body = encodeWith(finalRequestCodec(client.suite), { certificate, items: essentials(final) });
  const over = new AbortController();
  const answers = makeQueue<boolean | 'over'>();
  for (const node of nodes.keys()) {
    const told = askNode(client, node, ROUTES.final, body, chainTipCodec, over.signal);
    void told.then((answer) => answers.push(answer.ok));
  }
  let holders = 0;
  let linger: ReturnType<typeof setTimeout> | undefined;
  for (let left = nodes.length; left > 0; left--) {
    const answer = await answers.next();
    if (answer === 'over') break;
    holders += answer ? 1 : 0;
    if (holders >= quorum) linger ??= setTimeout(() => answers.push('over'), LINGER_MS);
  }
  clearTimeout(linger);
  over.abort();
  return holders;
}

export interface Queue<T> {
  readonly push: (value: T) => void;
  next(): Promise<T>;
}

/** What arrives, in order, for one reader. */
export function makeQueue<T>(): Queue<T> {
  const waiting: T[] = [];
  let wake: ((value: T) => void) | undefined;
  return {
    push: (value) => {
      if (!wake) {
        waiting.push(value);
        return;
      }
      const resolve = wake;
      wake = undefined;
      resolve(value);
    },
    next: () => {
      const value = waiting.shift();
      if (value !== undefined) return Promise.resolve(value);
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
