/**
 * Value is conserved: random operations of an issuer, three holders and their reservations, each certified as soon as
 * the rules admit it, against a ledger of plain numbers that says beforehand what must be admitted.
 */
import {
  amount,
  balanceLeaf,
  claimWindow,
  CLAIMED_LEAF,
  draftTransition,
  editLeaves,
  evidenceFrom,
  itemNames,
  issuedCodec,
  issuedLeaf,
  makeReservation,
  nameOf,
  pruneTree,
  RELEASED_LEAF,
  releaseWindow,
  stateHash,
  totalLeaf,
  toHex,
  stateMessage,
  type AccountOperation,
  type BundleItem,
  type ChainId,
  type Context,
  type Item,
  type Operation,
  type StateHash,
  type Tree,
  type VaultGenesis,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { expect } from 'vitest';
import {
  copyDevice,
  DAY_MS,
  fundOperation,
  makeDevice,
  makeHalf,
  makeNetwork,
  makePolicy,
  seed,
  signItem,
  type Device,
  type Half,
  type Writer,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const CAP = 120n;
const net = makeNetwork();
const { suite, network } = net;
const devices = ['canteen', 'alice', 'bob', 'carol'].map((name) => makeDevice(net, name));
const { token, policy } = makePolicy(net, nth(devices, 0), { cap: CAP });
const window = { from: net.nowMs, until: net.nowMs + 1_000 };

interface Debit {
  readonly source: ChainId;
  readonly index: number;
  readonly to: ChainId;
  readonly amount: bigint;
  credited: boolean;
}

interface Vault extends Writer {
  readonly terms: VaultGenesis;
  readonly half: Half;
  readonly chain: ChainId;
  readonly payer: number;
  readonly payee: number;
  total: bigint;
  claimed: bigint;
  released: boolean;
  /** What shows the newest total under the payer's signature. */
  proof: readonly BundleItem[];
}

/** The plain numbers beside the chains. */
interface World {
  readonly accounts: Device[];
  readonly balances: bigint[];
  readonly debits: Debit[];
  readonly vaults: Vault[];
  readonly finals: Map<string, StateHash>;
  readonly items: Map<string, BundleItem>;
  minted: bigint;
  burned: bigint;
}

const place = (chain: ChainId, index: number): string => `${toHex(chain)} ${index}`;

function contextOf({ items, finals }: World, own: readonly BundleItem[] = []): Context {
  const first = new Map(own.map((item) => [nameOf(suite, item), item]));
  const find = (name: string) => first.get(name) ?? items.get(name) ?? net.items.get(name);
  return { suite, network, evidence: evidenceFrom(find, (chain, index) => finals.get(place(chain, index))) };
}

/** One step of any chain: admitted and final at once, or refused without a trace. */
function step(world: World, writer: Writer, operation: Operation, own: readonly BundleItem[] = []): string {
  const drafted = draftTransition(contextOf(world, own), writer.tip, operation, writer.tree);
  if (!drafted.ok) return codeOf(drafted);
  const { body, hash, tree, outputs } = drafted.value;
  world.items.set(itemNames.body(hash), { type: 'body', body });
  world.items.set(itemNames.operation(body.op), { type: 'operation', operation });
  world.finals.set(place(body.chain, body.index), hash);
  Object.assign(writer, { tip: body, tree });
  for (const output of outputs) {
    const isFunding = world.vaults.some(({ chain }) => toHex(chain) === toHex(output.to));
    if (!isFunding) world.debits.push({ source: body.chain, index: body.index, ...output, credited: false });
  }
  return 'ok';
}

const account = (world: World, who: number, operation: AccountOperation): string =>
  step(world, nth(world.accounts, who), { kind: 'account', operation });

type Act = readonly [name: string, a: number, b: number, value: bigint];

const acts: fc.Arbitrary<Act> = fc.tuple(
  fc.constantFrom(
    'mint',
    'burn',
    'transfer',
    'transfer',
    'receive',
    'receive',
    'receive',
    'fund',
    'pay',
    'pay',
    'claim',
    'claim',
    'release',
  ),
  fc.nat(3),
  fc.nat(30),
  fc.bigInt({ min: 0n, max: 60n }),
);

/** Does it, and says what the ledger expected. */
const perform: Readonly<Record<string, (world: World, act: Act) => readonly [found: string, expected: boolean]>> = {
  mint: (world, [, who, , value]) => {
    const expected = who === 0 && value > 0n && world.minted + value <= CAP;
    const found = account(world, who, { type: 'mint', window, token, amount: value });
    if (expected) {
      world.minted += value;
      world.balances[0] = nth(world.balances, 0) + value;
    }
    return [found, expected];
  },
  burn: (world, [, who, , value]) => {
    const expected = who === 0 && value > 0n && value <= nth(world.balances, 0);
    const found = account(world, who, { type: 'burn', window, token, amount: value });
    if (expected) {
      world.burned += value;
      world.balances[0] = nth(world.balances, 0) - value;
    }
    return [found, expected];
  },
  transfer: (world, [, who, other, value]) => {
    const to = other % 4;
    const expected = who !== to && value > 0n && value <= nth(world.balances, who);
    const destination = nth(world.accounts, to).account;
    const found = account(world, who, {
      type: 'transfer',
      window,
      token,
      amount: value,
      to: destination,
      reference: null,
    });
    if (expected) world.balances[who] = nth(world.balances, who) - value;
    return [found, expected];
  },
  receive: (world, [, someone, which]) => {
    if (world.debits.length === 0) return ['none', false];
    const debit = nth(world.debits, which % world.debits.length);
    // As a rule whom it was paid to, sometimes somebody else.
    const payee = world.accounts.findIndex((one) => toHex(one.account) === toHex(debit.to));
    const who = someone === 0 ? which % 4 : payee;
    const { account: own } = nth(world.accounts, who);
    const expected = !debit.credited && toHex(debit.to) === toHex(own);
    const { source, index } = debit;
    const found = account(world, who, {
      type: 'receive',
      window,
      token,
      amount: debit.amount,
      source,
      index,
      output: 0,
    });
    if (expected) {
      debit.credited = true;
      world.balances[who] = nth(world.balances, who) + debit.amount;
    }
    return [found, expected];
  },
  fund: (world, [, who, other, value]) => {
    const payee = other % 4;
    const payer = nth(world.accounts, who);
    const expected = who !== payee && value > 0n && value <= nth(world.balances, who);
    const { operation, terms } = fundOperation(
      net,
      payer,
      nth(world.accounts, payee),
      token,
      value,
      net.nowMs + 9 * DAY_MS,
    );
    const genesis = makeReservation(suite, network.id, terms);
    const chain = genesis.body.chain;
    const half = { ...makeHalf(net, payer, nth(world.accounts, payee)) };
    const vault = { terms, half, chain, payer: who, payee, total: 0n, claimed: 0n, released: false, proof: [] };
    world.vaults.push({ ...vault, tip: genesis.body, tree: genesis.tree });
    const found = account(world, who, { ...operation, window });
    if (expected) world.balances[who] = nth(world.balances, who) - value;
    else world.vaults.pop();
    return [found, expected];
  },
  pay: (world, [, , which, most]) => {
    const vault = vaultOf(world, which);
    if (!vault) return ['none', false];
    const value = most % 8n;
    const { half } = vault;
    const total = vault.total + value;
    const operation: Operation = {
      kind: 'half',
      operation: {
        type: 'pay',
        window,
        salt: seed('salt').slice(0, 16),
        seen: { index: 0, hash: stateHash(suite, half.tip) },
        vault: vault.chain,
        amount: value,
        total,
        order: '',
        refundOf: null,
      },
    };
    const drafted = draftTransition(contextOf(world), half.tip, operation, half.tree);
    if (!drafted.ok) return [codeOf(drafted), value > 0n];
    const { hash, body, tree } = drafted.value;
    Object.assign(half, { tip: body, tree });
    vault.total = total;
    const leaves = editLeaves(suite, tree);
    expectOk(leaves.read(totalLeaf(vault.chain), amount));
    vault.proof = [
      { type: 'total', vault: vault.chain, total, state: hash },
      { type: 'body', body },
      signItem(net, half.owner.key, 'state', hash, stateMessage(net, body.chain, body.index, hash)),
      { type: 'witness', tree: pruneTree(tree, leaves.touched()) },
    ];
    return ['ok', value > 0n];
  },
  claim: (world, [, , which]) => {
    const vault = vaultOf(world, which);
    if (!vault) return ['none', false];
    const { terms, total, claimed } = vault;
    // Nothing in a half forbids a total above what was set aside; the vault does.
    const expected = !vault.released && total > claimed && total <= terms.funded;
    const operation: Operation = {
      kind: 'vault',
      operation: { type: 'claim', window: claimWindow(terms), to: terms.payee, token, amount: total - claimed, total },
    };
    const found = step(world, vault, operation, vault.proof);
    if (expected) vault.claimed = total;
    return [found, expected];
  },
  release: (world, [, , which]) => {
    const vault = vaultOf(world, which);
    if (!vault) return ['none', false];
    const { terms, claimed } = vault;
    const expected = !vault.released && claimed < terms.funded;
    const operation: Operation = {
      kind: 'vault',
      operation: {
        type: 'release',
        window: releaseWindow(network, terms),
        to: terms.payer,
        token,
        amount: terms.funded - claimed,
      },
    };
    const found = step(world, vault, operation);
    if (expected) vault.released = true;
    return [found, expected];
  },
};

const vaultOf = ({ vaults }: World, which: number): Vault | undefined =>
  vaults.length === 0 ? undefined : vaults[which % vaults.length];

function begin(): World {
  const world: World = {
    accounts: devices.map(copyDevice),
    balances: [0n, 0n, 0n, 0n],
    debits: [],
    vaults: [],
    finals: new Map(),
    items: new Map(),
    minted: 0n,
    burned: 0n,
  };
  expect(account(world, 0, { type: 'createToken', window, policy })).toBe('ok');
  return world;
}

const readAmount = (tree: Tree, name: Item): bigint => expectOk(editLeaves(suite, tree).read(name, amount)) ?? 0n;

/** What the roots say, against what was ever minted. */
function audit({ accounts, balances, debits, vaults, minted, burned }: World): void {
  const held = accounts.map(({ tree }) => readAmount(tree, balanceLeaf(token)));
  const issued = expectOk(editLeaves(suite, nth(accounts, 0).tree).read(issuedLeaf(token), issuedCodec));
  const open = vaults.map(
    ({ terms, tree }) => terms.funded - readAmount(tree, CLAIMED_LEAF) - readAmount(tree, RELEASED_LEAF),
  );
  const underway = debits.filter(({ credited }) => !credited).map((debit) => debit.amount);
  const sum = [...held, ...open, ...underway].reduce((a, b) => a + b, 0n);
  expect(held).toEqual(balances);
  expect(issued).toEqual({ minted, burned });
  expect(sum).toBe(minted - burned);
  expect(minted).toBeLessThanOrEqual(CAP);
  expect([...held, ...open].every((value) => value >= 0n)).toBe(true);
}

property.prop([fc.array(acts, { minLength: 30, maxLength: 70 })], { numRuns: 40 })(
  'VAL-9: minted - burned is what is held, set aside and underway; nothing is credited twice, nothing is negative',
  (sequence) => {
    const world = begin();
    for (const act of [
      ['mint', 0, 0, 60n],
      ['transfer', 0, 1, 30n],
      ['receive', 1, 0, 0n],
      ['fund', 1, 2, 20n],
      ...sequence,
    ] as Act[]) {
      const [found, expected] = perform[act[0]]?.(world, act) ?? ['unknown', true];
      expect(found === 'ok', `${act.join(' ')}: ${found}`).toBe(expected);
      audit(world);
    }
  },
);
