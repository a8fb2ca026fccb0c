/** Reservations: funding, the payer's half with its totals, claims by the payee, release by the payer. */
import {
  claimWindow,
  editLeaves,
  itemNames,
  makeGenesis,
  makeReservation,
  must,
  pruneTree,
  releaseWindow,
  reservationGenesis,
  stateHash,
  totalLeaf,
  amount as amountCodec,
  type Body,
  type BundleItem,
  type ChainId,
  type Claim,
  type HalfGenesis,
  type KeyPair,
  type Operation,
  type RelationshipRules,
  type StateHash,
  type TokenId,
  type Tree,
  type VaultGenesis,
} from '@dsm/core';
import { windowNow, signAccount } from './account.ts';
import type { Device } from './device.ts';
import { DAY_MS, remember, seed, type TestNetwork } from './network.ts';
import { certifyStep, takeStep, type CertifiedStep, type TestStep, type Writer } from './step.ts';

export interface Reservation extends Writer {
  readonly vault: ChainId;
  readonly terms: VaultGenesis;
  readonly payer: Device;
  readonly payee: Device;
  /** The account state that funded it. */
  readonly funding: CertifiedStep;
  /** Total claimed so far. */
  claimed: bigint;
}

/** The operation that sets `amount` aside; also the terms that follow from it. */
export function fundOperation(
  net: TestNetwork,
  payer: Device,
  payee: Device,
  token: TokenId,
  amount: bigint,
  until: number = net.nowMs + 30 * DAY_MS,
): {
  readonly operation: Extract<Operation, { kind: 'account' }>['operation'] & { type: 'fund' };
  terms: VaultGenesis;
} {
  const fund = {
    window: windowNow(net),
    token,
    amount,
    payee: payee.account,
    payeeKey: payee.key.publicKey,
    until,
  };
  const terms = reservationGenesis(
    { payer: payer.account, payerKey: payer.key.publicKey, index: payer.tip.index + 1 },
    fund,
  );
  const vault = makeReservation(net.suite, net.network.id, terms).body.chain;
  return { operation: { type: 'fund', ...fund, vault }, terms };
}

/** Sets value aside for the payee until E (default: in 30 days), certified. */
export function fund(
  net: TestNetwork,
  payer: Device,
  payee: Device,
  token: TokenId,
  amount: bigint,
  until?: number,
): Reservation {
  const { operation, terms } = fundOperation(net, payer, payee, token, amount, until);
  const funding = certifyStep(net, signAccount(net, payer, operation));
  const genesis = makeReservation(net.suite, net.network.id, terms);
  remember(net, [
    { type: 'body', body: genesis.body },
    { type: 'operation', operation: { kind: 'vault', operation: terms } },
  ]);
  const vault = genesis.body.chain;
  return { vault, terms, payer, payee, funding, claimed: 0n, tip: genesis.body, tree: genesis.tree };
}

/** One half of a relationship, written by its owner. */
export interface Half extends Writer {
  readonly owner: Device;
  readonly chain: ChainId;
}

export const RULES: RelationshipRules = { grades: 7, maxAmount: null, expiryMs: 2 * DAY_MS };

/** The owner's half of its `payments` relationship with the peer, on the genesis of the owner's account (REL-1). */
export function makeHalf(
  net: TestNetwork,
  owner: Device,
  peer: Device,
  purpose = 'payments',
  changes: Partial<HalfGenesis> = {},
): Half {
  const base = net.items.get(itemNames.genesis(owner.account));
  if (base?.type !== 'body') throw new Error('the account has no genesis here');
  const operation: Operation = {
    kind: 'half',
    operation: {
      type: 'genesis',
      purpose,
      rules: RULES,
      nonce: seed('relationship', purpose).slice(0, 16),
      k: 64,
      owner: owner.account,
      key: owner.key.publicKey,
      peer: peer.account,
      base: { index: 0, hash: stateHash(net.suite, base.body) },
      ...changes,
    },
  };
  const genesis = makeGenesis(net.suite, net.network.id, operation);
  remember(net, [
    { type: 'body', body: genesis.body },
    { type: 'operation', operation },
  ]);
  return { owner, chain: genesis.body.chain, tip: genesis.body, tree: genesis.tree };
}

/** The payer signs a higher total: an offline payment as it stands in its half. `seen` is the payee's newest state. */
export function payOffline(
  net: TestNetwork,
  half: Half,
  { vault }: Reservation,
  amount: bigint,
  seen: { readonly tip: Body } = half,
): TestStep {
  const before = must(editLeaves(net.suite, half.tree).read(totalLeaf(vault), amountCodec)) ?? 0n;
  return takeStep(net, half, half.owner.key, {
    kind: 'half',
    operation: {
      type: 'pay',
      window: windowNow(net),
      salt: seed('salt', half.tip.index).slice(0, 16),
      seen: { index: seen.tip.index, hash: stateHash(net.suite, seen.tip) },
      vault,
      amount,
      total: before + amount,
      order: '',
      refundOf: null,
    },
  });
}

/** What a claim shows of the newest state of the payer's half: body, signature and the one leaf, no operation. */
export function totalItems(net: TestNetwork, half: Half, vault: ChainId): readonly BundleItem[] {
  const { suite } = net;
  const state: StateHash = stateHash(suite, half.tip);
  const leaves = editLeaves(suite, half.tree);
  const total = must(leaves.read(totalLeaf(vault), amountCodec)) ?? 0n;
  const witness: Tree = pruneTree(half.tree, leaves.touched());
  const signature = net.items.get(`signature state ${Buffer.from(state).toString('hex')} 0`);
  if (signature === undefined) throw new Error('the payer has signed no total yet');
  return [
    { type: 'total', vault, total, state },
    { type: 'body', body: half.tip },
    signature,
    { type: 'witness', tree: witness },
  ];
}

/** The canonical claim of a total. */
export const claimOperation = (reservation: Reservation, total: bigint): Claim => ({
  type: 'claim',
  window: claimWindow(reservation.terms),
  to: reservation.terms.payee,
  token: reservation.terms.token,
  amount: total - reservation.claimed,
  total,
});

/** Signs a claim of the newest total in the payer's half; not certified. */
export function signClaim(net: TestNetwork, reservation: Reservation, half: Half): TestStep {
  const total = must(editLeaves(net.suite, half.tree).read(totalLeaf(reservation.vault), amountCodec)) ?? 0n;
  const operation = claimOperation(reservation, total);
  const items = totalItems(net, half, reservation.vault);
  const step = takeStep(net, reservation, reservation.payee.key, { kind: 'vault', operation }, items);
  reservation.claimed = total;
  return step;
}

/** Claims the newest total in the payer's half, certified. */
export const claim = (net: TestNetwork, reservation: Reservation, half: Half): CertifiedStep =>
  certifyStep(net, signClaim(net, reservation, half));

/** The payer takes back the rest; valid on the network from E + gap on. Not certified. */
export function signRelease(
  net: TestNetwork,
  reservation: Reservation,
  key: KeyPair = reservation.payer.key,
): TestStep {
  const { terms } = reservation;
  return takeStep(net, reservation, key, {
    kind: 'vault',
    operation: {
      type: 'release',
      window: releaseWindow(net.network, terms),
      to: terms.payer,
      token: terms.token,
      amount: terms.funded - reservation.claimed,
    },
  });
}

export const release = (net: TestNetwork, reservation: Reservation): CertifiedStep =>
  certifyStep(net, signRelease(net, reservation));

/** The payee gives the rest back before E. Not certified. */
export function signClose(net: TestNetwork, reservation: Reservation, key: KeyPair = reservation.payee.key): TestStep {
  const { terms } = reservation;
  return takeStep(net, reservation, key, {
    kind: 'vault',
    operation: {
      type: 'close',
      window: claimWindow(terms),
      to: terms.payer,
      token: terms.token,
      amount: terms.funded - reservation.claimed,
    },
  });
}

export const close = (net: TestNetwork, reservation: Reservation): CertifiedStep =>
  certifyStep(net, signClose(net, reservation));
