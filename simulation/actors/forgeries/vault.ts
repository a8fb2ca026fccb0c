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
import { listReservations, type Device, type ReservationRecord } from '@dsm/wallet';
import { draftNext, requireChain } from '../../../packages/wallet/src/chain/draft.ts';
import { unclaimedTotals } from '../../../packages/wallet/src/exchange/totals.ts';
import { listRelationships } from '../../../packages/wallet/src/exchange/index.ts';
import { contextOf } from '../../../packages/wallet/src/device.ts';
import { reservationRecords } from '../../../packages/wallet/src/records/reservation.ts';
import { claimOperation, releaseOperation } from '../../../packages/wallet/src/vault/append.ts';
import { openVault, type HeldVault } from '../../../packages/wallet/src/vault/record.ts';
import { refreshVault } from '../../../packages/wallet/src/vault/refresh.ts';
import { forgeAndPush, nothingToForge, type Forger, type Forgery } from './kit.ts';

/** A reservation of this device's that fits, at the newest final state that it can learn of. */
async function pickVault(
  forger: Forger,
  side: 'payer' | 'payee',
  fits: (row: ReservationRecord) => boolean = () => true,
): Promise<HeldVault | undefined> {
  const { device, random } = forger;
  const mine = (await listReservations(device)).filter(
    (one) => equalBytes(one[side], device.account) && one.status === 'open' && fits(one),
  );
  if (mine.length === 0) return undefined;
  const { vault } = random.pick(mine);
  await refreshVault(device, vault);
  const held = await openVault(device, vault);
  return held.ok ? held.value : undefined;
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

/** A claim of more than was paid, with a proof of somebody's making. */
const claimInvented =
  (
    signerOf: (forger: Forger, held: HeldVault) => Device | undefined,
    extra: bigint,
    mayUse: (forger: Forger, row: ReservationRecord) => boolean = () => true,
  ): Forgery =>
  async (forger) => {
    const held = await pickVault(forger, 'payee', (row) => isClaimable(forger)(row) && mayUse(forger, row));
    const signer = held && signerOf(forger, held);
    if (!held || !signer) return nothingToForge();
    const total = held.terms.funded + extra;
    const proof = await proveTotal(signer, held.vault, total);
    return proof ? pushVault(forger, held, claimOperation(held, total), proof) : nothingToForge();
  };

/** Virtual time; a cheat has patience until a reservation is over. */
const PATIENCE_MS = 3_600_000;

const release =
  (
    change: (operation: Release, held: HeldVault, forger: Forger) => Partial<Release>,
    { waits = false, fits = () => true }: { waits?: boolean; fits?: (row: ReservationRecord) => boolean } = {},
  ): Forgery =>
  async (forger) => {
    const { device } = forger;
    const before = await pickVault(forger, 'payer', fits);
    if (!before) return nothingToForge();
    const waitMs = before.terms.until + device.network.gapMs + device.network.deltaMs - device.clock();
    if (waits && waitMs > 0) await new Promise((resolve) => void setTimeout(resolve, Math.min(waitMs, PATIENCE_MS)));
    const held = await openVault(device, before.vault);
    if (!held.ok) return held;
    const operation = releaseOperation(device, held.value);
    return pushVault(forger, held.value, { ...operation, ...change(operation, held.value, forger) });
  };

/** The own row of a reservation changed: the shipped program then offers what it should not. */
const tamper =
  (change: (forger: Forger, funded: bigint) => object): Forgery =>
  async (forger) => {
    const { device, random } = forger;
    const mine = (await listReservations(device)).filter(
      ({ payer, status }) => equalBytes(payer, device.account) && status === 'open',
    );
    if (mine.length === 0) return nothingToForge();
    const row = random.pick(mine);
    const changed = { ...row, ...change(forger, row.funded) };
    return device.store.commit([reservationRecords.put(device, row.vault, changed)]);
  };

const accomplice = ({ accomplices }: Forger, { terms }: HeldVault): Device | undefined =>
  accomplices.find(({ account }) => equalBytes(account, terms.payer));

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
  claimSelfSigned: claimInvented(({ device }) => device, 0n),
  claimAboveFunding: claimInvented(accomplice, 500n, ({ accomplices }, { payer }) =>
    accomplices.some(({ account }) => equalBytes(account, payer)),
  ),
  releaseNow: release(() => ({})),
  releaseEarly: release((_, __, { device }) => ({ window: { from: device.clock(), until: Number.MAX_SAFE_INTEGER } })),
  releaseEverything: release((_, { terms }) => ({ amount: terms.funded }), {
    waits: true,
    fits: ({ claimed }) => claimed > 0n,
  }),
  releaseTwice: release(() => ({}), { waits: true }),
  releaseToAnother: release((_, __, { random, accounts }) => ({ to: random.pick(accounts) })),
  reserveMore: tamper((_, funded) => ({ funded: funded * 10n })),
  reserveForAnother: tamper(({ random, accounts, device }) => ({
    payee: random.pick(accounts.filter((account) => !equalBytes(account, device.account))),
  })),
  reserveLonger: tamper(({ device }) => ({ until: device.clock() + 86_400_000 })),
  reserveAgain: tamper(() => ({ total: 0n })),
};
