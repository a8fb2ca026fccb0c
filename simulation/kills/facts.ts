/**
 * What a command acknowledged by what it printed: facts that must stay true, whatever is killed afterwards. Ids and
 * hashes are in hexadecimal, amounts in base units.
 */
import { parseAmount } from '@dsm/wallet';
import { DECIMALS, outputOf, type Answer, type Command } from './command.ts';

export type Fact =
  /** A state of the home's account is final. */
  | {
      readonly type: 'state';
      readonly home: string;
      readonly chain: string;
      readonly index: number;
      readonly hash: string;
    }
  /** A payment has come at least that far. */
  | { readonly type: 'payment'; readonly home: string; readonly payment: string; readonly status: string }
  /** A certified debit of this place is credited. */
  | { readonly type: 'credit'; readonly home: string; readonly chain: string; readonly index: number }
  /** So much is claimed out of a reservation. */
  | { readonly type: 'claim'; readonly home: string; readonly reservation: string; readonly total: string }
  | { readonly type: 'reservation'; readonly home: string; readonly reservation: string }
  | { readonly type: 'token'; readonly home: string; readonly token: string }
  | { readonly type: 'contact'; readonly home: string; readonly account: string }
  /** A file was written with these bytes. */
  | { readonly type: 'file'; readonly home: string; readonly path: string; readonly digest: string };

/** How far each state of a payment is, on either side. What was given up has no place here. */
const PROGRESS: Readonly<Record<string, number>> = {
  requested: 0,
  offered: 0,
  pending: 1,
  accepted: 1,
  committed: 2,
  received: 2,
  acknowledged: 3,
  final: 4,
};

const GIVEN_UP: ReadonlySet<string> = new Set(['cancelled', 'expired']);

/** Whether a payment that was said to be `said` may now be `now`. */
export function mayBecome(said: string, now: string): boolean {
  const before = PROGRESS[said];
  const after = PROGRESS[now];
  if (before === undefined) return GIVEN_UP.has(said) ? GIVEN_UP.has(now) || (after ?? 0) >= 2 : said === now;
  // Nothing was paid yet: it may be given up.
  if (after === undefined) return GIVEN_UP.has(now) && before < 2 && said !== 'pending';
  return after >= before;
}

/** Money moved, and it is not final on both sides yet. */
export const isUnfinished = (status: string): boolean => {
  const progress = PROGRESS[status];
  return progress !== undefined && progress > 0 && progress < 4 && status !== 'accepted';
};

type Row = Readonly<Record<string, unknown>>;
const rows = (value: unknown): readonly Row[] => (Array.isArray(value) ? (value as Row[]) : []);
const text = (value: unknown): string => String(value);

function baseUnits(value: unknown): string {
  const parsed = parseAmount(text(value), DECIMALS);
  return parsed.ok ? parsed.value.toString() : 'not an amount';
}

export function factsOf(
  home: string,
  command: Command,
  answer: Answer,
  digestOf: (path: string) => string,
): readonly Fact[] {
  const facts: Fact[] = [];
  const payment = (id: unknown, status: unknown): void => {
    facts.push({ type: 'payment', home, payment: text(id), status: text(status) });
  };
  const out = outputOf(command);
  if (out !== undefined) facts.push({ type: 'file', home, path: out, digest: digestOf(out) });
  switch (command.do) {
    case 'contact':
      facts.push({ type: 'contact', home, account: text(answer['account']) });
      break;
    case 'token':
      facts.push({ type: 'token', home, token: text(answer['token']) });
      break;
    case 'mint':
    case 'pay': {
      const { chain, index, hash } = answer;
      payment(answer['payment'], 'final');
      facts.push({ type: 'state', home, chain: text(chain), index: Number(index), hash: text(hash) });
      break;
    }
    case 'reserve':
      facts.push({ type: 'reservation', home, reservation: text(answer['reservation']) });
      break;
    case 'offer':
    case 'request':
    case 'accept':
    case 'commit':
    case 'receive':
    case 'ack':
    case 'cancel':
      payment(answer['payment'], answer['state']);
      break;
    case 'sync':
      for (const row of rows(answer['received'])) {
        payment(row['payment'], 'final');
        facts.push({ type: 'credit', home, chain: text(row['chain']), index: Number(row['index']) });
      }
      for (const row of rows(answer['claimed'])) {
        const { reservation, total } = row;
        facts.push({ type: 'claim', home, reservation: text(reservation), total: baseUnits(total) });
      }
      break;
    case 'history':
      for (const row of rows(answer['payments'])) payment(row['payment'], row['status']);
      break;
    case 'card':
    case 'policy':
    case 'balance':
      break;
  }
  return facts;
}
