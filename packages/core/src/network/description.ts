/**
 * A network: who the directory nodes are and the times that they keep (spec NET-1). Its id is the hash of the
 * description; where the nodes answer is not part of it. Membership is fixed.
 */
import { HASH_BYTES, type NetworkId } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import { SIGNATURE_ALGORITHMS, type PublicKey } from '../crypto/keys.ts';
import { equalKeys, publicKeyCodec } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { label, list, literal, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, ok, type Result } from '../result.ts';

export interface NetworkDescription {
  readonly version: 1;
  readonly name: string;
  /** Dishonest nodes that the network survives; n ≥ 3f + 1. */
  readonly faults: number;
  readonly nodes: readonly PublicKey[];
  /** Δ: the largest difference between two honest clocks. */
  readonly deltaMs: number;
  /** Time between the last claim and the first release of a reservation: more than 2Δ and the latency. */
  readonly gapMs: number;
  /** How long before a reservation's date E the payee stops grading `reserved`. */
  readonly marginMs: number;
  /** D: how long after signing an account state's window may last. */
  readonly settleMs: number;
  /** τ: the unit of the waiting time before a round opens. */
  readonly roundMs: number;
  /** First bytes of chain ids, one entry a group of stores; empty: one group. */
  readonly partitions: readonly number[];
}

export interface Network extends NetworkDescription {
  readonly id: NetworkId;
  /** q = ⌊(n+f)/2⌋ + 1 (spec NET-2). */
  readonly quorum: number;
}

/** What the verification of receipts needs. */
export interface NetworkContext {
  readonly suite: CryptoSuite;
  readonly network: Network;
}

export const networkCodec: Codec<NetworkDescription> = record<NetworkDescription>({
  version: literal(1),
  name: label(LIMITS.nameBytes, 1),
  faults: uint(LIMITS.networkNodes),
  nodes: list(publicKeyCodec, LIMITS.networkNodes, 1),
  deltaMs: uint(),
  gapMs: uint(),
  marginMs: uint(),
  settleMs: uint(),
  roundMs: uint(),
  partitions: list(uint(255), 256),
});

const timesOf = ({ deltaMs, gapMs, marginMs, settleMs, roundMs }: NetworkDescription): readonly number[] => [
  deltaMs,
  gapMs,
  marginMs,
  settleMs,
  roundMs,
];

/** q = ⌊(n+f)/2⌋ + 1 (spec NET-2). */
const quorumOf = ({ nodes, faults }: NetworkDescription): number => Math.floor((nodes.length + faults) / 2) + 1;

/** A receipt or a report beside its signature, its proof and its quorum: numbers, hashes, the heads of arrays. */
const FRAME_BYTES = 256;

/**
 * The largest proposal that a slot can come to: each of q reports shows a quorum of q receipts. Nodes must read it, or
 * the slot stays open for ever.
 */
function proposalBytes(description: NetworkDescription): number {
  const quorum = quorumOf(description);
  const signature = Math.max(
    ...description.nodes.map(({ algorithm }) => SIGNATURE_ALGORITHMS[algorithm].signatureBytes),
  );
  const receipt = signature + LIMITS.logProof * (HASH_BYTES + 2) + FRAME_BYTES;
  const report = signature + quorum * receipt + FRAME_BYTES;
  return quorum * report + signature + FRAME_BYTES;
}

export function openNetwork(suite: CryptoSuite, description: NetworkDescription): Result<Network> {
  const { nodes, faults } = description;
  const distinct = nodes.every((key, i) => nodes.findIndex((other) => equalKeys(key, other)) === i);
  const valid = checkAll(
    () => check(nodes.length >= 3 * faults + 1, 'E_FORMAT', 'NET-1', 'fewer than 3f + 1 nodes'),
    () => check(distinct, 'E_FORMAT', 'NET-1', 'two nodes have the same key'),
    () => check(description.gapMs > 2 * description.deltaMs, 'E_FORMAT', 'NET-1', 'the gap is not above 2Δ'),
    () => check(description.settleMs > 0, 'E_FORMAT', 'NET-1', 'no time to settle'),
    () => check(description.roundMs > 0, 'E_FORMAT', 'NET-1', 'all rounds would open together'),
    () => check(description.marginMs > description.deltaMs, 'E_FORMAT', 'NET-1', 'the margin is not above Δ'),
    () =>
      check(
        timesOf(description).every((ms) => ms <= LIMITS.networkMs),
        'E_LIMIT',
        'NET-1',
        'a time is too long',
      ),
    () =>
      check(
        proposalBytes(description) <= LIMITS.roundBytes,
        'E_LIMIT',
        'NET-1',
        'too many nodes for signatures of this length: no node would read a proposal',
      ),
  );
  if (!valid.ok) return valid;
  const id = hashItem<NetworkId>(suite, 'network', networkCodec.toItem(description));
  return ok({ ...description, id, quorum: quorumOf(description) });
}
