/**
 * Operations of a vault (spec RES-1 to RES-6). In this version the one vault is the reservation: value set aside by a
 * payer for one payee until a date.
 */
import type { ChainId, TokenId } from '../bytes.ts';
import { windowCodec, type Window } from '../chain/body.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import { amount, hash, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';

/** The terms; both keys are fixed for the life of the vault. */
export interface ReservationTerms {
  readonly k: number;
  readonly payer: ChainId;
  readonly payerKey: PublicKey;
  readonly payee: ChainId;
  readonly payeeKey: PublicKey;
  readonly token: TokenId;
  readonly funded: bigint;
  /** E: last moment of a claim. */
  readonly until: number;
  /** Where on the payer's account the funding debit stands. */
  readonly fundingIndex: number;
  readonly fundingOutput: number;
}

export interface VaultGenesis extends ReservationTerms {
  readonly type: 'genesis';
}

/** What a vault pays out; destination and token are those of the terms. */
interface Payout {
  readonly window: Window;
  readonly to: ChainId;
  readonly token: TokenId;
  readonly amount: bigint;
}

/** To the payee, up to a cumulative total that the payer signed. Canonical: follows from vault state and total. */
export interface Claim extends Payout {
  readonly type: 'claim';
  /** `amount` is this minus what was claimed before. */
  readonly total: bigint;
}

/** The rest back to the payer before E, by the payee, who takes nothing more out of it. */
export interface Close extends Payout {
  readonly type: 'close';
}

/** The rest back to the payer, after E and the gap. */
export interface Release extends Payout {
  readonly type: 'release';
}

/** Nothing: what a place that came to nothing holds (spec CHN-14). Nobody signs it. */
export interface VaultVoid {
  readonly type: 'void';
  /** That of the parent's body. */
  readonly window: Window;
}

export type VaultOperation = VaultGenesis | Claim | Close | Release | VaultVoid;

const payout = { window: windowCodec, to: hash<ChainId>(), token: hash<TokenId>(), amount };

export const vaultOperationCodec: Codec<VaultOperation> = variant<VaultOperation>({
  genesis: [
    0,
    {
      k: uint(LIMITS.maxSkip),
      payer: hash<ChainId>(),
      payerKey: publicKeyCodec,
      payee: hash<ChainId>(),
      payeeKey: publicKeyCodec,
      token: hash<TokenId>(),
      funded: amount,
      until: uint(),
      fundingIndex: uint(),
      fundingOutput: uint(),
    },
  ],
  claim: [1, { ...payout, total: amount }],
  close: [2, payout],
  release: [3, payout],
  void: [4, { window: windowCodec }],
});
