/** The payment row of an account state, and what is answered once it is certified. */
import type { ChainId, StateHash, TokenId, Transition } from '@dsm/core';
import type { Certified } from '../chain/own.ts';
import type { Device } from '../device.ts';
import type { PaymentRecord } from '../records/payment.ts';

export interface CertifiedPayment {
  /** `C_pre` of the state. */
  readonly payment: Uint8Array;
  readonly grade: 'certified';
  readonly chain: ChainId;
  readonly index: number;
  readonly hash: StateHash;
  /** Receipts in the certificate. */
  readonly receipts: number;
}

export const certifiedPayment = ({ transition, certificate }: Certified): CertifiedPayment => ({
  payment: transition.body.precommit,
  grade: 'certified',
  chain: transition.body.chain,
  index: transition.body.index,
  hash: transition.hash,
  receipts: certificate.receipts.length,
});

/** A payment that an own account state makes, not settled yet. Peer: whom it pays, this account if nobody. */
export function newPayment(device: Device, { body, hash, operation, outputs }: Transition): PaymentRecord {
  const [output] = outputs;
  const moved = operation.operation as { readonly token?: TokenId; readonly amount?: bigint };
  return {
    payment: body.precommit,
    kind: 'online',
    direction: 'out',
    peer: output?.to ?? device.account,
    token: moved.token as TokenId,
    amount: moved.amount as bigint,
    order: '',
    grade: null,
    status: 'pending',
    at: device.clock(),
    state: hash,
    chain: body.chain,
    index: body.index,
    vault: null,
    expiresAt: body.window.until,
    claimBy: null,
    settleBy: null,
    refundOf: null,
  };
}
