/** Balances that devices say they have. */
import { toHex, type AccountOperation } from '@dsm/core';
import { balances, showChain, type Device } from '@dsm/wallet';
import type { MakeCheck } from './check.ts';

/** What an operation does to the balance of its account, and of which token; nothing where it moves none. */
function effectOf(operation: AccountOperation): readonly [string, bigint] | undefined {
  switch (operation.type) {
    case 'mint':
    case 'receive':
      return [toHex(operation.token), operation.amount];
    case 'burn':
    case 'transfer':
    case 'fund':
      return [toHex(operation.token), -operation.amount];
    default:
      return undefined;
  }
}

/** What is wrong with the balances of this device, added up from its own chain; nothing if all is well. */
async function auditDevice(device: Device): Promise<string | undefined> {
  const [told, states] = [await balances(device), await showChain(device)];
  if (!told.ok || !states.ok) return undefined;
  const sums = new Map<string, bigint>();
  for (const { operation, status, index } of states.value) {
    if (index === 0 || operation?.kind !== 'account') continue;
    const effect = effectOf(operation.operation);
    if (!effect || status === 'lost') continue;
    const [token, amount] = effect;
    // What comes in counts once it is certain, what goes out at once.
    if (amount > 0n && status !== 'final') continue;
    sums.set(token, (sums.get(token) ?? 0n) + amount);
  }
  for (const { token, policy, available } of told.value) {
    const sum = sums.get(toHex(token)) ?? 0n;
    if (available !== sum) return `${device.name} says ${available} ${policy.symbol}, its chain adds up to ${sum}`;
  }
  return undefined;
}

/** Each balance is what the states of the account add up to. */
export const balancesAddUp: MakeCheck = (world) => {
  const isSound = ({ who }: (typeof world.seats)[number]): boolean =>
    who.honest && !who.rotten && !who.restored && who.process !== undefined;
  return {
    name: 'balances add up',
    sentence: 'What an honest device says that it has is what the states of its account add up to.',
    async see(fact) {
      if (fact.type !== 'told' || fact.failure || !fact.by.honest || fact.command !== 'balance') return undefined;
      const seat = world.seats.find(({ who }) => who === fact.by);
      return seat?.device && isSound(seat) ? auditDevice(seat.device) : undefined;
    },
    async atEnd() {
      for (const seat of world.seats) {
        if (!seat.device || !isSound(seat)) continue;
        const wrong = await auditDevice(seat.device);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
  };
};
