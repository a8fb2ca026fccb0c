/** What honest nodes have given out they stand by, through every crash. */
import {
  decodeWith,
  lockAnswerCodec,
  lockRequestCodec,
  proposeAnswerCodec,
  ROUTES,
  startAnswerCodec,
  submissionCodec,
  submitAnswerCodec,
  toHex,
  verifyReceipt,
  voteRequestCodec,
  type Codec,
  type CryptoSuite,
  type Receipt,
  type Statement,
} from '@dsm/core';
import { slotCodec } from '@dsm/directory';
import type { Fact } from '../world/facts.ts';
import type { MakeCheck } from './check.ts';
import { placeText, type Chronicle } from './chronicle.ts';

type Answer = Extract<Fact, { type: 'answer' }>;
type Opened = Extract<Fact, { type: 'opened' }>;

interface Given {
  readonly statement: Statement;
  readonly receipt: Receipt;
}

const read = <T>(codec: Codec<T>, bytes: Uint8Array | null): T | undefined => {
  const value = bytes && decodeWith(codec, bytes, 'message');
  return value?.ok ? value.value : undefined;
};

/** The receipt in an answer, and what it says: that follows from the request. */
function readGiven(suite: CryptoSuite, chronicle: Chronicle, { path, request, body }: Answer): Given | undefined {
  if (path === ROUTES.lock) {
    const given = read(lockAnswerCodec, body);
    const asked = read(lockRequestCodec(suite), request);
    return given?.type === 'ack' && asked
      ? { receipt: given.receipt, statement: { ...asked.quorum, form: 'acks' } }
      : undefined;
  }
  const given = read(submitAnswerCodec, body);
  if (given?.type !== 'vote') return undefined;
  if (path === ROUTES.submit) {
    const state = read(submissionCodec(suite), request)?.state;
    const place = state && chronicle.body(toHex(state));
    if (!place) return undefined;
    const { chain, index } = place;
    return { receipt: given.receipt, statement: { form: 'votes', chain, index, round: 0, hash: state } };
  }
  const proposal = read(voteRequestCodec(suite), request)?.proposal;
  if (!proposal) return undefined;
  const { chain, index, round, hash } = proposal;
  return { receipt: given.receipt, statement: { form: 'votes', chain, index, round, hash } };
}

const RECEIPTS: ReadonlySet<string> = new Set([ROUTES.submit, ROUTES.lock, ROUTES.vote]);

/** Receipts that left a node stand in its log and in its slots for ever, under heads that agree. */
export const receiptsSurvive: MakeCheck = ({ suite, facts }, chronicle) => {
  /** Node → one more than the highest leaf it gave a receipt for. */
  const sizes = new Map<string, number>();
  /** Node and size → root. */
  const roots = new Map<string, string>();
  /** Node → place, form and round → statement and leaf. */
  const given = new Map<string, Map<string, Given>>();

  const judge = (fact: Answer): string | undefined => {
    const found = readGiven(suite, chronicle, fact);
    if (!found) return undefined;
    const { name } = fact.by;
    const { statement, receipt } = found;
    const { head, leaf } = receipt;
    const valid = verifyReceipt({ suite, network: facts }, statement, receipt);
    if (!valid.ok) return `${name} gives a receipt that does not verify: ${valid.error.message}`;
    sizes.set(name, Math.max(sizes.get(name) ?? 0, leaf + 1, head.size));
    const before = roots.get(`${name} ${head.size}`);
    roots.set(`${name} ${head.size}`, toHex(head.root));
    if (before !== undefined && before !== toHex(head.root)) return `${name} signs two roots of size ${head.size}`;
    const { form, round, hash } = statement;
    const place = placeText(statement.chain, statement.index);
    const own = given.get(name) ?? new Map<string, Given>();
    given.set(name, own);
    const earlier = own.get(`${place} ${form} ${round}`);
    if (earlier && toHex(earlier.statement.hash) !== toHex(hash)) return `${name} gives two ${form} of round ${round}`;
    own.set(`${place} ${form} ${round}`, found);
    const marks = chronicle.slots.get(name)?.get(place)?.[form] ?? [];
    return marks.some((mark) => mark.round === round && mark.leaf === leaf && toHex(mark.hash) === toHex(hash))
      ? undefined
      : `${name} gives a receipt of ${form} in round ${round} that its disk does not know`;
  };

  /** What the disk has after a crash, record by record. */
  const reread = async ({ by, store }: Opened): Promise<string | undefined> => {
    const size = await store.get('log', new TextEncoder().encode('size')).catch(() => undefined);
    const kept = size ? Number(Buffer.from(size).readBigUInt64BE()) : 0;
    if (kept < (sizes.get(by.name) ?? 0)) return `${by.name} has lost leaves of its log`;
    for (const [name, { statement, receipt }] of given.get(by.name) ?? []) {
      const [place = ''] = name.split(' ');
      const stored = await store.get('slot', Uint8Array.from(Buffer.from(place, 'hex'))).catch(() => undefined);
      const slot = stored && decodeWith(slotCodec, stored, 'slot');
      const marks = slot?.ok ? slot.value[statement.form] : [];
      const { round, hash } = statement;
      if (!marks.some((mark) => mark.round === round && mark.leaf === receipt.leaf && toHex(mark.hash) === toHex(hash)))
        return `${by.name} has lost ${statement.form} of round ${round} that it gave a receipt for`;
    }
    return undefined;
  };

  return {
    name: 'receipts survive',
    sentence:
      'Everything acknowledged survives: what a node gave a receipt for is in its log, and no size has two roots.',
    see(fact) {
      if (!fact.by.honest || fact.by.kind !== 'node') return undefined;
      if (fact.type === 'opened') return fact.by.rotten ? undefined : reread(fact);
      if (fact.type !== 'answer' || fact.status !== 200 || !RECEIPTS.has(fact.path)) return undefined;
      return judge(fact);
    },
  };
};

/** A report and a proposal that left a node are the only ones of their slot and round, for ever. */
export const roundsKeepTheirWord: MakeCheck = (_world, chronicle) => {
  /** Node, kind, place and round → what was said. */
  const said = new Map<string, string>();
  const insist = (key: string, text: string, what: string): string | undefined => {
    const before = said.get(key);
    said.set(key, text);
    return before === undefined || before === text ? undefined : what;
  };
  return {
    name: 'one word a round',
    sentence: 'Everything acknowledged survives: one report and one proposal of a slot and round, the same for ever.',
    see(fact) {
      if (fact.type !== 'answer' || !fact.by.honest || fact.status !== 200) return undefined;
      const { name } = fact.by;
      if (fact.path === ROUTES.start) {
        const answer = read(startAnswerCodec, fact.body);
        if (answer?.type !== 'report') return undefined;
        const { chain, index, round } = answer.report;
        const place = placeText(chain, index);
        const slot = chronicle.slots.get(name)?.get(place);
        if (!slot || slot.promise < round)
          return `${name} reports for round ${round} and has promised ${slot?.promise ?? 'nothing'}`;
        return insist(
          `${name} report ${place} ${round}`,
          toHex(fact.body),
          `${name} reports twice for round ${round}, and not the same`,
        );
      }
      if (fact.path !== ROUTES.propose) return undefined;
      const answer = read(proposeAnswerCodec, fact.body);
      if (answer?.type !== 'proposal') return undefined;
      const { chain, index, round } = answer.proposal;
      return insist(
        `${name} proposal ${placeText(chain, index)} ${round}`,
        toHex(fact.body),
        `${name} makes two proposals for round ${round}`,
      );
    },
  };
};
