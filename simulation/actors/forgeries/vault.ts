/** Claims and releases that nobody may make, and reservations as a cheat would have them. */
import {
  equalBytes,
  pruneTree,
  totalLeaf,
  editLeaves,
  amount as amountCodec,
  signMessage,
  stateMessage,
  type BundleItem,
  type ChainId,
  type Claim,
  type Release,
  type Result,
} from '@dsm/core';
import {
  accept,
  commit,
  listReservations,
  offer,
  receive,
  reserve,
  sync,
  type Device,
  type ReservationRecord,
} from '@dsm/wallet';
import { draftNext, requireChain } from '../../../packages/wallet/src/chain/draft.ts';
import { unclaimedTotals } from '../../../packages/wallet/src/exchange/totals.ts';
import { listRelationships } from '../../../packages/wallet/src/exchange/index.ts';
import { contextOf } from '../../../packages/wallet/src/device.ts';
import { reservationRecords } from '../../../packages/wallet/src/records/reservation.ts';
import { claimOperation, releaseOperation } from '../../../packages/wallet/src/vault/append.ts';
import { openVault, type HeldVault } from '../../../packages/wallet/src/vault/record.ts';
import { refreshVault } from '../../../packages/wallet/src/vault/refresh.ts';
import { forgeAndPush, nothingToForge, type Forger, type Forgery } from './kit.ts';

/** A reservation of this device's that fits, at the newest final state that it can learn of; made for it if need be. */
async function pickVault(
  forger: Forger,
  side: 'payer' | 'payee',
  fits: (row: ReservationRecord) => boolean = () => true,
): Promise<HeldVault | undefined> {
  const { device, random } = forger;
  const listed = async (): Promise<readonly ReservationRecord[]> =>
    (await listReservations(device)).filter(
      (one) => equalBytes(one[side], device.account) && one.status === 'open' && fits(one),
    );
  let mine = await listed();
  if (mine.length === 0) {
    await prepareVault(forger, side);
    mine = await listed();
  }
  if (mine.length === 0) return undefined;
  const { vault } = random.pick(mine);
  await refreshVault(device, vault);
  const held = await openVault(device, vault);
  return held.ok ? held.value : undefined;
}

/** Two who cheat together: value set aside, and a payment out of it. */
async function prepareVault({ device, accomplices, token, random }: Forger, side: 'payer' | 'payee'): Promise<void> {
  const other = accomplices.find(({ account }) => !equalBytes(account, device.account));
  if (!other) return;
  const [payer, payee] = side === 'payer' ? [device, other] : [other, device];
  const until = device.clock() + device.network.marginMs + 120_000;
  const reserved = await reserve(payer, { for: payee.account, token, amount: 9n, until });
  if (!reserved.ok) return;
  const options = { command: random.bytes(32), to: payee.account, token, amount: 2n, order: '', provisional: false };
  let turn = await offer(payer, options);
  for (const next of [
    (message: Uint8Array) => accept(payee, message),
    (message: Uint8Array) => commit(payer, message),
    (message: Uint8Array) => receive(payee, message),
  ]) {
    if (!turn.ok || !turn.value.message) return;
    turn = await next(turn.value.message);
  }
  if (side === 'payer') await sync(payee);
}

const isClaimable =
  ({ device }: Forger) =>
  ({ until, claimed, funded }: ReservationRecord): boolean =>
    until > device.clock() + 1_000 && claimed < funded;

/** A state of a half of `signer` that shows this total, signed by that device whether or not it may. */
async function proveTotal(signer: Device, vault: ChainId, total: bigint): Promise<readonly BundleItem[] | undefined> {
  for (const { ownHalf } of await listRelationships(signer)) {
    const held = await requireChain(signer, ownHalf);
    if (!held.ok) continue;
    const leaves = editLeaves(signer.suite, held.value.tree);
    const known = leaves.read(totalLeaf(vault), amountCodec);
    const before = known.ok ? (known.value ?? 0n) : 0n;
    if (total <= before) continue;
    const now = signer.clock();
    const draft = await draftNext(signer, held.value, {
      kind: 'half',
      operation: {
        type: 'pay',
        window: { from: now, until: now + 1_000 },
        salt: signer.entropy(16),
        seen: { index: 0, hash: held.value.record.tip.hash },
        vault,
        amount: total - before,
        total,
        order: '',
        refundOf: null,
      },
    });
    if (!draft.ok) continue;
    const { body, hash, tree } = draft.value.transition;
    const message = stateMessage(contextOf(signer, undefined as never), body.chain, body.index, hash);
    const shown = editLeaves(signer.suite, tree);
    shown.read(totalLeaf(vault), amountCodec);
    return [
      { type: 'total', vault, total, state: hash },
      { type: 'body', body },
      {
        type: 'signature',
        purpose: 'state',
        subject: hash,
        position: 0,
        signature: signMessage(signer.suite, signer.key.secretKey, 'state', message),
      },
      { type: 'witness', tree: pruneTree(tree, shown.touched()) },
    ];
  }
  return undefined;
}

const pushVault = (
  forger: Forger,
  { vault, tip, tree }: HeldVault,
  operation: Claim | Release,
  items: readonly BundleItem[] = [],
): Promise<Result<unknown>> => forgeAndPush(forger, { chain: vault, tip, tree }, { kind: 'vault', operation }, items);

/** A claim of what was truly paid, with something changed. */
const claim =
  (change: (operation: Claim, held: HeldVault, forger: Forger) => Partial<Claim>): Forgery =>
  async (forger) => {
    const held = await pickVault(forger, 'payee', isClaimable(forger));
    if (!held) return nothingToForge();
    const proof = (await unclaimedTotals(forger.device)).find(({ reservation }) =>
      equalBytes(reservation.vault, held.vault),
    )?.proof;
    const operation = claimOperation(held, held.reservation.total);
    return pushVault(forger, held, { ...operation, ...change(operation, held, forger) }, proof?.items ?? []);
  };

/** A claim of everything, by a total that the payee itself has signed. */
const claimSelfSigned: Forgery = async (forger) => {
  const held = await pickVault(forger, 'payee', isClaimable(forger));
  if (!held) return nothingToForge();
  const total = held.terms.funded;
  const proof = await proveTotal(forger.device, held.vault, total);
  return proof ? pushVault(forger, held, claimOperation(held, total), proof) : nothingToForge();
};

/** A total above what is there, signed by the payer, who cheats too. */
const claimAboveFunding: Forgery = async (forger) => {
  const held = await pickVault(forger, 'payee', isClaimable(forger));
  const payer = held && forger.accomplices.find(({ account }) => equalBytes(account, held.terms.payer));
  if (!held || !payer) return nothingToForge();
  const total = held.terms.funded + 500n;
  const proof = await proveTotal(payer, held.vault, total);
  return proof ? pushVault(forger, held, claimOperation(held, total), proof) : nothingToForge();
};

/** A reservation out of which something was claimed, and the payer knows. */
async function prepareClaimed(forger: Forger): Promise<void> {
  const { device } = forger;
  await prepareVault(forger, 'payer');
  const open = (await listReservations(device)).filter(({ status, claimed }) => status === 'open' && claimed === 0n);
  for (const { vault } of open) await refreshVault(device, vault);
}

/** Virtual time; a cheat has patience until a reservation is over. */
const PATIENCE_MS = 3_600_000;

const release =
  (
    change: (operation: Release, held: HeldVault, forger: Forger) => Partial<Release>,
    { waits = false, claimed = false }: { readonly waits?: boolean; readonly claimed?: boolean } = {},
  ): Forgery =>
  async (forger) => {
    const { device } = forger;
    if (claimed) await prepareClaimed(forger);
    const before = await pickVault(forger, 'payer', (row) => !claimed || row.claimed > 0n);
    if (!before) return nothingToForge();
    const waitMs = before.terms.until + device.network.gapMs + device.network.deltaMs - device.clock();
    if (waits && waitMs > 0) await new Promise((resolve) => void setTimeout(resolve, Math.min(waitMs, PATIENCE_MS)));
    const held = await openVault(device, before.vault);
    if (!held.ok) return held;
    const operation = releaseOperation(device, held.value);
    return pushVault(forger, held.value, { ...operation, ...change(operation, held.value, forger) });
  };

/** The own row of a reservation changed: the shipped program then offers what it should not, to somebody honest. */
const tamper =
  (
    amount: bigint,
    change: (row: ReservationRecord, forger: Forger) => Partial<ReservationRecord>,
    own = true,
  ): Forgery =>
  async (forger) => {
    const { device, victim, accomplices, token, random } = forger;
    const payee = own ? victim : accomplices.find(({ account }) => !equalBytes(account, device.account))?.account;
    if (!victim || !payee) return nothingToForge();
    const until = device.clock() + device.network.marginMs + 60_000;
    const reserved = await reserve(device, { for: payee, token, amount: 9n, until });
    if (!reserved.ok) return reserved;
    const row = await reservationRecords.read(device, reserved.value.reservation);
    if (!row) return nothingToForge();
    const changed = { ...row, ...change(row, forger) };
    const written = await device.store.commit([reservationRecords.put(device, row.vault, changed)]);
    if (!written.ok) return written;
    const options = { command: random.bytes(32), to: victim, token, amount, order: '', provisional: false };
    const offered = await offer(device, options);
    if (offered.ok && offered.value.message) forger.send(victim, 'offer', offered.value.message);
    return offered;
  };

export const VAULT_FORGERIES: Readonly<Record<string, Forgery>> = {
  claimAgain: claim(() => ({})),
  claimOtherAmount: claim(({ amount }) => ({ amount: amount + 1n })),
  claimOtherWindow: claim(({ window }) => ({ window: { from: 0, until: window.until + 3_600_000 } })),
  claimForAnother: claim((_, __, { random, accounts }) => ({ to: random.pick(accounts) })),
  claimOtherToken: claim((_, __, { random }) => ({ token: random.bytes(32) as never })),
  claimUnpaid: claim((_, { terms, reservation }) => ({
    total: terms.funded,
    amount: terms.funded - reservation.claimed,
  })),
  claimSelfSigned,
  claimAboveFunding,
  releaseNow: release(() => ({})),
  releaseEarly: release((_, __, { device }) => ({ window: { from: device.clock(), until: Number.MAX_SAFE_INTEGER } })),
  releaseEverything: release((_, { terms }) => ({ amount: terms.funded }), {
    waits: true,
    claimed: true,
  }),
  releaseTwice: release(() => ({}), { waits: true }),
  releaseToAnother: release((_, __, { random, accounts }) => ({ to: random.pick(accounts) })),
  offerMore: tamper(50n, () => ({ funded: 1_000n })),
  offerForAnother: tamper(2n, (_, { victim }) => (victim ? { payee: victim } : {}), false),
  offerLonger: tamper(2n, (_, { device }) => ({ until: device.clock() + 86_400_000 })),
  offerOtherToken: tamper(2n, ({ until }) => ({ until: until + 1, claimed: 0n })),
};
