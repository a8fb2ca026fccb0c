/** What honest devices promise each other and themselves. */
import { decodeFailure, decodeFileOf, decodeItem, evidenceFrom, indexItems, keyId, toHex, verifyFork } from '@dsm/core';
import { chainRecords } from '../../packages/wallet/src/records/chain.ts';
import { evidenceRecords } from '../../packages/wallet/src/records/evidence.ts';
import { stateRecords } from '../../packages/wallet/src/records/state.ts';
import { relationshipRecords } from '../../packages/wallet/src/exchange/records.ts';
import type { Participant } from '../world/participant.ts';
import type { MakeCheck } from './check.ts';
import { ownerOfKey, placeText, readRecord } from './chronicle.ts';

/** No honest device is ever accused. */
export const noFalseAccusation: MakeCheck = (world) => {
  const { suite, facts } = world;
  const accusedBy = (file: Uint8Array): Participant | undefined => {
    const decoded = decodeFileOf(suite, 'evidence', file);
    if (!decoded.ok) return undefined;
    const { content, items } = decoded.value;
    const byName = indexItems(suite, items);
    const proven = verifyFork({ suite, network: facts, evidence: evidenceFrom((name) => byName.get(name)) }, content);
    return proven.ok ? ownerOfKey(world, keyId(suite, proven.value.key)) : undefined;
  };
  return {
    name: 'no false accusation',
    sentence: 'No honest device is ever accused.',
    async see(fact) {
      if (fact.type !== 'commit' || !fact.by.honest) return undefined;
      for (const write of fact.writes) {
        if (write.collection !== 'evidence' || !('put' in write)) continue;
        const record = fact.by.kind === 'device' ? await readRecord(suite, evidenceRecords, write) : undefined;
        const accused = record ? ownerOfKey(world, record.device) : accusedBy(write.put);
        if (accused?.honest) return `${fact.by.name} holds evidence against ${accused.name}`;
      }
      return undefined;
    },
  };
};

/** Intent is durable before a signature is made, and the same body is completed whatever happens in between. */
export const intentFirst: MakeCheck = ({ suite }) => {
  /** Device and place → hash that its disk holds there. */
  const intents = new Map<string, string>();
  const kinds = new Map<string, string>();
  return {
    name: 'intent first',
    sentence: 'Intent is durable before a signature is made.',
    async see(fact) {
      if (fact.by.kind !== 'device' || !fact.by.honest) return undefined;
      if (fact.type === 'commit') {
        for (const write of fact.writes) {
          if (write.collection === 'chain') {
            const chain = await readRecord(suite, chainRecords, write);
            if (chain) kinds.set(toHex(write.key), chain.kind);
          }
          if (write.collection !== 'state') continue;
          const state = await readRecord(suite, stateRecords, write);
          if (state) intents.set(`${fact.by.name} ${toHex(write.key)}`, toHex(state.hash));
        }
      }
      if (fact.type !== 'signature' || fact.purpose !== 'state') return undefined;
      const message = decodeItem(fact.message);
      if (!message.ok || !Array.isArray(message.value)) return 'a message that cannot be read is signed';
      const [, chain, , to, hash] = message.value as [Uint8Array, Uint8Array, number, number, Uint8Array];
      // A state of a vault is canonical: the same whenever it is drafted.
      if (kinds.get(toHex(chain)) === 'vault') return undefined;
      const intent = intents.get(`${fact.by.name} ${placeText(chain, to)}`);
      return intent === toHex(hash)
        ? undefined
        : `${fact.by.name} signs ${toHex(hash).slice(0, 8)} at ${to} of ${toHex(chain).slice(0, 8)} and its disk holds ${intent?.slice(0, 8) ?? 'nothing'}`;
    },
  };
};

/** What a device holds of an honest device's half was signed by that device. */
export const trueHalves: MakeCheck = ({ suite }, chronicle) => {
  const writers = new Map<string, Participant>();
  return {
    name: 'true halves',
    sentence: 'Two honest parties never hold different states of a relationship without evidence against somebody.',
    async see(fact) {
      if (fact.type !== 'commit' || fact.by.kind !== 'device' || !fact.by.honest) return undefined;
      for (const write of fact.writes) {
        if (write.collection === 'relationship') {
          const relationship = await readRecord(suite, relationshipRecords, write);
          if (relationship) writers.set(toHex(relationship.ownHalf), fact.by);
        }
        if (write.collection !== 'chain') continue;
        const chain = await readRecord(suite, chainRecords, write);
        const writer = writers.get(toHex(write.key));
        if (!chain || chain.tip.index === 0 || !writer?.honest || writer === fact.by) continue;
        const signed = chronicle.signed.get(placeText(write.key, chain.tip.index));
        if (signed !== toHex(chain.tip.hash)) {
          return `${fact.by.name} holds state ${chain.tip.index} of the half of ${writer.name}, who signed ${signed?.slice(0, 8) ?? 'nothing'} there`;
        }
      }
      return undefined;
    },
  };
};

/** Inputs may be anything; nothing throws and no participant calls itself defective. */
export const noDefects: MakeCheck = () => ({
  name: 'no defects',
  sentence: 'Never a throw: whatever comes in, a result with a stable code goes out.',
  see(fact) {
    if (fact.type === 'told' && fact.by.honest && fact.failure?.code === 'E_INTERNAL') {
      return `${fact.by.name}, ${fact.command}: ${fact.failure.message}`;
    }
    if (fact.type === 'answer' && fact.by.honest && fact.status === 500) {
      const failure = decodeFailure(fact.body);
      if (failure.ok && failure.value.code === 'E_INTERNAL') {
        return `${fact.by.name} answers ${fact.path} with a defect: ${failure.value.message}`;
      }
    }
    return undefined;
  },
});
