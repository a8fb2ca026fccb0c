/** The commands of the load, as `dsm` is called with them and as a worker gets them. */
export type Command =
  | { readonly do: 'card'; readonly out: string }
  | { readonly do: 'contact'; readonly file: string }
  | { readonly do: 'policy' }
  | { readonly do: 'token'; readonly symbol: string; readonly max: string }
  | { readonly do: 'mint'; readonly amount: string }
  | { readonly do: 'pay'; readonly to: string; readonly amount: string; readonly order: string }
  | { readonly do: 'reserve'; readonly for: string; readonly amount: string }
  | {
      readonly do: 'offer';
      readonly to: string;
      readonly amount: string;
      readonly order: string;
      readonly provisional: boolean;
      readonly out: string;
    }
  | {
      readonly do: 'request';
      readonly from: string;
      readonly amount: string;
      readonly order: string;
      readonly out: string;
    }
  | { readonly do: 'accept' | 'commit' | 'receive'; readonly file: string; readonly out: string }
  | { readonly do: 'ack'; readonly file: string }
  | { readonly do: 'cancel'; readonly payment: string }
  | { readonly do: 'sync' | 'history' | 'balance' };

/** The one token of the load, with two digits. */
export const SYMBOL = 'MEAL';
export const DECIMALS = 2;
/** Longer than any run. */
export const UNTIL = '30d';
/** A message that got lost does not block its pair for ever. */
export const EXPIRES = '1h';

export function wordsOf(command: Command): readonly string[] {
  switch (command.do) {
    case 'card':
      return ['card', '--out', command.out];
    case 'contact':
      return ['contact', 'add', command.file];
    case 'policy':
      return ['policy', 'set', '--provisional-max', 'any', '--run', '16'];
    case 'token':
      return ['token', 'create', command.symbol, '--decimals', String(DECIMALS), '--max', command.max];
    case 'mint':
      return ['token', 'mint', SYMBOL, command.amount];
    case 'pay':
      return ['pay', command.to, command.amount, SYMBOL, '--order', command.order];
    case 'reserve':
      return ['reserve', command.for, command.amount, SYMBOL, '--until', UNTIL];
    case 'offer': {
      const { to, amount, order, provisional, out } = command;
      const flags = provisional ? ['--provisional'] : [];
      return ['offer', to, amount, SYMBOL, '--order', order, '--expires', EXPIRES, '--out', out, ...flags];
    }
    case 'request': {
      const { from, amount, order, out } = command;
      return ['request', from, amount, SYMBOL, '--order', order, '--expires', EXPIRES, '--out', out];
    }
    case 'accept':
      return ['accept', command.file, '--expires', EXPIRES, '--out', command.out];
    case 'commit':
    case 'receive':
      return [command.do, command.file, '--out', command.out];
    case 'ack':
      return ['ack', command.file];
    case 'cancel':
      return ['cancel', command.payment];
    case 'sync':
    case 'history':
    case 'balance':
      return [command.do];
  }
}

/** The file that the command writes. */
export const outputOf = (command: Command): string | undefined => ('out' in command ? command.out : undefined);

export type Answer = Readonly<Record<string, unknown>>;

export type Outcome =
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  /** The process was killed before it said anything. */
  | { readonly type: 'killed' };

/** Base units as they are typed. */
export const money = (units: number): string => (units / 10 ** DECIMALS).toFixed(DECIMALS);

export const isSameAnswer = (one: Answer, other: Answer): boolean => JSON.stringify(one) === JSON.stringify(other);
