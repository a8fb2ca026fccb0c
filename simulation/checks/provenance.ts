import { decodeFileOf, equalBytes, toHex, verifyFile } from '@dsm/core';
import { balances, exportChain, type Exchanged } from '@dsm/wallet';
import type { MakeCheck } from './check.ts';

/** Everything accepted verifies from genesis with the pure verifier. */
export const verifiesFromGenesis: MakeCheck = (world) => ({
  name: 'verifies from genesis',
  sentence: 'Everything accepted verifies from genesis with the pure verifier.',
  see(fact) {
    // A message that was written must verify, or lack what the peer has.
    if (fact.type !== 'told' || !fact.by.honest || fact.failure) return undefined;
    if (!['offer', 'accept', 'commit', 'request', 'refund'].includes(fact.command)) return undefined;
    const { message, turn } = fact.value as Exchanged;
    if (!message) return undefined;
    const verdict = verifyFile(world.suite, world.facts, message);
    if (verdict.ok || verdict.error.code === 'E_INCOMPLETE') return undefined;
    return `${fact.by.name} writes a message (${turn}) that does not verify: ${verdict.error.code} ${verdict.error.message}`;
  },
  async atEnd() {
    for (const { who, device } of world.seats) {
      if (!who.honest || who.rotten || !device || !who.process) continue;
      const file = await exportChain(device);
      if (!file.ok) return `${who.name} cannot show its account: ${file.error.code} ${file.error.message}`;
      const verdict = verifyFile(world.suite, world.facts, file.value);
      if (!verdict.ok)
        return `the account of ${who.name} does not verify: ${verdict.error.code} ${verdict.error.message}`;
      const decoded = decodeFileOf(world.suite, 'chain', file.value);
      const tip =
        decoded.ok &&
        decoded.value.items.find((item) => item.type === 'body' && equalBytes(item.body.chain, device.account));
      if (!tip) return `the account of ${who.name}, ${toHex(device.account).slice(0, 8)}, is not in its file`;
      const told = await balances(device);
      if (!told.ok) return `${who.name} does not know its balance: ${told.error.code}`;
    }
    return undefined;
  },
});
