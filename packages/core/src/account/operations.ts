/** Operations of an account (spec VAL-2 to VAL-10). Number 7 is kept for rotation. */
import type { ChainId, TokenId } from '../bytes.ts';
import { windowCodec, type Window } from '../chain/body.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import { amount, hash, list, optional, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { policyCodec, type TokenPolicy } from './policy.ts';

/** First state: which identity and which of its devices. Determined by the identity's device tree. */
export interface AccountGenesis {
  readonly type: 'genesis';
  /** Checkpoint interval. */
  readonly k: number;
  readonly identity: ChainId;
  readonly key: PublicKey;
  readonly nextKey: Uint8Array;
  /** Position in the device tree, and the proof that it is there. */
  readonly device: number;
  readonly devices: number;
  readonly proof: readonly Uint8Array[];
}

export interface CreateToken {
  readonly type: 'createToken';
  readonly window: Window;
  readonly policy: TokenPolicy;
}

interface TokenAmount {
  readonly window: Window;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
}

export interface Mint extends TokenAmount {
  readonly type: 'mint';
}

export interface Burn extends TokenAmount {
  readonly type: 'burn';
}

export interface Transfer extends TokenAmount {
  readonly type: 'transfer';
  readonly to: ChainId;
  /** Commits to an order reference or to the payment refunded; opened to the payee only. */
  readonly reference: Uint8Array | null;
}

/** Credit of one output of a certified debit that names this account. */
export interface Receive extends TokenAmount {
  readonly type: 'receive';
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
}

/** Debit to a reservation for one payee until E. The vault's genesis follows from it, so its id is checked. */
export interface Fund extends TokenAmount {
  readonly type: 'fund';
  readonly payee: ChainId;
  readonly payeeKey: PublicKey;
  /** E. */
  readonly until: number;
  readonly vault: ChainId;
}

/** 32 bytes of an application's own, certified in their order (spec VAL-10). */
export interface Anchor {
  readonly type: 'anchor';
  readonly window: Window;
  readonly value: Uint8Array;
}

/** The device begins anew from a backup (spec VAL-30): halves that stand on an older base are closed. */
export interface Restored {
  readonly type: 'restored';
  readonly window: Window;
}

/** Nothing: what a place that came to nothing holds (spec CHN-14). Nobody signs it. */
export interface AccountVoid {
  readonly type: 'void';
  /** That of the parent's body. */
  readonly window: Window;
}

export type AccountOperation =
  | AccountGenesis
  | CreateToken
  | Mint
  | Burn
  | Transfer
  | Receive
  | Fund
  | Anchor
  | Restored
  | AccountVoid;

const tokenAmount = { window: windowCodec, token: hash<TokenId>(), amount };

export const accountOperationCodec: Codec<AccountOperation> = variant<AccountOperation>({
  genesis: [
    0,
    {
      k: uint(LIMITS.maxSkip),
      identity: hash<ChainId>(),
      key: publicKeyCodec,
      nextKey: hash(),
      device: uint(),
      devices: uint(),
      proof: list(hash(), LIMITS.deviceProof),
    },
  ],
  createToken: [1, { window: windowCodec, policy: policyCodec }],
  mint: [2, tokenAmount],
  burn: [3, tokenAmount],
  transfer: [4, { ...tokenAmount, to: hash<ChainId>(), reference: optional(hash()) }],
  receive: [5, { ...tokenAmount, source: hash<ChainId>(), index: uint(), output: uint() }],
  fund: [
    6,
    { ...tokenAmount, payee: hash<ChainId>(), payeeKey: publicKeyCodec, until: uint(), vault: hash<ChainId>() },
  ],
  anchor: [8, { window: windowCodec, value: hash() }],
  restored: [9, { window: windowCodec }],
  void: [10, { window: windowCodec }],
});
