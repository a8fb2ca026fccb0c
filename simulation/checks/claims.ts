/** What becomes of claims that came in time. */
import { toHex, type ChainId, type Claim } from '@dsm/core';
import { honestSeats } from '../world/finish.ts';
import type { MakeCheck } from './check.ts';
import { placeOf, type Chronicle } from './chronicle.ts';

interface Pledge {
  readonly hash: string;
  readonly vault: ChainId;
  readonly index: number;
  readonly total: bigint;
  readonly payee: string;
}

const claimOf = (chronicle: Chronicle, hash: string): Claim | undefined => {
  const body = chronicle.body(hash);
  const operation = body && chronicle.operation(toHex(body.op));
  return operation?.kind === 'vault' && operation.operation.type === 'claim' ? operation.operation : undefined;
};

/**
 * q honest nodes have voted for a claim in round 0 while its window was open: whatever happens in later rounds is bound
 * to it (DESIGN 5, decision 0010), so nothing else may be final there, ever, and in the end it is credited.
 */
export const claimsAreKept: MakeCheck = (world, chronicle) => {
  const { facts } = world;
  const pledges = new Map<string, Pledge>();
  /** Vault and index of outputs that final states have credited. */
  const credited = new Set<string>();

  const notePledge = (place: string, hash: string): void => {
    if (pledges.has(place) || chronicle.supporters(place, 'votes', 0, hash) < facts.quorum) return;
    const claim = claimOf(chronicle, hash);
    if (!claim || world.scheduler.nowMs() > claim.window.until) return;
    const { chain: vault, index } = placeOf(Uint8Array.from(Buffer.from(place, 'hex')));
    pledges.set(place, { hash, vault, index, total: claim.total, payee: toHex(claim.to) });
  };

  const judge = (place: string, { hash, index, total }: Pledge): string | undefined => {
    const final = chronicle.finals.get(place);
    if (final && final.hash !== hash) {
      return `${final.by.name} holds ${final.hash.slice(0, 8)} for final at ${index} where a claim of ${total} came in time`;
    }
    const other = chronicle.candidates(place).find((candidate) => candidate !== hash);
    return other && `${other.slice(0, 8)} can be final at ${index} where a claim of ${total} came in time`;
  };

  const noteCredits = (): void => {
    for (const { hash } of chronicle.newFinals) {
      const body = chronicle.body(hash);
      const operation = body && chronicle.operation(toHex(body.op));
      if (operation?.kind !== 'account' || operation.operation.type !== 'receive') continue;
      const { source, index } = operation.operation;
      credited.add(`${toHex(source)} ${index}`);
    }
  };

  return {
    name: 'claims are kept',
    sentence: 'A reserved payment claimed before E is never lost, whatever the payer does.',
    afterEvent() {
      const places = new Set<string>();
      for (const { place, after } of chronicle.slotChanges) {
        places.add(place);
        for (const { hash, round } of after.votes) if (round === 0) notePledge(place, toHex(hash));
      }
      noteCredits();
      for (const { chain, index } of chronicle.newFinals)
        places.add(`${toHex(chain)}${index.toString(16).padStart(16, '0')}`);
      for (const place of places) {
        const pledge = pledges.get(place);
        const what = pledge && judge(place, pledge);
        if (what !== undefined) return what;
      }
      return undefined;
    },
    atEnd() {
      const names = new Map(
        honestSeats(world).flatMap(({ account, who }) => (account ? [[toHex(account), who.name]] : [])),
      );
      for (const [place, { payee, total, vault, index }] of pledges) {
        const name = names.get(payee);
        if (name === undefined) continue;
        if (!chronicle.finals.has(place)) return `a claim of ${total} by ${name} came in time and is not final`;
        if (!credited.has(`${toHex(vault)} ${index}`)) return `${name} never credited a claim of ${total} in time`;
      }
      return undefined;
    },
  };
};
