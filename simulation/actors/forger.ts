/**
 * A client that was modified: it drafts what no wallet would, signs with its own key and hands it to the nodes, or keeps
 * it in its own chains and goes on. Whether its own copy of the rules admits a draft decides what can be handed in.
 */
import {
  draftTransition,
  equalBytes,
  equalKeys,
  outputsOf,
  signMessage,
  verifySubmission,
  fail,
  type AccountOperation,
  type BundleItem,
  type ChainId,
  type Operation,
  type Result,
  type TokenId,
  type Window,
} from '@dsm/core';
import type { Device } from '@dsm/wallet';
import { openChain, itemsOfDraft } from '../../packages/wallet/src/chain/draft.ts';
import { appendState } from '../../packages/wallet/src/chain/append.ts';
import { certify } from '../../packages/wallet/src/directory/certify.ts';
import { runAlone, runWith } from '../../packages/wallet/src/evidence/run-with.ts';
import { listRelationships, totalProofRecords } from '../../packages/wallet/src/exchange/records.ts';
import { gatherCertificate, spreadFinal } from '../../packages/wallet/src/directory/gather.ts';
import { creditRecords } from '../../packages/wallet/src/records/credit.ts';
import { listReservations, type ReservationRecord } from '../../packages/wallet/src/records/reservation.ts';
import { openVault } from '../../packages/wallet/src/vault/record.ts';
import { claimOperation, releaseOperation } from '../../packages/wallet/src/vault/append.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

const NOTHING: Result<never> = fail('E_NOT_FOUND', 'forger', 'nothing there to forge');

const someAmount = (random: Random, near: bigint): bigint => {
  const choices = [near, near + 1n, near * 2n, 2n * near + BigInt(random.below(9_999)), 1n, 50_000_000n];
  return random.pick(choices);
};

/** Now, long ago, in a while, or much longer than allowed. */
function someWindow(world: World, device: Device, random: Random): Window {
  const now = device.clock();
  const { settleMs } = world.facts;
  return random.pick([
    { from: now, until: now + settleMs },
    { from: now, until: now + settleMs },
    { from: now - 2 * settleMs, until: now - settleMs },
    { from: now + settleMs, until: now + 2 * settleMs },
    { from: now, until: now + 4 * settleMs },
  ]);
}

/** An operation of the own account, most often one that is not allowed. */
async function someOperation(world: World, device: Device, random: Random): Promise<AccountOperation | undefined> {
  const token = world.token as TokenId;
  const window = someWindow(world, device, random);
  const payees = world.seats.flatMap(({ account }) => (account ? [account] : []));
  const to = random.pick(payees);
  const type = random.pick(['transfer', 'mint', 'burn', 'receive', 'receive', 'receive'] as const);
  const amount = someAmount(random, 100n);
  if (type === 'transfer') return { type, window, token, amount, to, reference: null };
  if (type !== 'receive') return { type, window, token, amount };
  // Own credits, taken or not, and final debits that name somebody else.
  const own = (await creditRecords.list(device)).map(({ value }) => value);
  const foreign = world.debits.filter(() => random.chance(0.5)).slice(-4);
  const credit = random.pick([...own, ...foreign, undefined]);
  if (!credit) return undefined;
  const { source, index, output } = credit;
  const value = random.chance(0.5) ? credit.amount : someAmount(random, credit.amount);
  return { type, window, token: credit.token, amount: value, source, index, output };
}

/** Drafts and signs, and hands it in without keeping anything. */
async function handIn(
  device: Device,
  chain: ChainId,
  operation: Operation,
  attached: readonly BundleItem[],
): Promise<Result<unknown>> {
  const vault = operation.kind === 'vault' ? await openVault(device, chain) : undefined;
  if (vault?.ok === false) return vault;
  const held = vault ? { ...vault.value, chain } : await openChain(device, chain);
  if (!held) return fail('E_NOT_FOUND', 'forger', 'no such chain');
  const { result } = await runWith(device, attached, (context) =>
    draftTransition(context, held.tip, operation, held.tree),
  );
  if (!result.ok) return result;
  const { hash, body, authority } = result.value;
  if (authority === null || !equalKeys(authority.key, device.key.publicKey)) {
    return fail('E_SIGNATURE', 'forger', 'somebody else signs there');
  }
  const signature = signMessage(device.suite, device.key.secretKey, authority.purpose, authority.message(hash));
  const items: BundleItem[] = [
    ...attached,
    ...itemsOfDraft({ held, transition: result.value, overlay: attached }),
    { type: 'signature', purpose: authority.purpose, subject: hash, position: 0, signature },
  ];
  const complete = await runAlone(device, items, (context) => verifySubmission(context, hash));
  const gathered = await gatherCertificate(device, {
    hash,
    body,
    operation,
    items: complete.result.ok ? complete.used : items,
  });
  if (gathered.outcome.ok) await spreadFinal(device, { certificate: gathered.outcome.value, body, operation });
  return gathered.outcome;
}

/** An operation that nobody should be able to do, handed in beside the own chain or as a part of it. */
export async function forgeAccount(world: World, device: Device, random: Random): Promise<Result<unknown>> {
  const operation = await someOperation(world, device, random);
  if (!operation) return NOTHING;
  if (random.chance(0.5)) return handIn(device, device.account, { kind: 'account', operation }, []);
  const appended = await appendState(device, { chain: device.account, operation: { kind: 'account', operation } });
  return appended.ok && random.chance(0.7) ? certify(device, appended.value.hash) : appended;
}

/** A claim or a release of what is not there to claim or to release. */
export async function forgeVault(device: Device, random: Random): Promise<Result<unknown>> {
  const reservations = await listReservations(device);
  if (reservations.length === 0) return NOTHING;
  const reservation = random.pick(reservations);
  const held = await openVault(device, reservation.vault);
  if (!held.ok) return held;
  const isPayee = equalBytes(reservation.payee, device.account);
  const operation = isPayee
    ? claimOperation(held.value, someAmount(random, reservation.total + 1n))
    : releaseOperation(device, held.value);
  const changed = random.pick([
    operation,
    { ...operation, amount: someAmount(random, reservation.funded) },
    { ...operation, to: device.account },
    { ...operation, window: { ...operation.window, until: operation.window.until + 10_000_000 } },
    { ...operation, window: { ...operation.window, from: 0 } },
  ]);
  const proof = await someProof(device, reservation, 'total' in operation ? operation.total : 0n, random);
  return handIn(device, reservation.vault, { kind: 'vault', operation: changed }, proof);
}

/** The proof of the total, of another total, or of one that nobody signed. */
async function someProof(
  device: Device,
  { vault }: ReservationRecord,
  total: bigint,
  random: Random,
): Promise<readonly BundleItem[]> {
  const proof = await totalProofRecords.read(device, vault);
  const items = proof?.items ?? [];
  if (random.chance(0.3)) return items;
  const spoilt: BundleItem[] = [];
  for (const item of items) {
    if (item.type === 'total') spoilt.push({ ...item, total });
    else if (item.type === 'signature' && random.chance(0.5))
      spoilt.push({ ...item, signature: new Uint8Array(2_420) });
    else spoilt.push(item);
  }
  return spoilt;
}

/** A payment on the own half of another total, or out of any reservation, as if it had been agreed. */
export async function forgeHalf(device: Device, random: Random): Promise<Result<unknown>> {
  const relationships = await listRelationships(device);
  const reservations = await listReservations(device);
  if (relationships.length === 0 || reservations.length === 0) return NOTHING;
  const relationship = random.pick(relationships);
  const reservation = random.pick(reservations);
  const now = device.clock();
  const peer = relationship.peerHalf && (await openChain(device, relationship.peerHalf));
  const total = someAmount(random, random.pick([reservation.total, reservation.funded]));
  return appendState(device, {
    chain: relationship.ownHalf,
    operation: {
      kind: 'half',
      operation: {
        type: 'pay',
        window: { from: now, until: now + 60_000 },
        salt: device.entropy(16),
        seen: peer ? peer.record.tip : { index: 0, hash: new Uint8Array(32) as never },
        vault: reservation.vault,
        amount: someAmount(random, 100n),
        total,
        order: '',
        refundOf: null,
      },
    },
  });
}

/** What a state pays, for those who would like to credit it. */
export const debitsOf = (
  source: ChainId,
  index: number,
  operation: Operation,
): readonly { source: ChainId; index: number; output: number; token: TokenId; amount: bigint }[] =>
  outputsOf(operation).map(({ token, amount }, output) => ({ source, index, output, token, amount }));
