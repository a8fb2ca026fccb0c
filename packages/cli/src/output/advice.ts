/** What a person does next about a failure, where its message alone does not say it. Scripts go by the code. */
import type { ErrorCode } from '@dsm/core';

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  E_BALANCE: 'dsm balance shows what there is',
  E_ENCODING: 'it is not a file that dsm wrote, or it was damaged on the way: get it once more',
  E_NETWORK: 'only what belongs to the network of this wallet can be used here',
  E_PARENT: 'dsm sync brings it to the nodes; dsm unlock ends what has run out of time',
  E_OPEN: 'dsm history shows it; only its payer cancels it, otherwise it ends by itself when it expires',
  E_PENDING: 'dsm sync finishes what waits for the nodes',
  E_UNREACHABLE: 'nothing is lost; try again once the nodes can be reached',
};

const CLOCK = 'the nodes go by their own clocks: see whether that of this device is right';

/** For one command: the first words of its usage decide. */
const BY_COMMAND: readonly (readonly [prefix: string, code: ErrorCode, advice: string])[] = [
  ['pay', 'E_PENDING', 'it is signed and waits for the nodes: dsm sync finishes or ends it; repeating it pays twice'],
  ['submit', 'E_PENDING', 'submit it again later; a claim counts once'],
  [
    'reserve',
    'E_PENDING',
    'it is signed and waits for the nodes: dsm sync finishes or ends it; repeating it reserves twice',
  ],
  ['release', 'E_PENDING', 'it is signed and waits for the nodes: dsm sync finishes or ends it'],
  ['close', 'E_PENDING', 'nothing more is taken out of it; dsm sync finishes it'],
  ['anchor', 'E_PENDING', 'it is signed and waits for the nodes: dsm sync finishes or ends it'],
  ['token create', 'E_PENDING', 'it is signed and waits for the nodes: dsm sync finishes or ends it'],
  [
    'token mint',
    'E_PENDING',
    'it is signed and waits for the nodes: dsm sync finishes or ends it; repeating it mints twice',
  ],
  ...['pay', 'reserve', 'release', 'close', 'anchor', 'token', 'unlock'].map((of) => [of, 'E_WINDOW', CLOCK] as const),
  ['unlock', 'E_PENDING', 'what has begun goes on later: dsm unlock, or any dsm sync'],
  ['contact add', 'E_CONTACT', 'dsm contact add takes another name with --as'],
  ['network up', 'E_BUSY', 'perhaps this network is running already'],
];

/** `usage` as the command was declared. */
export function adviceFor(code: ErrorCode, usage: string): string | undefined {
  const special = BY_COMMAND.find(([prefix, of]) => of === code && usage.startsWith(prefix));
  if (special) return special[2];
  if (code === 'E_CONTACT') return 'dsm contact list shows whom this wallet knows; dsm contact add takes a card';
  return ADVICE[code];
}
