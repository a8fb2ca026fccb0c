/** The reservation that a funding state sets up (spec RES-1): its genesis follows from the fund operation. */
import type { Fund } from '../account/operations.ts';
import type { ChainId, NetworkId } from '../bytes.ts';
import { makeGenesis, type Genesis } from '../chain/genesis.ts';
import type { PublicKey } from '../crypto/keys.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { LIMITS } from '../limits.ts';
import type { VaultGenesis } from './operations.ts';

/** Where and by whom a reservation is funded. */
export interface Funding {
  readonly payer: ChainId;
  readonly payerKey: PublicKey;
  /** Index of the funding state on the payer's account. */
  readonly index: number;
}

export const reservationGenesis = (funding: Funding, fund: Omit<Fund, 'vault' | 'type' | 'window'>): VaultGenesis => ({
  type: 'genesis',
  k: LIMITS.defaultSkip,
  payer: funding.payer,
  payerKey: funding.payerKey,
  payee: fund.payee,
  payeeKey: fund.payeeKey,
  token: fund.token,
  funded: fund.amount,
  until: fund.until,
  fundingIndex: funding.index,
  fundingOutput: 0,
});

export const makeReservation = (suite: CryptoSuite, network: NetworkId, terms: VaultGenesis): Genesis =>
  makeGenesis(suite, network, { kind: 'vault', operation: terms });
