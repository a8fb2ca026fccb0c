/**
 * For every rule about value one state that breaks this rule and no other, completely proved and signed with the right
 * key, sent to all four nodes: each of them refuses it with the code of the rule. Where the nodes are is up to the test.
 */
import {
  balanceLeaf,
  claimMessage,
  claimWindow,
  creditLeaf,
  creditNullifier,
  editLeaves,
  fundedLeaf,
  issuedLeaf,
  itemNames,
  makeReservation,
  must,
  releaseWindow,
  reservationGenesis,
  stateHash,
  TERMS_LEAF,
  tokenId,
  treeRoot,
  type AccountOperation,
  type Body,
  type BundleItem,
  type Claim,
  type Item,
  type KeyPair,
  type Leaves,
  type Release,
  type Result,
  type StateHash,
  type Submission,
  type SubmitAnswer,
  type TokenId,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  anyItem,
  claim,
  certify,
  claimOperation,
  copyDevice,
  createToken,
  DAY_MS,
  entry,
  forgeStep,
  fund,
  fundOperation,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeKey,
  makePolicy,
  MINUTE_MS,
  payOffline,
  receive,
  receiveOperation,
  release,
  seed,
  signAccount,
  signClaim,
  signItem,
  signRelease,
  signTransfer,
  START_MS,
  submissionOf,
  suite,
  totalItems,
  transfer,
  windowNow,
  type Device,
  type Forgery,
  type Half,
  type Reservation,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../../tests/kit/index.ts';
import { codeOf } from './nodes.ts';

export interface NodesUnderTest {
  readonly net: TestNetwork;
  /** Sends a submission to each of the four nodes. */
  readonly submitToAll: (submission: Submission) => Promise<readonly Result<SubmitAnswer>[]>;
  /** Sets the clocks of the nodes, and of the network. */
  readonly setClocks: (nowMs: number) => Promise<void>;
}

let net: TestNetwork;
let nodes: NodesUnderTest;
let canteen: Device;
let alice: Device;
let bob: Device;
let meal: TestToken;
let expired: TestToken;
let bound: TestToken;
/** A certified payment from Alice to Bob that Bob has credited, and one that he has not. */
let credited: TestStep;
let uncredited: TestStep;

function makeStates(): void {
  canteen = makeDevice(net, 'canteen');
  bob = makeDevice(net, 'bob');
  meal = createToken(net, canteen);
  expired = createToken(net, canteen, { symbol: 'OLD', expiresAt: START_MS + 2 * HOUR_MS });
  bound = createToken(net, canteen, { symbol: 'BOUND', transferable: false });
  alice = makeFundedDevice(net, 'alice', canteen, meal.token, 10_000n);
  for (const { token } of [expired, bound]) {
    signAccountCertified(canteen, { type: 'mint', window: windowNow(net), token, amount: 100n });
    receive(net, alice, transfer(net, canteen, alice.account, token, 100n));
  }
  credited = transfer(net, alice, bob.account, meal.token, 7n);
  receive(net, bob, credited);
  uncredited = transfer(net, alice, bob.account, meal.token, 11n);
}

function signAccountCertified(device: Device, operation: AccountOperation): TestStep {
  const step = signAccount(net, device, operation);
  net.items.set(itemNames.certificate(step.body.chain, step.body.index), {
    type: 'certificate',
    certificate: certifyPlace(step),
  });
  return step;
}

const certifyPlace = ({ body, hash }: TestStep) => certify(net, { chain: body.chain, index: body.index, hash });

/** The code with which all four nodes refuse; fails the test where they do not agree. */
async function refusal(step: TestStep, brought: readonly BundleItem[] = []): Promise<string> {
  const submission = submissionOf(net, step);
  const answers = await nodes.submitToAll({ ...submission, items: [...submission.items, ...brought] });
  const codes = new Set(answers.map(codeOf));
  expect(codes.size).toBe(1);
  return entry([...codes], 0);
}

/** Reads leaves as the rules would, so that the witness shows them. */
const show = (leaves: Leaves, ...names: Item[]): void => {
  for (const name of names) must(leaves.read(name, anyItem));
};

const ACCOUNT = [...TERMS_LEAF.account];

/** A forged state of an account: terms and the named leaves are shown, balances set as a thief would like them. */
const forge = (
  device: Device,
  operation: AccountOperation,
  names: readonly Item[] = [],
  more: Partial<Forgery> = {},
  key: KeyPair = device.key,
): TestStep =>
  forgeStep(net, device, key, {
    operation: { kind: 'account', operation },
    edit: (leaves) => show(leaves, ACCOUNT, ...names),
    ...more,
  });

const pay = (changes: Partial<Extract<AccountOperation, { type: 'transfer' }>> = {}) =>
  ({
    type: 'transfer',
    window: windowNow(net),
    token: meal.token,
    amount: 1n,
    to: bob.account,
    reference: null,
    ...changes,
  }) as const;

const mintOf = (token: TokenId, amount: bigint) => ({ type: 'mint', window: windowNow(net), token, amount }) as const;

type Row = readonly [code: string, what: string, make: () => TestStep];

const WINDOWS: Row[] = [
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
const signTransferIn = (window: Body['window']): TestStep => signAccount(net, copyDevice(alice), pay({ window }));

const TOKENS: Row[] = [
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

function createForged(changes: Parameters<typeof makePolicy>[2]): TestStep {
  const { policy } = makePolicy(net, canteen, { symbol: 'NEW', ...changes });
  return forge(canteen, { type: 'createToken', window: windowNow(net), policy }, [issuedLeaf(tokenId(suite, policy))]);
}

const TRANSFERS: Row[] = [
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

function entryOf(name: string): BundleItem {
  const item = net.items.get(name);
  if (item === undefined) throw new Error(`there is no ${name}`);
  return item;
}

const creditOf = (debit: TestStep) => creditLeaf(creditNullifier(suite, debit.body.chain, debit.body.index, 0));

const CREDITS: Row[] = [
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

const FUNDS: Row[] = [
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

function forgeFund(amount: bigint, until?: number, token: TokenId = meal.token): TestStep {
  const { operation } = fundOperation(net, alice, bob, token, amount, until);
  return forge(alice, operation, [balanceLeaf(token), fundedLeaf(operation.vault)]);
}

/** A valid payment whose body, signature, witness or evidence is not what it must be. */
const paid = (more: Partial<Forgery> = {}, key?: KeyPair): TestStep =>
  forge(
    alice,
    pay(),
    [],
    {
      edit: (leaves) => {
        show(leaves, ACCOUNT);
        const held = must(leaves.read(balanceLeaf(meal.token), anyItem));
        must(leaves.write(balanceLeaf(meal.token), anyItem, Number(held) - 1));
      },
      ...more,
    },
    key,
  );

const without = (step: TestStep, type: BundleItem['type']): TestStep => ({
  ...step,
  items: step.items.filter((item) => item.type !== type),
});

const replaceBody = (body: Partial<Body>) => (): TestStep => paid({ body });
const random = seed('random');

const BODIES: Row[] = [
  ['E_NETWORK NET-1', 'another network', replaceBody({ network: random as never })],
  ['E_CHAIN CHN-3', 'another chain', replaceBody({ chain: random as never })],
  ['E_CHAIN CHN-3', 'another kind of chain', replaceBody({ kind: 'vault' })],
  ['E_CHAIN NET-3', 'a kind of chain that is never certified', replaceBody({ kind: 'half' })],
  ['E_LINK CHN-3', 'an index that is not the next', () => paid({ body: { index: alice.tip.index + 2 } })],
  ['E_INCOMPLETE BND-2', 'a predecessor that nobody shows', replaceBody({ prev: random as never })],
  ['E_LINK CHN-5', 'another entropy', replaceBody({ entropy: random })],
  ['E_LINK CHN-6', 'another pre-commitment', replaceBody({ precommit: random })],
  ['E_LINK CHN-11', 'another root', replaceBody({ root: random })],
  ['E_LINK CHN-11', 'another skip', replaceBody({ skip: random as never })],
  ['E_LINK CHN-11', 'another window than the operation', () => paid({ body: { window: windowNow(net, HOUR_MS + 1) } })],
  [
    'E_LINK CHN-11',
    'a balance that the operation does not lead to',
    () =>
      paid({
        edit: (leaves) => {
          show(leaves, ACCOUNT);
          must(leaves.read(balanceLeaf(meal.token), anyItem));
          must(leaves.write(balanceLeaf(meal.token), anyItem, 1_000_000));
        },
      }),
  ],
  ['E_SIGNATURE CHN-12', 'a signature of another key', () => paid({}, bob.key)],
  ['E_SIGNATURE CHN-12', 'a signature of the controller instead of the device', () => paid({}, alice.controller)],
  [
    'E_SIGNATURE CHN-12',
    'a signature over another range',
    () => {
      const step = paid();
      const { chain, index } = step.body;
      const message = { network: net.network.id, chain, from: index - 1, to: index, hash: step.hash };
      return resigned(step, 'state', message);
    },
  ],
  [
    'E_SIGNATURE CHN-12',
    'a signature of another purpose',
    () => {
      const step = paid();
      const { chain, index } = step.body;
      const message = { network: net.network.id, chain, from: index, to: index, hash: step.hash };
      const item = signItem(net, alice.key, 'ack', step.hash, message);
      return {
        ...without(step, 'signature'),
        items: [...without(step, 'signature').items, { ...item, purpose: 'state' } as BundleItem],
      };
    },
  ],
  ['E_INCOMPLETE BND-2', 'no signature', () => without(paid(), 'signature')],
  [
    'E_INCOMPLETE BND-2',
    'no witness',
    () => without(forge(bob, pay({ to: alice.account }), [balanceLeaf(meal.token)]), 'witness'),
  ],
  ['E_SURPLUS CHN-10', 'a witness that shows more than is needed', () => paid({ witness: (tree) => tree })],
  [
    'E_WITNESS CHN-10',
    'a witness that shows less than is needed',
    () => paid({ witness: (tree) => ({ kind: 'stub', hash: treeRoot(tree) }) }),
  ],
  [
    'E_OPERATION CHN-2',
    'an operation of another kind of chain',
    () =>
      forgeStep(net, alice, alice.key, {
        operation: {
          kind: 'vault',
          operation: { type: 'release', window: windowNow(net), to: alice.account, token: meal.token, amount: 1n },
        },
        edit: (leaves) => show(leaves, ACCOUNT),
      }),
  ],
  [
    'E_OPERATION CHN-4',
    'a genesis in the middle of the chain',
    () => {
      const genesis = entryOf(itemNames.genesis(alice.account));
      const operation = genesis.type === 'body' ? entryOf(itemNames.operation(genesis.body.op)) : genesis;
      if (operation.type !== 'operation') throw new Error('an operation is expected');
      return forgeStep(net, alice, alice.key, { operation: operation.operation });
    },
  ],
];

function resigned(step: TestStep, purpose: 'state', message: Parameters<typeof signItem>[4]): TestStep {
  const items = step.items.filter(({ type }) => type !== 'signature');
  return { ...step, items: [...items, signItem(net, alice.key, purpose, step.hash, message)] };
}

/** Registers the tests. */
export function describeForgeries(open: () => Promise<NodesUnderTest>): void {
  beforeAll(async () => {
    nodes = await open();
    ({ net } = nodes);
    makeStates();
  }, 60_000);
  describeStates();
  describeVaults();
}

function describeStates(): void {
  describe('every node refuses a correctly signed state that breaks a rule', () => {
    describe.each<[string, Row[]]>([
      ['VAL-3: windows', WINDOWS],
      ['VAL-1, VAL-4, VAL-5: tokens', TOKENS],
      ['VAL-6, VAL-8: payments', TRANSFERS],
      ['VAL-7: credits', CREDITS],
      ['RES-1, RES-2: funding', FUNDS],
      ['CHN-2 to CHN-12: body, witness, signature', BODIES],
    ])('%s', (_, rows) => {
      test.each(rows)('%s: %s', async (code, _what, make) => {
        expect(await refusal(make())).toBe(code);
      });
    });

    test('the same states without the fault are accepted by all nodes', async () => {
      expect(await refusal(paid())).toBe('ok');
      expect(await refusal(signAccount(net, copyDevice(bob), receiveOperation(net, uncredited)))).toBe('ok');
    });

    test('NET-3: a genesis is not submitted', async () => {
      const genesis = entryOf(itemNames.genesis(alice.account));
      if (genesis.type !== 'body') throw new Error('a body is expected');
      const state: StateHash = stateHash(suite, genesis.body);
      const answers = await nodes.submitToAll({ state, items: alice.card, votes: [] });
      expect(answers.map(codeOf)).toEqual(Array.from({ length: 4 }, () => 'E_OPERATION NET-3'));
    });

    test('NET-8: a predecessor beside which another state is final is refused', async () => {
      const payer = makeFundedDevice(net, 'erin', canteen, meal.token, 100n);
      const clone = copyDevice(payer);
      const wrong = signTransfer(net, clone, bob.account, meal.token, 3n);
      const next = signTransfer(net, clone, bob.account, meal.token, 1n);
      const right = transfer(net, payer, bob.account, meal.token, 4n);
      expect(wrong.hash).not.toEqual(right.hash);
      expect(await refusal(next)).toBe('E_CONFLICT NET-8');
    });

    test('BND-3: an item that comes twice is refused', async () => {
      const step = paid();
      expect(await refusal(step, [entry(step.items, 0)])).toBe('E_SURPLUS BND-3');
    });
  });
}

function describeVaults(): void {
  describe('every node refuses a claim or a release that breaks a rule', () => {
    const VAULT = [...TERMS_LEAF.vault];
    let reservation: Reservation;
    let half: Half;

    beforeAll(() => {
      reservation = fund(net, alice, bob, meal.token, 1_000n, START_MS + 2 * DAY_MS);
      half = makeHalf(net, alice, bob);
      payOffline(net, half, reservation, 300n);
      claim(net, reservation, half);
      payOffline(net, half, reservation, 200n);
    });

    const showVault = (leaves: Leaves): void => show(leaves, VAULT, ['claimed'], ['released']);

    /** As the rules would: for claims whose fault lies elsewhere. */
    const claimAll = (leaves: Leaves): void => {
      showVault(leaves);
      must(leaves.write(['claimed'], anyItem, 500));
    };

    const forgeClaim = (changes: Partial<Claim>, more: Partial<Forgery> = {}, key: KeyPair = bob.key): TestStep => {
      const operation = { ...claimOperation(reservation, 500n), ...changes };
      return forgeStep(net, reservation, key, {
        operation: { kind: 'vault', operation },
        edit: showVault,
        signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, operation.total) },
        extra: totalItems(net, half, reservation.vault),
        ...more,
      });
    };

    const forgeRelease = (changes: Partial<Release>, key: KeyPair = alice.key): TestStep =>
      forgeStep(net, reservation, key, {
        operation: {
          kind: 'vault',
          operation: {
            type: 'release',
            window: releaseWindow(net.network, reservation.terms),
            to: alice.account,
            token: meal.token,
            amount: 700n,
            ...changes,
          },
        },
        edit: showVault,
      });

    /** The total of another half: of another payer's key, or for another vault. */
    const totalOf = (other: Half): readonly BundleItem[] => [...totalItems(net, other, reservation.vault)];

    const CLAIMS: Row[] = [
      [
        'E_TOTAL RES-3',
        'a total that the payer has not signed',
        () => {
          const shown = totalItems(net, half, reservation.vault);
          const state = stateHash(suite, half.tip);
          const extra: BundleItem[] = [
            { type: 'total', vault: reservation.vault, total: 501n, state },
            ...shown.filter(({ type }) => type !== 'total'),
          ];
          return forgeClaim({ total: 501n, amount: 201n }, { extra });
        },
      ],
      ['E_TOTAL RES-4', 'a total above what was set aside', () => forgeClaim({ total: 1_001n, amount: 701n })],
      ['E_TOTAL RES-4', 'a total that was claimed before', () => forgeClaim({ total: 300n, amount: 0n })],
      ['E_AMOUNT RES-4', 'an amount that is not the unclaimed rest', () => forgeClaim({ amount: 500n })],
      ['E_CHAIN RES-4', 'another destination than the payee', () => forgeClaim({ to: canteen.account })],
      ['E_TOKEN RES-2', 'another token than the reserved one', () => forgeClaim({ token: bound.token })],
      [
        'E_WINDOW RES-4',
        'a window that goes on after E',
        () => forgeClaim({ window: { ...claimWindow(reservation.terms), until: reservation.terms.until + 1 } }),
      ],
      ['E_SIGNATURE CHN-12', 'the payer signs the claim', () => forgeClaim({}, { edit: claimAll }, alice.key)],
      [
        'E_SIGNATURE CHN-12',
        'a signature over another total',
        () =>
          forgeClaim(
            {},
            { edit: claimAll, signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, 300n) } },
          ),
      ],
      ['E_INCOMPLETE BND-2', 'no total is shown', () => forgeClaim({}, { extra: [] })],
      [
        'E_SIGNATURE RES-3',
        'a total that somebody else signed',
        () => {
          const stranger = makeHalf(net, { ...alice, key: makeKey('stranger') }, bob, 'stolen');
          payOffline(net, stranger, reservation, 500n);
          return forgeClaim({}, { extra: totalOf(stranger) });
        },
      ],
      [
        'E_SURPLUS CHN-10',
        'a total whose proof shows other leaves of the half',
        () => {
          const extra = totalItems(net, half, reservation.vault).filter(({ type }) => type !== 'witness');
          return forgeClaim({}, { extra: [...extra, { type: 'witness', tree: half.tree }] });
        },
      ],
      ['E_LINK CHN-11', 'a body that does not follow', () => forgeClaim({}, { body: { root: random } })],
    ];

    const RELEASES: Row[] = [
      [
        'E_WINDOW RES-5',
        'a window that begins before E + gap',
        () => forgeRelease({ window: { ...releaseWindow(net.network, reservation.terms), from: 0 } }),
      ],
      ['E_CHAIN RES-5', 'another destination than the payer', () => forgeRelease({ to: bob.account })],
      ['E_AMOUNT RES-5', 'more than the rest', () => forgeRelease({ amount: 701n })],
      ['E_AMOUNT RES-5', 'less than the rest', () => forgeRelease({ amount: 1n })],
      ['E_SIGNATURE CHN-12', 'the payee signs the release', () => signRelease(net, { ...reservation }, bob.key)],
      ['E_WINDOW NET-11', 'the date has not come', () => signRelease(net, { ...reservation })],
      [
        'E_RESERVATION RES-5',
        'a claim after the release',
        () => {
          const released = { ...reservation };
          release(net, released);
          const operation = claimOperation(released, 500n);
          return forgeStep(net, released, bob.key, {
            operation: { kind: 'vault', operation },
            edit: showVault,
            signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, 500n) },
            extra: totalItems(net, half, reservation.vault),
          });
        },
      ],
    ];

    describe.each<[string, Row[]]>([
      ['RES-2 to RES-4: claims', CLAIMS],
      ['RES-5: releases', RELEASES],
    ])('%s', (_, rows) => {
      test.each(rows)('%s: %s', async (code, _what, make) => {
        expect(await refusal(make())).toBe(code);
      });
    });

    test('NET-11: a claim after E, and a release before E + gap, find every clock outside of their windows', async () => {
      const step = signClaim(net, { ...reservation }, half);
      await nodes.setClocks(reservation.terms.until + net.network.deltaMs + 20_000);
      expect(await refusal(step)).toBe('E_WINDOW NET-11');
      expect(await refusal(signRelease(net, { ...reservation }))).toBe('E_WINDOW NET-11');
      await nodes.setClocks(START_MS);
    });

    test('RES-1: a vault that no certified state funds, or that another state funds, is not final', async () => {
      const clone = copyDevice(alice);
      const { operation, terms } = fundOperation(net, clone, bob, meal.token, 50n, START_MS + 2 * DAY_MS);
      signAccount(net, clone, operation);
      const genesis = makeReservation(suite, net.network.id, terms);
      const unfunded: Reservation = {
        ...reservation,
        vault: genesis.body.chain,
        terms,
        claimed: 0n,
        ...genesisOf(genesis),
      };
      expect(await refusal(claimOf(unfunded))).toBe('E_INCOMPLETE BND-2');
      const elsewhere = reservationGenesis(
        { payer: alice.account, payerKey: alice.key.publicKey, index: reservation.terms.fundingIndex },
        { ...operation, amount: 51n },
      );
      const invented = makeReservation(suite, net.network.id, elsewhere);
      const other = { ...unfunded, vault: invented.body.chain, terms: elsewhere, ...genesisOf(invented) };
      expect(await refusal(claimOf(other))).toBe('E_RESERVATION RES-1');
    });

    const genesisOf = ({ body, tree }: ReturnType<typeof makeReservation>) => ({ tip: body, tree });

    /** A claim that is perfect but for the vault that it stands on. */
    function claimOf(vault: Reservation): TestStep {
      const payer = makeHalf(net, alice, bob, `for ${vault.terms.funded}`);
      payOffline(net, payer, vault, 5n);
      const step = signClaim(net, { ...vault }, payer);
      const genesis: BundleItem[] = [{ type: 'operation', operation: { kind: 'vault', operation: vault.terms } }];
      return { ...step, items: [...step.items, ...genesis] };
    }

    test('the same claim without a fault is accepted by all nodes', async () => {
      expect(await refusal(signClaim(net, { ...reservation }, half))).toBe('ok');
      expect(must(editLeaves(suite, half.tree).read(['total', reservation.vault], anyItem))).toBe(500);
    });
  });
}
