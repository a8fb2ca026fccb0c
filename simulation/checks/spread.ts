/** What whoever syncs learns of others. */
import { decodeFileOf, evidenceFrom, indexItems, toHex, verifyFork } from '@dsm/core';
import { listContactRecords } from '../../packages/wallet/src/records/contact.ts';
import { findEvidence } from '../../packages/wallet/src/evidence/store.ts';
import { honestSeats } from '../world/finish.ts';
import type { World } from '../world/world.ts';
import type { MakeCheck } from './check.ts';

/** The key that a piece of evidence accuses; nothing where it proves nothing. */
function accusedKey({ suite, facts }: World, file: Uint8Array): Uint8Array | undefined {
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
    sentence:
      'Two honest parties never hold different final states without evidence: who syncs has what the nodes have.',
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
