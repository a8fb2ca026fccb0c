/** What an honest device owes to others once it reaches the nodes: to learn what they know, and to bring what it holds. */
import {
  decodeFileOf,
  equalBytes,
  evidenceFrom,
  indexItems,
  toHex,
  verifyFork,
  type ChainId,
  type StateHash,
} from '@dsm/core';
import type { Exchanged } from '@dsm/wallet';
import { listContactRecords } from '../../packages/wallet/src/records/contact.ts';
import { findEvidence } from '../../packages/wallet/src/evidence/store.ts';
import { paymentRecords } from '../../packages/wallet/src/records/payment.ts';
import { honestSeats } from '../world/finish.ts';
import type { World } from '../world/world.ts';
import type { MakeCheck } from './check.ts';
import { placeText, type Chronicle } from './chronicle.ts';

/** The key that a piece of evidence accuses; nothing where it proves nothing. */
export function accusedKey({ suite, facts }: World, file: Uint8Array): Uint8Array | undefined {
  const decoded = decodeFileOf(suite, 'evidence', file);
  if (!decoded.ok) return undefined;
  const { content, items } = decoded.value;
  const byName = indexItems(suite, items);
  const proven = verifyFork({ suite, network: facts, evidence: evidenceFrom((name) => byName.get(name)) }, content);
  return proven.ok ? proven.value.device : undefined;
}

/** Evidence that nodes keep reaches everybody who deals with the accused. */
export const evidenceSpreads: MakeCheck = (world) => {
  /** Key → when an honest node first kept evidence against it. */
  const kept = new Map<string, { readonly key: Uint8Array; readonly atMs: number; readonly node: string }>();
  return {
    name: 'evidence spreads',
    sentence: 'Two honest parties never hold different final states without evidence: who syncs has what the nodes have.',
    see(fact) {
      if (fact.type !== 'commit' || fact.by.kind !== 'node' || !fact.by.honest) return undefined;
      for (const write of fact.writes) {
        if (write.collection !== 'evidence' || !('put' in write)) continue;
        const key = accusedKey(world, write.put);
        if (key && !kept.has(toHex(key))) {
          kept.set(toHex(key), { key, atMs: world.scheduler.nowMs(), node: fact.by.name });
        }
      }
      return undefined;
    },
    async atEnd() {
      for (const { who, device } of honestSeats(world)) {
        const last = world.synced.get(who.name)?.at(-1);
        if (!device || !last) continue;
        for (const contact of await listContactRecords(device)) {
          const known = kept.get(toHex(contact.device));
          const node = world.nodeSeats.find((seat) => seat.who.name === known?.node);
          if (!known || !node?.who.honest || known.atMs >= last.fromMs) continue;
          if (await findEvidence(device, contact.device)) continue;
          return `${who.name} has synced and holds no evidence against ${contact.name}, which ${known.node} keeps`;
        }
      }
      return undefined;
    },
  };
};

interface Held {
  readonly by: string;
  readonly payment: Uint8Array;
  readonly chain: ChainId;
  readonly index: number;
  readonly state: StateHash;
  readonly settleBy: number;
  readonly toldMs: number;
}

/** Nodes that have met a state on the way from this one down to the newest final one. */
function isMet(chronicle: Chronicle, { chain, index, state }: Held): boolean {
  let hash = toHex(state);
  for (let at = index; at > 0; at--) {
    const place = placeText(chain, at);
    if (chronicle.finals.get(place)?.hash === hash) return at === index;
    if ([...chronicle.slots.values()].some((slots) => slots.has(place))) return true;
    const body = chronicle.body(hash);
    if (!body) return true;
    hash = toHex(body.prev);
  }
  return false;
}

/** A payee that reaches the nodes in time brings them what its payer has signed, whatever the payer does. */
export const runsAreBrought: MakeCheck = (world, chronicle) => {
  const held = new Map<string, Held>();
  return {
    name: 'runs are brought',
    sentence: 'A provisional payment settles without its payer: the payee brings its states to the nodes.',
    see(fact) {
      if (fact.type === 'lost') for (const [key, { by }] of held) if (by === fact.by.name) held.delete(key);
      if (fact.type !== 'told' || fact.command !== 'commit' || fact.failure || !fact.by.honest) return undefined;
      const { turn, payment: row } = fact.value as Exchanged;
      const { payment, chain, index, state, settleBy } = row;
      if (turn !== 'received' || row.grade !== 'provisional' || row.direction !== 'in') return undefined;
      if (chain === null || index === null || state === null || settleBy === null) return undefined;
      const key = `${fact.by.name} ${toHex(payment)}`;
      const toldMs = world.scheduler.nowMs();
      if (!held.has(key)) held.set(key, { by: fact.by.name, payment, chain, index, state, settleBy, toldMs });
      return undefined;
    },
    async atEnd() {
      for (const { who, device } of honestSeats(world)) {
        const syncs = world.synced.get(who.name) ?? [];
        for (const one of held.values()) {
          if (one.by !== who.name || !device || isMet(chronicle, one)) continue;
          const lastMs = one.settleBy - 2 * world.facts.deltaMs;
          if (!syncs.some(({ fromMs, toMs }) => fromMs > one.toldMs && toMs < lastMs)) continue;
          const row = await paymentRecords.read(device, one.payment);
          if (row?.state && equalBytes(row.state, one.state) && (row.status === 'received' || row.status === 'acknowledged'))
            return `${who.name} synced in time, and no node has met state ${one.index} of the payer, which it holds`;
        }
      }
      return undefined;
    },
  };
};
