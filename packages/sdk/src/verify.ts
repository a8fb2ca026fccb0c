/** What a file proves, to anybody who has it and the network file (spec FIL-2). */
import {
  decodeFile,
  evidenceFrom,
  indexItems,
  ok,
  tokenId,
  toHex,
  verifyCommit,
  verifyFile,
  type Context,
  type CryptoSuite,
  type FileKind,
  type Grade,
  type Network,
  type Result,
} from '@dsm/core';
import { makeAmount, type Amount } from './amount.ts';
import { readNetwork, type NetworkSource } from './network.ts';

/** What a commit pays. */
export interface VerifiedPayment {
  /** Hexadecimal, as in the receipts of both sides. */
  readonly payment: string;
  /** Accounts, hexadecimal: whose they are is told by their cards. */
  readonly from: string;
  readonly to: string;
  readonly amount: Amount;
  readonly order: string;
}

export interface Verified {
  readonly kind: FileKind;
  /** What the evidence in the file amounts to; undefined for what proves no payment. */
  readonly grade: Grade | undefined;
  /** Until when the grade holds: claimed by then, or settled. Milliseconds. */
  readonly goodUntil: number | undefined;
  /** Of a commit. */
  readonly paid: VerifiedPayment | undefined;
}

export interface VerifyOptions {
  /** The pinned network. */
  readonly network: NetworkSource;
}

/** Pure: the same bytes and the same network give the same answer on every machine. */
export type Verify = (file: Uint8Array, options: VerifyOptions) => Result<Verified>;

export const makeVerify =
  (suite: CryptoSuite): Verify =>
  (file, { network: source }) => {
    const read = readNetwork(suite, source);
    if (!read.ok) return read;
    const { network } = read.value;
    const verdict = verifyFile(suite, network, file);
    if (!verdict.ok) return verdict;
    const { kind, findings } = verdict;
    const paid = kind === 'commit' ? describePaid(suite, network, file) : undefined;
    return ok({ kind, grade: findings.grade, goodUntil: findings.goodUntil, paid });
  };

/** Of a commit that has been verified as a whole. */
function describePaid(suite: CryptoSuite, network: Network, bytes: Uint8Array): VerifiedPayment | undefined {
  const file = decodeFile(suite, bytes);
  if (!file.ok || file.value.kind !== 'commit') return undefined;
  const items = indexItems(suite, file.value.items);
  const context: Context = { suite, network, evidence: evidenceFrom((name) => items.get(name)) };
  const facts = verifyCommit(context, file.value.content);
  if (!facts.ok) return undefined;
  const { offer } = facts.value;
  return {
    payment: toHex(offer.transition.body.precommit),
    from: toHex(offer.half.owner),
    to: toHex(offer.half.peer),
    amount: makeAmount(offer.amount, tokenId(suite, offer.policy), offer.policy),
    order: offer.order,
  };
}
