/** Reservations whose terms are not those of whom they are shown to: funded as the rules allow, and of no use. */
import {
  equalBytes,
  makeReservation,
  reservationGenesis,
  type ChainId,
  type Fund,
  type PublicKey,
  type TokenId,
  type Transition,
} from '@dsm/core';
import { commit, offer, type Device } from '@dsm/wallet';
import { operateOnline } from '../../../packages/wallet/src/chain/own.ts';
import { reservationRecords } from '../../../packages/wallet/src/records/reservation.ts';
import { vaultWrites } from '../../../packages/wallet/src/vault/record.ts';
import { runCommand } from '../../world/device.ts';
import { introduce, makeCheat } from '../troupe.ts';
import { hand, type Lie, type Liar } from './kit.ts';

interface Named {
  readonly payee: ChainId;
  readonly payeeKey: PublicKey;
}

const LASTS_MS = 900_000;

/** Value set aside by the liar under these names, final like any other. */
async function fundAs({ world, cheat }: Liar, device: Device, named: Named): Promise<ChainId | undefined> {
  const from = device.clock();
  const window = { from, until: from + 60_000 };
  const terms = { token: world.token as TokenId, amount: 9n, until: from + world.facts.marginMs + LASTS_MS, ...named };
  const fundingAt = (index: number) => ({ payer: device.account, payerKey: device.key.publicKey, index });
  const genesisOf = ({ body, operation }: Transition) =>
    reservationGenesis(fundingAt(body.index), operation.operation as Fund);
  const made = await runCommand(world, cheat, 'reserve', (own) =>
    operateOnline(own, {
      operation: (held): Fund => {
        const genesis = reservationGenesis(fundingAt(held.tip.index + 1), terms);
        const vault = makeReservation(own.suite, own.network.id, genesis).body.chain;
        return { type: 'fund', window, ...terms, vault };
      },
      alongside: (transition) => vaultWrites(own, genesisOf(transition), { status: 'pending' }),
    }),
  );
  if (made.type === 'crashed' || !made.result.ok) return undefined;
  return (made.result.value.transition.operation.operation as Fund).vault;
}

/** An offer out of it, by the shipped program, to somebody for whom it is not. */
const offerUnder =
  (namesOf: (liar: Liar, victim: Named) => Named | undefined): Lie =>
  async ({ world, random, name, honest }) => {
    // Somebody new: with the other one there may be states of halves that its home knows nothing of.
    const cheat = await makeCheat(world, new Set());
    if (!cheat?.device || !honest.account || !honest.device) return false;
    await introduce(cheat, honest);
    const liar = { world, random, name, cheat, honest };
    const { device } = cheat;
    const named = namesOf(liar, { payee: honest.account, payeeKey: honest.device.key.publicKey });
    const vault = named && (await fundAs(liar, device, named));
    const row = vault && (await reservationRecords.read(device, vault));
    if (!row) return false;
    await device.store.commit([reservationRecords.put(device, row.vault, { ...row, payee: honest.account })]);
    const options = {
      command: random.bytes(32),
      to: honest.account,
      token: world.token as TokenId,
      amount: 1n,
      order: '',
      provisional: false,
    };
    const made = await runCommand(world, cheat, 'offer', (own) => offer(own, options));
    if (made.type === 'crashed' || !made.result.ok) return false;
    const { message, payment } = made.result.value;
    // Another reservation of the two may be in front, and that one is true.
    if (!message || !payment.vault || !equalBytes(payment.vault, vault)) return false;
    const accepted = await hand(liar, 'offer', message, false);
    const late = accepted && (await runCommand(world, cheat, 'accept', (own) => commit(own, accepted)));
    if (late?.type === 'done' && late.result.ok && late.result.value.message)
      await hand(liar, 'commit', late.result.value.message);
    return true;
  };

export const TERM_LIES: Readonly<Record<string, Lie>> = {
  /** The payee could not sign a claim: its key is another one there, as after a change of keys. */
  offerUnderAnotherKey: offerUnder(({ cheat }, { payee }) =>
    cheat.device ? { payee, payeeKey: cheat.device.key.publicKey } : undefined,
  ),
  /** The payee would sign claims that pay somebody else. */
  offerForAnotherAccount: offerUnder(({ world, cheat, honest }, { payeeKey }) => {
    const other = world.seats.find(({ account }) => account && account !== honest.account && account !== cheat.account);
    return other?.account && { payee: other.account, payeeKey };
  }),
};
