/** Forged states of accounts, by what they break: windows, tokens, payments, credits, funding. */
import {
  balanceLeaf,
  creditLeaf,
  creditNullifier,
  fundedLeaf,
  issuedLeaf,
  itemNames,
  tokenId,
  type Body,
  type TokenId,
} from '@dsm/core';
import {
  copyDevice,
  DAY_MS,
  fundOperation,
  HOUR_MS,
  makePolicy,
  MINUTE_MS,
  receiveOperation,
  seed,
  signAccount,
  signTransfer,
  START_MS,
  suite,
  windowNow,
  type TestStep,
} from '../../../../../tests/kit/index.ts';
import {
  net,
  canteen,
  alice,
  bob,
  meal,
  expired,
  bound,
  credited,
  uncredited,
  forge,
  pay,
  mintOf,
  type Row,
  entryOf,
} from './world.ts';

export const WINDOWS: Row[] = [
  [
    'E_WINDOW CHN-7',
    'a window that ends before it begins',
    () => forge(alice, pay({ window: { from: net.nowMs, until: net.nowMs - 1 } })),
  ],
  [
    'E_WINDOW VAL-3',
    'a window longer than D',
    () => forge(alice, pay({ window: { from: net.nowMs, until: net.nowMs + DAY_MS + 1 } })),
  ],
  [
    'E_WINDOW NET-11',
    'a window that has not begun',
    () => signTransferIn({ from: net.nowMs + MINUTE_MS, until: net.nowMs + HOUR_MS }),
  ],
  [
    'E_WINDOW NET-11',
    'a window that is over',
    () => signTransferIn({ from: net.nowMs - HOUR_MS, until: net.nowMs - MINUTE_MS }),
  ],
];

/** Valid but for the clocks of the nodes. */
export const signTransferIn = (window: Body['window']): TestStep =>
  signAccount(net, copyDevice(alice), pay({ window }));

export const TOKENS: Row[] = [
  [
    'E_NETWORK VAL-1',
    'a token of another network is created',
    () => createForged({ network: seed('elsewhere') as never }),
  ],
  ['E_TOKEN VAL-4', "somebody else's token is created", () => createForged({ issuer: bob.account })],
  ['E_AMOUNT VAL-1', 'a token with a cap of zero is created', () => createForged({ cap: 0n })],
  [
    'E_EXISTS VAL-4',
    'a token is created twice',
    () => {
      const { policy, token } = meal;
      return forge(canteen, { type: 'createToken', window: windowNow(net), policy }, [issuedLeaf(token)]);
    },
  ],
  [
    'E_TOKEN VAL-4',
    'somebody else than the issuer mints',
    () => forge(alice, mintOf(meal.token, 5n), [issuedLeaf(meal.token), balanceLeaf(meal.token)]),
  ],
  [
    'E_TOKEN VAL-4',
    'a token is minted that was never created',
    () => {
      const { token } = makePolicy(net, canteen, { symbol: 'GHOST' });
      return forge(canteen, mintOf(token, 5n), [issuedLeaf(token), balanceLeaf(token)]);
    },
  ],
  [
    'E_CAP VAL-5',
    'one base unit more than the cap is minted',
    () => {
      const names = [issuedLeaf(meal.token), balanceLeaf(meal.token)];
      return forge(canteen, mintOf(meal.token, 1_000_000n - 10_000n + 1n), names);
    },
  ],
  [
    'E_EXPIRED VAL-8',
    'a token is minted up to the day of its expiry',
    () => {
      const window = { from: net.nowMs, until: START_MS + 2 * HOUR_MS };
      const { token } = expired;
      return forge(canteen, { ...mintOf(token, 1n), window }, [issuedLeaf(token), balanceLeaf(token)]);
    },
  ],
  [
    'E_AMOUNT VAL-6',
    'nothing is minted',
    () => forge(canteen, mintOf(meal.token, 0n), [issuedLeaf(meal.token), balanceLeaf(meal.token)]),
  ],
  [
    'E_TOKEN VAL-4',
    'somebody else than the issuer burns',
    () => forge(alice, { ...mintOf(meal.token, 5n), type: 'burn' }, [issuedLeaf(meal.token), balanceLeaf(meal.token)]),
  ],
  [
    'E_BALANCE VAL-6',
    'the issuer burns more than it holds',
    () =>
      forge(canteen, { ...mintOf(meal.token, 5n), type: 'burn' }, [issuedLeaf(meal.token), balanceLeaf(meal.token)]),
  ],
];

export function createForged(changes: Parameters<typeof makePolicy>[2]): TestStep {
  const { policy } = makePolicy(net, canteen, { symbol: 'NEW', ...changes });
  return forge(canteen, { type: 'createToken', window: windowNow(net), policy }, [issuedLeaf(tokenId(suite, policy))]);
}

export const TRANSFERS: Row[] = [
  [
    'E_BALANCE VAL-6',
    'one base unit more than the balance is paid',
    () => forge(alice, pay({ amount: 10_000n - 18n + 1n }), [balanceLeaf(meal.token)]),
  ],
  [
    'E_BALANCE VAL-6',
    'a token is paid that the account never held',
    () => forge(bob, pay({ token: bound.token, to: canteen.account }), [balanceLeaf(bound.token)]),
  ],
  ['E_AMOUNT VAL-6', 'nothing is paid', () => forge(alice, pay({ amount: 0n }), [balanceLeaf(meal.token)])],
  ['E_SELF VAL-6', 'an account pays itself', () => forge(alice, pay({ to: alice.account }), [balanceLeaf(meal.token)])],
  [
    'E_TOKEN VAL-8',
    'a holder passes on a token that is not transferable',
    () => forge(alice, pay({ token: bound.token }), [balanceLeaf(bound.token)]),
  ],
  [
    'E_EXPIRED VAL-8',
    'an expired token is passed on',
    () =>
      forge(alice, pay({ token: expired.token, window: windowNow(net, 2 * HOUR_MS) }), [balanceLeaf(expired.token)]),
  ],
  [
    'E_NETWORK VAL-1',
    'a token of another network is paid',
    () => {
      const { token } = makePolicy(net, canteen, { network: seed('elsewhere') as never });
      const step = forge(alice, pay({ token }), [balanceLeaf(token)]);
      return { ...step, items: [...step.items, entryOf(itemNames.policy(token))] };
    },
  ],
  [
    'E_INCOMPLETE BND-2',
    'a token is paid whose policy nobody shows',
    () =>
      forge(alice, pay({ token: seed('unknown token') as TokenId }), [balanceLeaf(seed('unknown token') as TokenId)]),
  ],
];

export const creditOf = (debit: TestStep) => creditLeaf(creditNullifier(suite, debit.body.chain, debit.body.index, 0));

export const CREDITS: Row[] = [
  [
    'E_CREDITED VAL-7',
    'a debit is credited twice',
    () => forge(bob, receiveOperation(net, credited), [creditOf(credited), balanceLeaf(meal.token)]),
  ],
  [
    'E_CHAIN VAL-7',
    "somebody else's credit is taken",
    () => forge(alice, receiveOperation(net, uncredited), [creditOf(uncredited), balanceLeaf(meal.token)]),
  ],
  [
    'E_AMOUNT VAL-7',
    'more is credited than was paid',
    () =>
      forge(bob, receiveOperation(net, uncredited, { amount: 12n }), [creditOf(uncredited), balanceLeaf(meal.token)]),
  ],
  [
    'E_TOKEN VAL-7',
    'another token is credited than was paid',
    () =>
      forge(bob, receiveOperation(net, uncredited, { token: bound.token }), [
        creditOf(uncredited),
        balanceLeaf(bound.token),
      ]),
  ],
  [
    'E_OPERATION VAL-7',
    'an output is credited that the state does not have',
    () => {
      const nullifier = creditNullifier(suite, uncredited.body.chain, uncredited.body.index, 1);
      const operation = receiveOperation(net, uncredited, { output: 1 });
      return forge(bob, operation, [creditLeaf(nullifier), balanceLeaf(meal.token)]);
    },
  ],
  [
    'E_OPERATION VAL-7',
    'a state is credited that pays nothing out',
    () => {
      const index = 1;
      const nullifier = creditNullifier(suite, canteen.account, index, 0);
      const operation = receiveOperation(net, uncredited, { source: canteen.account, index });
      return forge(bob, operation, [creditLeaf(nullifier), balanceLeaf(meal.token)]);
    },
  ],
  [
    'E_INCOMPLETE BND-2',
    'a debit is credited that is not certified',
    () => {
      const debit = signTransfer(net, copyDevice(alice), bob.account, meal.token, 13n);
      return forge(bob, receiveOperation(net, debit), [creditOf(debit), balanceLeaf(meal.token)]);
    },
  ],
];

export const FUNDS: Row[] = [
  ['E_BALANCE VAL-6', 'more is set aside than there is', () => forgeFund(20_000n)],
  ['E_AMOUNT VAL-6', 'nothing is set aside', () => forgeFund(0n)],
  ['E_WINDOW RES-2', 'a reservation ends before its funding is certain', () => forgeFund(5n, net.nowMs + HOUR_MS)],
  [
    'E_SELF VAL-6',
    'value is set aside for the payer itself',
    () => {
      const { operation } = fundOperation(net, alice, alice, meal.token, 5n);
      return forge(alice, operation, [balanceLeaf(meal.token), fundedLeaf(operation.vault)]);
    },
  ],
  [
    'E_RESERVATION RES-1',
    'a vault is funded whose terms are others',
    () => {
      const { operation } = fundOperation(net, alice, bob, meal.token, 5n);
      const other = { ...operation, amount: 6n };
      return forge(alice, other, [balanceLeaf(meal.token), fundedLeaf(operation.vault)]);
    },
  ],
  ['E_TOKEN VAL-8', 'a token that is not transferable is set aside', () => forgeFund(5n, undefined, bound.token)],
];

export function forgeFund(amount: bigint, until?: number, token: TokenId = meal.token): TestStep {
  const { operation } = fundOperation(net, alice, bob, token, amount, until);
  return forge(alice, operation, [balanceLeaf(token), fundedLeaf(operation.vault)]);
}
