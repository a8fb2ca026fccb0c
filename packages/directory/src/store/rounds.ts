/** Proposals and signatures of rounds above 0 in the store: each is made once and served for ever (spec NET-28). */
import {
  concatBytes,
  decodeWith,
  encodeWith,
  fail,
  ok,
  reportMessage,
  proposalMessage,
  signMessage,
  StoreError,
  unsignedRoundProposalCodec,
  type Place,
  type Report,
  type Result,
  type RoundProposal,
  type Store,
  type UnsignedReport,
  type UnsignedRoundProposal,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { COLLECTIONS, roundKey, textKey } from './keys.ts';
import type { Transaction } from './transaction.ts';

type RoundPlace = Place & { readonly round: number };

const keyOf = ({ chain, index, round }: RoundPlace): Uint8Array => roundKey(chain, index, round);

export async function readProposal(
  from: Store | Transaction,
  place: RoundPlace,
): Promise<UnsignedRoundProposal | undefined> {
  const key = keyOf(place);
  const { proposal } = COLLECTIONS;
  const bytes = 'read' in from ? await from.read(proposal, key) : await from.get(proposal, key);
  if (bytes === undefined) return undefined;
  const kept = decodeWith(unsignedRoundProposalCodec, bytes, 'proposal');
  if (kept.ok) return kept.value;
  throw new StoreError({ code: 'E_DAMAGED', rule: 'STO-5', message: 'a proposal cannot be read' });
}

export const writeProposal = (transaction: Transaction, proposal: UnsignedRoundProposal): void =>
  transaction.write(COLLECTIONS.proposal, keyOf(proposal), encodeWith(unsignedRoundProposalCodec, proposal));

/** The signature under this key, made if there is none and kept before anybody sees it. */
async function signOnce(
  { store }: NodeContext,
  purpose: 'report' | 'proposal',
  place: RoundPlace,
  sign: () => Uint8Array,
): Promise<Result<Uint8Array>> {
  const key = concatBytes([textKey(`${purpose} `), keyOf(place)]);
  const { signature: collection } = COLLECTIONS;
  const known = await store.get(collection, key);
  if (known) return ok(known);
  const signature = sign();
  const kept = await store.commit([{ collection, key, put: signature }], [{ collection, key, is: 'absent' }]);
  if (kept.ok) return ok(signature);
  if (kept.error.code !== 'E_CONFLICT') return kept;
  const other = await store.get(collection, key);
  return other ? ok(other) : fail('E_STORE', 'STO-4', 'the signature could not be kept');
}

/** Signs a report that is in the slot's record. */
export async function signReport(node: NodeContext, report: UnsignedReport): Promise<Result<Report>> {
  const { suite, secretKey } = node;
  const signed = await signOnce(node, 'report', report, () =>
    signMessage(suite, secretKey, 'report', reportMessage(node, report)),
  );
  return signed.ok ? ok({ ...report, signature: signed.value }) : signed;
}

/** Signs a proposal that is in the store. */
export async function signProposal(node: NodeContext, proposal: UnsignedRoundProposal): Promise<Result<RoundProposal>> {
  const { suite, secretKey } = node;
  const signed = await signOnce(node, 'proposal', proposal, () =>
    signMessage(suite, secretKey, 'proposal', proposalMessage(node, proposal)),
  );
  return signed.ok ? ok({ ...proposal, signature: signed.value }) : signed;
}
