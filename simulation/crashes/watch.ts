/**
 * What is checked whatever the workload is: no device signs two states for one place, and what a node has answered is in
 * its log for ever. Nothing here knows what a workload does.
 */
import {
  decodeItem,
  equalBytes,
  lockAnswerCodec,
  logHasher,
  must,
  decodeWith,
  rootFromInclusion,
  submitAnswerCodec,
  toHex,
  type CryptoSuite,
  type Item,
  type Receipt,
} from '@dsm/core';
import { openDisk, copyDisk } from '../disk/index.ts';
import type { Stage } from './stage.ts';

export interface Watch {
  /** `suite` of one participant: what it signs is remembered. */
  suiteOf(who: string, suite: CryptoSuite): CryptoSuite;
  /** An answer of a node with status 200. */
  answered(node: number, path: string, body: Uint8Array): void;
  /** Knows what this one knows, and learns on its own. */
  copy(): Watch;
  /** The same for two that will complain of the same. */
  describe(): string;
  /** Everything that is wrong by now. */
  violations(stage: Stage): Promise<readonly string[]>;
}

export function makeWatch(
  signed: Map<string, Set<string>> = new Map<string, Set<string>>(),
  receipts: Receipt[] = [],
): Watch {
  return {
    copy: () => makeWatch(new Map([...signed].map(([place, hashes]) => [place, new Set(hashes)])), [...receipts]),
    suiteOf(who, suite) {
      // What is signed names chain and index; the round stands in what was hashed for it.
      const rounds = new Map<string, string>();
      return {
        ...suite,
        hash(tag, message) {
          const hash = suite.hash(tag, message);
          if (tag === 'report' || tag === 'proposal') {
            const [, , round] = must(decodeItem(message)) as readonly Item[];
            rounds.set(toHex(hash), ` in round ${String(round)}`);
          }
          return hash;
        },
        sign(secretKey, purpose, message) {
          if (purpose === 'state' || purpose === 'report' || purpose === 'proposal') {
            const [, chain, from, to, bytes] = must(decodeItem(message)) as readonly Item[];
            const hash = toHex(bytes as Uint8Array);
            const slot = `${toHex(chain as Uint8Array)} ${String(from)}-${String(to)}${rounds.get(hash) ?? ''}`;
            const place = `${who} signed two ${purpose}s for ${slot}`;
            signed.set(place, (signed.get(place) ?? new Set()).add(hash));
          }
          return suite.sign(secretKey, purpose, message);
        },
      };
    },
    answered(node, path, body) {
      if (path !== '/v1/lock' && path !== '/v1/submit' && path !== '/v1/vote') return;
      const answer =
        path === '/v1/lock'
          ? decodeWith(lockAnswerCodec, body, 'answer')
          : decodeWith(submitAnswerCodec, body, 'answer');
      if (answer.ok && 'receipt' in answer.value) receipts.push({ ...answer.value.receipt, node });
    },
    describe() {
      const places = [...signed].map(([place, hashes]) => `${place} ${[...hashes].toSorted().join(' ')}`);
      // A log only grows, so that the greatest promise of a node stands for all.
      const promised = new Map<number, number>();
      for (const { node, head } of receipts) promised.set(node, Math.max(head.size, promised.get(node) ?? 0));
      const sizes = [...promised].map(([node, size]) => `node ${node} promised ${size}`);
      return [...places, ...sizes].toSorted().join('\n');
    },
    async violations(stage) {
      const twice = [...signed].filter(([, hashes]) => hashes.size > 1).map(([place]) => place);
      return [...twice, ...(await lostAnswers(stage, receipts))];
    },
  };
}

const numberKey = (value: number): Uint8Array => {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(value));
  return key;
};

/** The log of each node has the root that it has shown, and the leaf that it has promised; no two leaves for one vote. */
async function lostAnswers(stage: Stage, receipts: readonly Receipt[]): Promise<string[]> {
  const { suite } = stage;
  const lost: string[] = [];
  for (const [node, disk] of stage.nodes.entries()) {
    const store = must(await openDisk(copyDisk(disk)));
    for (const { leaf, head, proof } of receipts.filter((receipt) => receipt.node === node)) {
      const root = await store.get('log-root', numberKey(head.size));
      if (!root || !equalBytes(root, head.root)) lost.push(`node ${node} has another root of size ${head.size}`);
      const item = await store.get('log-leaf', numberKey(leaf));
      const hashed = item && suite.hash('log-leaf', item);
      const reached = hashed && rootFromInclusion(logHasher(suite), hashed, leaf, head.size, proof);
      if (!reached || !equalBytes(reached, head.root)) lost.push(`node ${node} has lost leaf ${leaf}`);
    }
    const said = new Map<string, string>();
    for (const { value } of await store.scan('log-leaf')) {
      const fields = must(decodeItem(value)) as readonly Item[];
      const shown = fields.map((field) => (field instanceof Uint8Array ? toHex(field) : String(field)));
      const [hash, ...rest] = shown.toReversed();
      const place = rest.toReversed().join(' ');
      if (said.has(place) && said.get(place) !== hash) lost.push(`node ${node} said two things: ${place}`);
      said.set(place, hash as string);
    }
  }
  return lost;
}
