/** The driver of the protocol core over a transport: one slot to its Final, or as far as the patience reaches. */
import {
  advanceUnlocking,
  encodeWith,
  equalBytes,
  indexItems,
  itemNames,
  lockAnswerCodec,
  lockRequestCodec,
  pathTo,
  proposeAnswerCodec,
  proposeRequestCodec,
  roundOpensMs,
  ROUTES,
  slotStatusCodec,
  startAnswerCodec,
  startRequestCodec,
  startUnlocking,
  submitAnswerCodec,
  voteRequestCodec,
  type BundleItem,
  type Certificate,
  type Fork,
  type Place,
  type Result,
  type StateHash,
  type UnlockAnswers,
  type UnlockAsk,
  type UnlockEvent,
  type UnlockTarget,
  type UnlockWait,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { askNode } from '../directory/client.ts';
import { makeQueue, type Client } from '../directory/gather.ts';
import type { Pace, WaitingSlot } from './pace.ts';

/** A state and what a node that knows nothing needs to verify it. */
export interface Candidate {
  readonly hash: StateHash;
  readonly items: readonly BundleItem[];
}

/** An open slot with everything that it takes to drive it. */
export interface OpenSlot extends Place {
  /** A state that was signed for the slot, shown to begin a round. */
  readonly shown: Candidate;
  /** Proof that the owner signed two; without it the state must have run out of time. */
  readonly fork: { readonly fork: Fork; readonly items: readonly BundleItem[] } | null;
  /** What may stand there, the most wanted first. */
  readonly candidates: readonly Candidate[];
  /** Nodes begin no round before. */
  readonly notBeforeMs: number;
  /** By then there is a reason for rounds at every node. */
  readonly latestMs: number;
}

export type Driven =
  /** `items`: what nodes have shown of the slot; named by hashes, proven by nothing else. */
  | { readonly type: 'final'; readonly certificate: Certificate; readonly items: readonly BundleItem[] }
  | { readonly type: 'waiting'; readonly slot: WaitingSlot }
  | { readonly type: 'failed'; readonly failure: Extract<Result<never>, { ok: false }> };

/** What each node has shown last: a drive of many rounds must not fill the memory with what nodes make up. */
type Shown = (readonly BundleItem[])[];

type Driver = Client & Pick<Device, 'clock'>;

/** How long to wait for the last nodes once enough have answered. */
const HURRY_MS = 1_500;

export async function driveSlot(client: Driver, slot: OpenSlot, pace: Pace): Promise<Driven> {
  const { chain, index, notBeforeMs } = slot;
  const target: UnlockTarget = { chain, index, notBeforeMs, candidates: slot.candidates.map(({ hash }) => hash) };
  const answers = makeQueue<UnlockEvent>();
  const over = new AbortController();
  const shown: Shown = [];
  let hurry: ReturnType<typeof setTimeout> | undefined;
  let progress = startUnlocking(client, target);
  try {
    for (;;) {
      const { asks, outcome, wait } = progress;
      for (const ask of asks) void send(client, slot, shown, ask, over.signal).then(answers.push);
      if (outcome) {
        return outcome.ok
          ? { type: 'final', certificate: outcome.value, items: shown.flat() }
          : { type: 'failed', failure: outcome };
      }
      if (wait) {
        const waiting = { chain, index, round: wait.round, atMs: openingOf(client, slot, wait) };
        const waited = await pace.wait(waiting, waitMs(client, waiting));
        if (!waited) return { type: 'waiting', slot: waiting };
        progress = advanceUnlocking(client, progress.unlocking, { type: 'continue' });
        continue;
      }
      const { trip } = progress.unlocking;
      if (asks.length > 0) {
        clearTimeout(hurry);
        hurry = setTimeout(() => answers.push({ type: 'hurry', trip }), HURRY_MS);
      }
      progress = advanceUnlocking(client, progress.unlocking, await answers.next());
    }
  } finally {
    clearTimeout(hurry);
    over.abort();
  }
}

/**
 * Whatever nodes claim: they have seen the slot by now, and a round opens a known time after that. Where a round is
 * past its time and not open, nodes had no reason for it: a fork they have been shown by now, else the state must lapse.
 */
function openingOf({ network, clock }: Driver, slot: OpenSlot, { round, untilMs }: UnlockWait): number {
  const { notBeforeMs, latestMs } = slot;
  const now = clock();
  const latest = roundOpensMs(network, Math.max(now, notBeforeMs), round) + network.deltaMs;
  if (untilMs === null) return Math.min(roundOpensMs(network, now, round), latest);
  const isOverdue = untilMs + 2 * network.deltaMs < now;
  if (isOverdue && slot.fork) return latest;
  return isOverdue && latestMs > now ? roundOpensMs(network, latestMs, round) : Math.min(untilMs, latest);
}

/** Clocks differ, so a round may not be open yet when this one says so; nodes are not asked without pause. */
function waitMs({ network, clock }: Driver, { atMs }: WaitingSlot): number {
  const least = Math.min(1_000, Math.max(20, Math.ceil(network.roundMs / 10)));
  return Math.max(least, (atMs ?? 0) - clock());
}

/** Sends one ask; its answer becomes an event whatever happens. `shown` takes up what a node shows of the slot. */
async function send(
  client: Driver,
  slot: OpenSlot,
  shown: Shown,
  ask: UnlockAsk,
  signal: AbortSignal,
): Promise<UnlockEvent> {
  const answer = await request(client, slot, shown.flat(), ask, signal);
  if (ask.type === 'status' && answer.ok) shown[ask.node] = (answer.value as UnlockAnswers['status']).items;
  return { type: 'answer', ask, answer };
}

function request(
  client: Driver,
  slot: OpenSlot,
  shown: readonly BundleItem[],
  ask: UnlockAsk,
  signal: AbortSignal,
): Promise<Result<UnlockAnswers[UnlockAsk['type']]>> {
  const { suite } = client;
  const { chain, index } = slot;
  const { node } = ask;
  switch (ask.type) {
    case 'status':
      return askNode(client, node, pathTo.slot(chain, index), null, slotStatusCodec(suite), signal);
    case 'start': {
      const { round } = ask;
      const items = mergeItems(client, slot.shown.items, slot.fork?.items ?? []);
      const fork = slot.fork?.fork ?? null;
      const body = encodeWith(startRequestCodec(suite), { chain, index, round, state: slot.shown.hash, fork, items });
      return askNode(client, node, ROUTES.start, body, startAnswerCodec, signal);
    }
    case 'propose': {
      const items = itemsFor(client, slot, shown, ask.proposal.hash);
      const body = encodeWith(proposeRequestCodec(suite), { ...ask.proposal, items });
      return askNode(client, node, ROUTES.propose, body, proposeAnswerCodec, signal);
    }
    case 'vote': {
      const items = itemsFor(client, slot, shown, ask.proposal.hash);
      const body = encodeWith(voteRequestCodec(suite), { proposal: ask.proposal, items });
      return askNode(client, node, ROUTES.vote, body, submitAnswerCodec, signal);
    }
    case 'ack': {
      const items = essentialsOf(client, slot, shown, ask.quorum.hash);
      const body = encodeWith(lockRequestCodec(suite), { quorum: ask.quorum, items });
      return askNode(client, node, ROUTES.lock, body, lockAnswerCodec, signal);
    }
  }
}

/** Each item once; of two that go by one name the first. */
function mergeItems({ suite }: Driver, ...lists: readonly (readonly BundleItem[])[]): readonly BundleItem[] {
  return [...new Set(indexItems(suite, lists.flat().toReversed()).values())];
}

const candidatesOf = ({ shown, candidates }: OpenSlot): readonly Candidate[] => [...candidates, shown];

/** What a voter needs for this state; of one that this device does not hold, what nodes have shown of it. */
function itemsFor(
  client: Driver,
  slot: OpenSlot,
  shown: readonly BundleItem[],
  state: StateHash,
): readonly BundleItem[] {
  const held = candidatesOf(slot).find(({ hash }) => equalBytes(hash, state));
  return held?.items ?? essentialsOf(client, slot, shown, state);
}

/** Body and operation, what a node serves a state with; nothing where nobody has shown them. */
export function essentialsOf(
  { suite }: Pick<Device, 'suite'>,
  slot: Pick<OpenSlot, 'shown' | 'candidates'>,
  shown: readonly BundleItem[],
  state: StateHash,
): readonly BundleItem[] {
  const byName = indexItems(suite, [...[slot.shown, ...slot.candidates].flatMap(({ items }) => items), ...shown]);
  const body = byName.get(itemNames.body(state));
  const operation = body?.type === 'body' ? byName.get(itemNames.operation(body.body.op)) : undefined;
  return body && operation ? [body, operation] : [];
}
