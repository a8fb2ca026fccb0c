/**
 * Bundles: the evidence that travels beside a message (spec BND-1). A set of items, each found by what it says, never
 * by where it stands; nothing is sent twice, and what nobody needs is refused.
 */
import { policyCodec, type TokenPolicy } from '../account/policy.ts';
import type { ChainId, StateHash } from '../bytes.ts';
import { bodyCodec, type Body } from '../chain/body.ts';
import { operationCodec, type Operation } from '../chain/operation.ts';
import { signatureCodec, type Purpose } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { amount, hash, list, literal, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import type { Tree } from '../merkle/sparse.ts';
import { witnessFromItem, witnessToItem } from '../merkle/witness.ts';
import { certificateCodec, type Certificate } from '../network/certificate.ts';
import { fail, ok } from '../result.ts';

const PURPOSES: readonly Purpose[] = ['state', 'claim', 'genesis', 'rotation', 'ack', 'head', 'issue'];

/** A signature over a state; `position` tells apart several signers of one state. */
export interface SignatureItem {
  readonly type: 'signature';
  readonly purpose: Purpose;
  readonly subject: StateHash;
  readonly position: number;
  /** Kept for segments: states before this one that the same signature covers. 0 in the encoding, for now. */
  readonly span?: undefined;
  readonly signature: Uint8Array;
}

/** Where a total of a vault is to be found under the payer's signature: a state of the payer's half. */
export interface TotalItem {
  readonly type: 'total';
  readonly vault: ChainId;
  /** Cumulative base units: each claim of a vault rests on a total of its own. */
  readonly total: bigint;
  readonly state: StateHash;
}

export type BundleItem =
  | { readonly type: 'body'; readonly body: Body }
  | { readonly type: 'operation'; readonly operation: Operation }
  | SignatureItem
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'policy'; readonly policy: TokenPolicy }
  | { readonly type: 'witness'; readonly tree: Tree }
  | TotalItem;

const purposeCodec: Codec<Purpose> = {
  toItem: (purpose) => PURPOSES.indexOf(purpose) + 1,
  fromItem: (item, at) => {
    const purpose = typeof item === 'number' ? PURPOSES[item - 1] : undefined;
    return purpose ? ok(purpose) : fail('E_FORMAT', 'ENC-7', `${at}: unknown purpose`);
  },
};

const noSpan: Codec<undefined> = {
  toItem: () => 0,
  fromItem: (item, at) => {
    const zero = literal(0).fromItem(item, at);
    return zero.ok ? ok(undefined) : zero;
  },
};

const treeCodec = (suite: CryptoSuite): Codec<Tree> => ({
  toItem: (tree): Item => witnessToItem(tree),
  fromItem: (item) => witnessFromItem(suite, item),
});

/** Decoding recomputes the hashes of witnesses, hence the suite. */
export const bundleItemCodec = (suite: CryptoSuite): Codec<BundleItem> =>
  variant<BundleItem>({
    body: [1, { body: bodyCodec }],
    operation: [2, { operation: operationCodec }],
    signature: [
      3,
      {
        purpose: purposeCodec,
        subject: hash<StateHash>(),
        position: uint(LIMITS.genesisParticipants),
        span: noSpan,
        signature: signatureCodec,
      },
    ],
    certificate: [4, { certificate: certificateCodec }],
    policy: [5, { policy: policyCodec }],
    witness: [6, { tree: treeCodec(suite) }],
    total: [7, { vault: hash<ChainId>(), total: amount, state: hash<StateHash>() }],
  });

export const bundleCodec = (suite: CryptoSuite): Codec<readonly BundleItem[]> =>
  list(bundleItemCodec(suite), LIMITS.bundleItems);
