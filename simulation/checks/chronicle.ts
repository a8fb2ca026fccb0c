/**
 * What is true in a run, gathered from every disk and every signature: the checks compare it with what participants
 * believe and say. Only what honest participants recorded counts as a belief; items are named by their content, so
 * it does not matter whose they are.
 */
import {
  bundleItemCodec,
  decodeItem,
  decodeWith,
  equalBytes,
  keyId,
  stateHash,
  hashOperation,
  toHex,
  type Body,
  type BundleItem,
  type ChainId,
  type CryptoSuite,
  type Operation,
  type StateHash,
  type Write,
} from '@dsm/core';
import { slotCodec, type SlotRecord } from '@dsm/directory';
import type { Collection } from '../../packages/wallet/src/records/collection.ts';
import { finalRecords } from '../../packages/wallet/src/records/final.ts';
import type { Fact } from '../world/facts.ts';
import type { Participant } from '../world/participant.ts';
import type { World } from '../world/world.ts';

export interface Final {
  readonly chain: ChainId;
  readonly index: number;
  readonly hash: string;
  /** Who recorded it first. */
  readonly by: Participant;
}

export interface SlotChange {
  readonly by: Participant;
  readonly place: string;
  readonly before: SlotRecord | undefined;
  readonly after: SlotRecord;
  /** The node's clock. */
  readonly nowMs: number;
}

export interface Chronicle {
  /** Place → Final that an honest participant takes for one. */
  readonly finals: Map<string, Final>;
  /** Finals that are new in this event. */
  newFinals: Final[];
  /** Changes of honest nodes' slots in this event. */
  slotChanges: SlotChange[];
  /** Node name → place → its slot. */
  readonly slots: Map<string, Map<string, SlotRecord>>;
  /** Two honest participants hold different states for final. */
  contradiction: string | undefined;
  body(hash: string): Body | undefined;
  operation(hash: string): Operation | undefined;
  /** Honest nodes that stand by this state in the form and round. */
  supporters(place: string, form: 'votes' | 'acks', round: number, hash: string): number;
  /** Whether a Final of this state can have been put together, bad nodes helping as they like. */
  mayBeFinal(place: string, hash: string): boolean;
  /** States of this place that can be Final by now. */
  candidates(place: string): readonly string[];
  /** Every state that honest devices signed: place → hash. */
  readonly signed: Map<string, string>;
  take(fact: Fact): Promise<void>;
  endEvent(): void;
}

/** The key that stores use for a place, in hexadecimal. */
export const placeText = (chain: Uint8Array, index: number): string =>
  `${toHex(chain)}${index.toString(16).padStart(16, '0')}`;

export const placeOf = (key: Uint8Array): { readonly chain: ChainId; readonly index: number } => ({
  chain: key.slice(0, 32) as ChainId,
  index: Number(new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(32)),
});

/** A record of a wallet out of a write, as the wallet itself reads it. */
export const readRecord = <T>(suite: CryptoSuite, collection: Collection<T>, write: Write): Promise<T | undefined> =>
  'put' in write
    ? collection.read({ suite, store: { get: async () => write.put } as never }, write.key)
    : Promise.resolve(undefined);

const utf8 = new TextDecoder();

/** Wallets wrap what they store: check, content. */
function contentOf(by: Participant, put: Uint8Array): Uint8Array | undefined {
  if (by.kind === 'node') return put;
  const sealed = decodeItem(put, put.length);
  const content: unknown = sealed.ok && Array.isArray(sealed.value) ? sealed.value[1] : undefined;
  return content instanceof Uint8Array ? content : undefined;
}

/** Whose device a key is. */
export const ownerOfKey = (world: World, id: Uint8Array): Participant | undefined =>
  world.seats.find(({ device }) => device && equalBytes(keyId(world.suite, device.key.publicKey), id))?.who;

export function createChronicle(world: World): Chronicle {
  const { suite, facts } = world;
  /** Name → who stored it and how: decoded when somebody asks. */
  const stored = new Map<string, { readonly by: Participant; readonly put: Uint8Array }>();
  const decoded = new Map<string, BundleItem | undefined>();
  const support = new Map<string, Map<string, Set<string>>>();
  const codec = bundleItemCodec(suite);

  const itemOf = (name: string): BundleItem | undefined => {
    if (decoded.has(name)) return decoded.get(name);
    const found = stored.get(name);
    const content = found && contentOf(found.by, found.put);
    const item = content && decodeWith(codec, content, 'item');
    const value = item?.ok ? item.value : undefined;
    if (found) decoded.set(name, value);
    return value;
  };

  const takeFinal = (by: Participant, key: Uint8Array, hash: string): void => {
    const place = toHex(key);
    const known = chronicle.finals.get(place);
    if (known && known.hash !== hash) {
      chronicle.contradiction ??= `${known.by.name} holds ${known.hash.slice(0, 8)} for final where ${by.name} holds ${hash.slice(0, 8)}`;
    }
    if (known) return;
    const final: Final = { ...placeOf(key), hash, by };
    chronicle.finals.set(place, final);
    chronicle.newFinals.push(final);
  };

  const takeSlot = (by: Participant, write: Write): void => {
    const slot = 'put' in write ? decodeWith(slotCodec, write.put, 'slot') : undefined;
    if (!slot?.ok) return;
    const place = toHex(write.key);
    const own = chronicle.slots.get(by.name) ?? new Map<string, SlotRecord>();
    chronicle.slots.set(by.name, own);
    const before = own.get(place);
    own.set(place, slot.value);
    chronicle.slotChanges.push({ by, place, before, after: slot.value, nowMs: world.scheduler.nowMs() + by.skewMs });
    const marks = support.get(place) ?? new Map<string, Set<string>>();
    support.set(place, marks);
    for (const [form, list] of [
      ['votes', slot.value.votes],
      ['acks', slot.value.acks],
    ] as const) {
      for (const { round, hash } of list) {
        const name = `${form} ${round} ${toHex(hash)}`;
        const nodes = marks.get(name) ?? new Set();
        marks.set(name, nodes.add(by.name));
      }
    }
    if (slot.value.final !== null) takeFinal(by, write.key, toHex(slot.value.final));
  };

  const badNodes = (): number => world.nodeSeats.filter(({ who }) => !who.honest).length;
  /** Support of nodes that were honest when they gave it and are not any more counts as theirs, not as honest. */
  const honestCount = (nodes: ReadonlySet<string> | undefined): number =>
    nodes === undefined ? 0 : world.nodeSeats.filter(({ who }) => who.honest && nodes.has(who.name)).length;

  const takeSignature = (fact: Extract<Fact, { type: 'signature' }>): void => {
    if (fact.purpose !== 'state' || fact.by.kind !== 'device' || !fact.by.honest) return;
    const message = decodeItem(fact.message);
    if (!message.ok || !Array.isArray(message.value)) return;
    const [, chain, , to, hash] = message.value as [Uint8Array, Uint8Array, number, number, Uint8Array];
    const place = placeText(chain, to);
    if (!chronicle.signed.has(place)) chronicle.signed.set(place, toHex(hash));
  };

  const chronicle: Chronicle = {
    finals: new Map(),
    newFinals: [],
    slotChanges: [],
    slots: new Map(),
    contradiction: undefined,
    signed: new Map(),
    body(hash) {
      const item = itemOf(`body ${hash}`);
      return item?.type === 'body' && toHex(stateHash(suite, item.body)) === hash ? item.body : undefined;
    },
    operation(hash) {
      const item = itemOf(`operation ${hash}`);
      return item?.type === 'operation' && toHex(hashOperation(suite, item.operation)) === hash
        ? item.operation
        : undefined;
    },
    supporters: (place, form, round, hash) => honestCount(support.get(place)?.get(`${form} ${round} ${hash}`)),
    mayBeFinal: (place, hash) => chronicle.candidates(place).includes(hash),
    candidates(place) {
      const bad = badNodes();
      const possible = new Set<string>();
      for (const [name, nodes] of support.get(place) ?? []) {
        const [form, round, hash = ''] = name.split(' ');
        const needed = form === 'acks' ? facts.quorum : round === '0' ? facts.nodes.length : Number.POSITIVE_INFINITY;
        if (honestCount(nodes) + bad >= needed) possible.add(hash);
      }
      return [...possible];
    },
    async take(fact) {
      if (fact.type === 'signature') takeSignature(fact);
      if (fact.type !== 'commit') return;
      for (const write of fact.writes) {
        if (write.collection === 'item' && 'put' in write) {
          const name = utf8.decode(write.key);
          const known = stored.get(name);
          if (!known || (fact.by.honest && !known.by.honest)) {
            stored.set(name, { by: fact.by, put: write.put });
            decoded.delete(name);
          }
        }
        if (!fact.by.honest) continue;
        if (write.collection === 'slot') takeSlot(fact.by, write);
        if (write.collection === 'final' && fact.by.kind === 'device') {
          const hash = await readRecord<StateHash>(suite, finalRecords, write);
          // A genesis is final by its id.
          if (hash && placeOf(write.key).index > 0) takeFinal(fact.by, write.key, toHex(hash));
        }
      }
    },
    endEvent() {
      chronicle.newFinals = [];
      chronicle.slotChanges = [];
    },
  };
  return chronicle;
}
