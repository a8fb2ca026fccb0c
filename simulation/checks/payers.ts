/** What honest owners of accounts rely on beyond the books. */
import { equalBytes, toHex } from '@dsm/core';
import { finalRecords } from '../../packages/wallet/src/records/final.ts';
import { placeKey } from '../../packages/wallet/src/records/codecs.ts';
import { reservationRecords } from '../../packages/wallet/src/records/reservation.ts';
import { stateRecords } from '../../packages/wallet/src/records/state.ts';
import type { MakeCheck } from './check.ts';
import { placeOf, readRecord } from './chronicle.ts';

/** Only what its payer has signed is ever claimed out of a reservation. */
export const claimsWereSigned: MakeCheck = (world, chronicle) => ({
  name: 'claims were signed',
  sentence: 'No more is claimed out of the reservation of an honest payer than the total that it has signed.',
  async afterEvent() {
    for (const { chain, hash } of chronicle.newFinals) {
      const body = chronicle.body(hash);
      const operation = body && chronicle.operation(toHex(body.op));
      if (operation?.kind !== 'vault' || operation.operation.type !== 'claim') continue;
      for (const { who, device, account } of world.seats) {
        if (!who.honest || who.rotten || who.restored || !who.process || !device || !account) continue;
        const row = await reservationRecords.read(device, chain);
        if (!row || !equalBytes(row.payer, account) || row.total >= operation.operation.total) continue;
        return `${operation.operation.total} are claimed, and ${who.name} has signed ${row.total}`;
      }
    }
    return undefined;
  },
});

/** An operation of the account that is to be certified at once stands on a state that is final. */
export const nothingOnOpenSlots: MakeCheck = (world) => ({
  name: 'nothing on open slots',
  sentence: 'Nothing is built on an open slot.',
  async see(fact) {
    if (fact.type !== 'commit' || !fact.by.honest || fact.by.kind !== 'device') return undefined;
    const seat = world.seats.find(({ who }) => who === fact.by);
    if (!seat?.device || !seat.account || fact.by.rotten || fact.by.restored) return undefined;
    for (const write of fact.writes) {
      if (write.collection !== 'state' || !('put' in write)) continue;
      const { chain, index } = placeOf(write.key);
      const state = await readRecord(world.suite, stateRecords, write);
      if (state?.status !== 'intent' || state.mode !== 'online' || index < 2 || !equalBytes(chain, seat.account))
        continue;
      const below = await finalRecords.read(seat.device, placeKey(chain, index - 1));
      if (!below) return `${fact.by.name} writes state ${index} upon one that is not final`;
    }
    return undefined;
  },
});
