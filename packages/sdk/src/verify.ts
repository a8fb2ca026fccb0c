/** What a file proves, to anybody who has it and the network file (spec FIL-2). */
import {
  decodeFile,
  evidenceFrom,
  fail,
  indexItems,
  ok,
  tokenId,
  toHex,
  verifyCommit,
  verifyFile,
  verifyMachineFile,
  type Context,
  type CryptoSuite,
  type FileKind,
  type Grade,
  type Network,
  type Result,
} from '@dsm/core';
import { bindMachine, type Immutable, type Machine } from '@dsm/machine';
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

export interface AgreedOptions<State, Params, Inputs> extends VerifyOptions {
  /** The machine, and its other versions behind it where the relationship has moved on from one. */
  readonly machines: readonly [Machine<State, Params, Inputs>, ...(readonly Machine[])];
}

/** What all who had to have agreed on: they checked the rules, and so did the reader just now. */
export interface Agreed<State> {
  /** Of the relationship, hexadecimal. */
  readonly id: string;
  readonly machine: string;
  /** In force after the last step. */
  readonly version: number;
  /** Accounts, hexadecimal, in the order in which the machine counts them. */
  readonly parties: readonly string[];
  /** Steps that were agreed. */
  readonly number: number;
  readonly state: Immutable<State>;
  readonly grade: 'agreed';
}

/** Pure: the same bytes and the same network give the same answer on every machine. */
export interface Verify {
  /** A file of any kind. */
  (file: Uint8Array, options: VerifyOptions): Result<Verified>;
  /** The proof of a shared state: every step is repeated. */
  <State, Params, Inputs>(
    file: Uint8Array,
    options: AgreedOptions<State, Params, Inputs>,
  ): Promise<Result<Agreed<State>>>;
}

export const makeVerify = (suite: CryptoSuite): Verify =>
  ((file: Uint8Array, options: VerifyOptions & Partial<Pick<AgreedOptions<unknown, unknown, unknown>, 'machines'>>) =>
    options.machines
      ? verifyShared(suite, file, { network: options.network, machines: options.machines })
      : verifyAny(suite, file, options)) as Verify;

function verifyAny(suite: CryptoSuite, file: Uint8Array, { network: source }: VerifyOptions): Result<Verified> {
  const read = readNetwork(suite, source);
  if (!read.ok) return read;
  const { network } = read.value;
  const verdict = verifyFile(suite, network, file);
  if (!verdict.ok) return verdict;
  const { kind, findings } = verdict;
  const paid = kind === 'commit' ? describePaid(suite, network, file) : undefined;
  return ok({ kind, grade: findings.grade, goodUntil: findings.goodUntil, paid });
}

async function verifyShared(
  suite: CryptoSuite,
  file: Uint8Array,
  { network, machines }: AgreedOptions<unknown, unknown, unknown>,
): Promise<Result<Agreed<unknown>>> {
  const read = readNetwork(suite, network);
  if (!read.ok) return read;
  const ports = machines.map((machine) => bindMachine(suite, machine));
  const found = await verifyMachineFile(suite, read.value.network, file, ports);
  if (!found.ok) return found;
  const { relationship, machine, version, parties, number, grade } = found.value;
  const port = ports.find((one) => one.id === machine && one.version === version);
  if (!port) return fail('E_CODE', 'MCH-10', 'the version in force is not among the machines');
  const state = port.decodeState(found.value.state);
  if (!state.ok) return state;
  const id = toHex(relationship);
  return ok({ id, machine, version, parties: parties.map(toHex), number, state: state.value, grade });
}

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
