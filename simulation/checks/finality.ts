import type { MakeCheck } from './check.ts';

/** No two Final for one slot with at most f bad nodes; two honest parties never hold different final states. */
export const oneFinal: MakeCheck = (_world, chronicle) => ({
  name: 'one Final',
  sentence: 'No two Final for one slot, and two honest parties never hold different final states.',
  afterEvent() {
    if (chronicle.contradiction !== undefined) return chronicle.contradiction;
    for (const { place } of chronicle.slotChanges) {
      const possible = chronicle.candidates(place);
      if (possible.length > 1) {
        return `${possible.map((hash) => hash.slice(0, 8)).join(' and ')} can both be Final at ${place.slice(0, 8)} ${Number(`0x${place.slice(64)}`)}`;
      }
    }
    return undefined;
  },
});

/** What an honest participant takes for final really is: enough nodes stand by it. */
export const finalIsTrue: MakeCheck = (_world, chronicle) => ({
  name: 'true Final',
  sentence: 'Whatever an honest participant holds for final was decided by the nodes.',
  afterEvent() {
    for (const { chain, index, hash, by } of chronicle.newFinals) {
      const place = `${Buffer.from(chain).toString('hex')}${index.toString(16).padStart(16, '0')}`;
      if (!chronicle.mayBeFinal(place, hash)) return `${by.name} takes ${hash.slice(0, 8)} at ${index} for final`;
    }
    return undefined;
  },
});

/** A state is final above a final state: nothing is built on an open slot. */
export const linkedFinals: MakeCheck = (_world, chronicle) => {
  const waiting = new Map<string, { readonly index: number; readonly chain: Uint8Array }>();
  const parentOf = (chain: Uint8Array, index: number): string =>
    `${Buffer.from(chain).toString('hex')}${(index - 1).toString(16).padStart(16, '0')}`;
  const judge = (hash: string, chain: Uint8Array, index: number): string | undefined => {
    const body = chronicle.body(hash);
    if (!body) {
      waiting.set(hash, { chain, index });
      return undefined;
    }
    waiting.delete(hash);
    if (index <= 1) return undefined;
    const parent = Buffer.from(body.prev).toString('hex');
    const known = chronicle.finals.get(parentOf(chain, index));
    if (known ? known.hash === parent : chronicle.mayBeFinal(parentOf(chain, index), parent)) return undefined;
    return `state ${index} ${hash.slice(0, 8)} is final and its parent ${parent.slice(0, 8)} is not`;
  };
  return {
    name: 'linked Finals',
    sentence: 'Everything accepted verifies from genesis: the parent of a final state is final.',
    afterEvent() {
      if (chronicle.newFinals.length === 0) return undefined;
      for (const { hash, chain, index } of chronicle.newFinals) {
        const what = judge(hash, chain, index);
        if (what !== undefined) return what;
      }
      for (const [hash, { chain, index }] of waiting) {
        const what = judge(hash, chain, index);
        if (what !== undefined) return what;
      }
      return undefined;
    },
  };
};

/** An honest node keeps its word: what it promised, voted, acked or closed it never takes back or goes below. */
export const nodesKeepTheirWord: MakeCheck = (_world, chronicle) => ({
  name: "nodes' word",
  sentence: 'A node never votes or acks below its promise, and never takes back what it gave.',
  afterEvent() {
    for (const { by, before, after } of chronicle.slotChanges) {
      if (!before) continue;
      if (after.promise < before.promise)
        return `${by.name} goes back from promise ${before.promise} to ${after.promise}`;
      for (const form of ['votes', 'acks'] as const) {
        for (const mark of before[form]) {
          const kept = after[form].find(({ round }) => round === mark.round);
          if (!kept || Buffer.compare(kept.hash, mark.hash) !== 0 || kept.leaf !== mark.leaf) {
            return `${by.name} takes back its ${form} of round ${mark.round}`;
          }
        }
        const below = after[form].find(
          ({ round }) => round < before.promise && !before[form].some((mark) => mark.round === round),
        );
        if (below) return `${by.name} gives ${form} of round ${below.round} below its promise ${before.promise}`;
      }
      if (before.final !== null && (after.final === null || Buffer.compare(before.final, after.final) !== 0)) {
        return `${by.name} opens a slot again that was final`;
      }
    }
    return undefined;
  },
});

/** Final means that at least one honest clock was inside of the window; verifiers look at the window alone. */
export const timelyFinals: MakeCheck = ({ facts }, chronicle) => {
  /** Place and state that an honest node voted for while its clock was inside. */
  const inside = new Set<string>();
  const waiting = new Set<string>();
  const judge = (place: string, hash: string): string | undefined => {
    const body = chronicle.body(hash);
    const operation = body && chronicle.operation(Buffer.from(body.op).toString('hex'));
    if (!body || !operation) return void waiting.add(`${place} ${hash}`);
    waiting.delete(`${place} ${hash}`);
    if ((operation.operation.type as string) === 'void' || inside.has(`${place} ${hash}`)) return undefined;
    return `${hash.slice(0, 8)} is final and no honest clock was inside of its window`;
  };
  return {
    name: 'timely Finals',
    sentence: 'What is final was inside of its window by at least one honest clock.',
    afterEvent() {
      for (const { place, before, after, nowMs } of chronicle.slotChanges) {
        for (const { hash, round } of after.votes) {
          if (before?.votes.some((mark) => mark.round === round)) continue;
          const name = Buffer.from(hash).toString('hex');
          const body = chronicle.body(name);
          // The commit takes a moment after the clock was read.
          const { from = 0, until = 0 } = body?.window ?? {};
          if (body && nowMs >= from - facts.deltaMs && nowMs - 50 <= until + facts.deltaMs)
            inside.add(`${place} ${name}`);
        }
      }
      for (const { chain, index, hash } of chronicle.newFinals) {
        const what = judge(`${Buffer.from(chain).toString('hex')}${index.toString(16).padStart(16, '0')}`, hash);
        if (what !== undefined) return what;
      }
      for (const entry of chronicle.newFinals.length > 0 ? waiting : []) {
        const [place = '', hash = ''] = entry.split(' ');
        const what = judge(place, hash);
        if (what !== undefined) return what;
      }
      return undefined;
    },
  };
};
