/** Certificates as participants keep them. */
import { bundleItemCodec, decodeWith } from '@dsm/core';
import type { MakeCheck } from './check.ts';

/** A Final is n equal votes of round 0 or q acks of one round, each of another node; nothing more and nothing less. */
export const certificatesHaveTheirShape: MakeCheck = ({ suite, facts }) => ({
  name: 'shape of certificates',
  sentence: 'Every certificate that an honest participant keeps is n votes of round 0 or q acks of different nodes.',
  see(fact) {
    if (fact.type !== 'commit' || fact.by.kind !== 'node' || !fact.by.honest) return undefined;
    for (const write of fact.writes) {
      if (write.collection !== 'item' || !('put' in write)) continue;
      const item = decodeWith(bundleItemCodec(suite), write.put, 'item');
      if (!item.ok || item.value.type !== 'certificate') continue;
      const { form, round, receipts } = item.value.certificate;
      const needed = form === 'acks' ? facts.quorum : facts.nodes.length;
      const distinct = new Set(receipts.map(({ node }) => node)).size;
      if (receipts.length === needed && distinct === needed && (form === 'acks' || round === 0)) continue;
      return `${fact.by.name} keeps a certificate of ${receipts.length} ${form} of ${distinct} nodes, round ${round}`;
    }
    return undefined;
  },
});
