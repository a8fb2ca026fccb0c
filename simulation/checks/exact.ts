/** What honest participants keep is what the rules say, to the receipt and to the millisecond. */
import { decodeWith, bundleItemCodec, toHex, type Certificate, type StateHash } from '@dsm/core';
import { exchangeRecords } from '../../packages/wallet/src/exchange/records.ts';
import { itemRecords } from '../../packages/wallet/src/records/item.ts';
import { paymentRecords } from '../../packages/wallet/src/records/payment.ts';
import type { MakeCheck } from './check.ts';
import { readRecord } from './chronicle.ts';

/** A certificate has n votes of round 0 or q acks of one round: no other number proves anything, and none is surplus. */
export const exactCertificates: MakeCheck = ({ suite, facts }, chronicle) => {
  const codec = bundleItemCodec(suite);
  const text = new TextDecoder();
  const isExact = ({ form, round, receipts }: Certificate): boolean => {
    const nodes = receipts.map(({ node }) => node);
    const ascending = nodes.every((node, i) => i === 0 || node > (nodes[i - 1] as number));
    const needed = form === 'acks' ? facts.quorum : facts.nodes.length;
    return ascending && nodes.length === needed && (form === 'acks' || round === 0);
  };
  return {
    name: 'exact certificates',
    sentence: 'A certificate that is accepted has the votes of all nodes or the acks of a quorum, each node once.',
    async see(fact) {
      if (fact.type !== 'commit' || !fact.by.honest) return undefined;
      for (const write of fact.writes) {
        if (write.collection !== 'item' || !('put' in write) || !text.decode(write.key).startsWith('certificate '))
          continue;
        const own = fact.by.kind === 'node' ? decodeWith(codec, write.put, 'item') : undefined;
        const item = own?.ok ? own.value : await readRecord(suite, itemRecords, write);
        if (item?.type === 'certificate' && !isExact(item.certificate)) {
          return `${fact.by.name} keeps a certificate of ${item.certificate.receipts.length} ${item.certificate.form}`;
        }
      }
      return undefined;
    },
    afterEvent() {
      for (const { by, after } of chronicle.slotChanges) {
        if (after.lock && after.lock.receipts.length !== facts.quorum) {
          return `${by.name} locks ${after.lock.receipts.length} votes`;
        }
      }
      return undefined;
    },
  };
};

/** A commit takes a moment between the look at the clock and the disk. */
const MOMENT_MS = 50;

/** An honest payer commits while the offer and the accept are good. */
export const timelyCommits: MakeCheck = (world, chronicle) => {
  const seen = new Set<string>();
  return {
    name: 'timely commits',
    sentence: 'Expiry is tested when the payer writes its intent.',
    async see(fact) {
      if (fact.type !== 'commit' || fact.by.kind !== 'device' || !fact.by.honest) return undefined;
      for (const write of fact.writes) {
        if (write.collection !== 'payment') continue;
        const payment = await readRecord(world.suite, paymentRecords, write);
        if (payment?.direction !== 'out' || payment.status !== 'committed') continue;
        const key = `${fact.by.name} ${toHex(payment.payment)}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const row = fact.writes.find(
          (one) => one.collection === exchangeRecords.name && Buffer.compare(one.key, payment.payment) === 0,
        );
        const exchange = row && (await readRecord(world.suite, exchangeRecords, row));
        const accept: StateHash | null | undefined = exchange?.accept;
        const window = accept && chronicle.body(toHex(accept))?.window;
        const now = world.scheduler.nowMs() + fact.by.skewMs;
        if (window && now > window.until + MOMENT_MS) {
          return `${fact.by.name} commits ${now - window.until} ms after the accept has expired`;
        }
      }
      return undefined;
    },
  };
};
