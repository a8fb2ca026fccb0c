/** Operations of an account that nobody may do. */
import {
  amount as amountCodec,
  balanceLeaf,
  decodeWith,
  editLeaves,
  equalBytes,
  finalRequestCodec,
  itemNames,
  makeReservation,
  ok,
  outputsOf,
  reservationGenesis,
  ROUTES,
  type AccountOperation,
  type BundleItem,
  type ChainId,
  type Fund,
  type Output,
  type TokenPolicy,
  type Window,
  ZERO_HASH,
  must,
  fail,
} from '@dsm/core';
import { createToken as issueToken, payOnline, sync } from '@dsm/wallet';
import { requireChain, readBody } from '../../../packages/wallet/src/chain/draft.ts';
import { tokenRecords } from '../../../packages/wallet/src/records/token.ts';
import { readAccountGenesis } from '../../../packages/wallet/src/contacts/card.ts';
import { readItem } from '../../../packages/wallet/src/records/item.ts';
import {
  forgeAndPush,
  forgeState,
  nothingToForge,
  pushState,
  showState,
  type Forger,
  type Forgery,
  type Ground,
} from './kit.ts';

/** The account at its newest state. */
async function groundOf({ device }: Forger): Promise<Ground | undefined> {
  const held = await requireChain(device, device.account);
  return held.ok ? held.value : undefined;
}

const windowOf = ({ device }: Forger, fromMs = 0, lastsMs = device.network.settleMs): Window => {
  const from = device.clock() + fromMs;
  return { from, until: from + lastsMs };
};

const balanceOn = ({ device, token }: Forger, { tree }: Ground): bigint =>
  must(editLeaves(device.suite, tree).read(balanceLeaf(token), amountCodec)) ?? 0n;

const someoneElse = ({ accounts, device, random }: Forger): ChainId =>
  random.pick(accounts.filter((account) => !equalBytes(account, device.account)));

/** One operation on the newest state. */
const operate =
  (make: (forger: Forger, ground: Ground) => AccountOperation | undefined): Forgery =>
  async (forger) => {
    const ground = await groundOf(forger);
    const operation = ground && make(forger, ground);
    return ground && operation ? forgeAndPush(forger, ground, { kind: 'account', operation }) : nothingToForge();
  };

const transfer = (forger: Forger, amount: bigint, to: ChainId, window = windowOf(forger)): AccountOperation => ({
  type: 'transfer',
  window,
  token: forger.token,
  amount,
  to,
  reference: null,
});

/** Debits that were overheard on their way to the nodes. */
interface Overheard {
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
  readonly debit: Output;
  readonly items: readonly BundleItem[];
}

function overheardDebits({ device, sent }: Forger): readonly Overheard[] {
  const codec = finalRequestCodec(device.suite);
  return sent.flatMap(([path, body]) => {
    const request = path === ROUTES.final ? decodeWith(codec, body, 'request') : undefined;
    if (!request?.ok) return [];
    const { certificate, items } = request.value;
    const operation = items.find((item) => item.type === 'operation');
    if (operation?.type !== 'operation') return [];
    const { chain: source, index } = certificate;
    return outputsOf(operation.operation).map((debit, output) => ({
      source,
      index,
      output,
      debit,
      items: [{ type: 'certificate', certificate } as const, ...items],
    }));
  });
}

/** An accomplice pays the forger, who has not heard of it yet. */
async function bePaid({ device, accomplices, token }: Forger): Promise<void> {
  for (const payer of accomplices.filter(({ account }) => !equalBytes(account, device.account))) {
    if ((await payOnline(payer, { to: device.account, token, amount: 3n })).ok) return;
  }
}

/** And has the credit by now. */
async function beCredited(forger: Forger): Promise<void> {
  await bePaid(forger);
  await sync(forger.device);
}

/** A credit of something overheard, other than it was. */
const receive =
  (
    which: (forger: Forger, debit: Output) => boolean,
    change: (amount: bigint) => bigint,
    prepare?: (forger: Forger) => Promise<void>,
  ): Forgery =>
  async (forger) => {
    await prepare?.(forger);
    const ground = await groundOf(forger);
    const debits = overheardDebits(forger).filter(({ debit }) => which(forger, debit));
    if (!ground || debits.length === 0) return nothingToForge();
    // The newest is the likeliest not to be credited yet.
    const { source, index, output, debit, items } = prepare ? (debits.at(-1) as Overheard) : forger.random.pick(debits);
    const { token, amount } = debit;
    const operation = {
      type: 'receive',
      window: windowOf(forger),
      token,
      amount: change(amount),
      source,
      index,
      output,
    } as const;
    return forgeAndPush(forger, ground, { kind: 'account', operation }, items);
  };

const isMine = ({ device }: Forger, { to }: Output): boolean => equalBytes(to, device.account);

/** A reservation for somebody, with one of its terms changed. */
const fund =
  (change: (operation: Fund, forger: Forger, ground: Ground) => Partial<Fund>): Forgery =>
  async (forger) => {
    const { device, token } = forger;
    const ground = await groundOf(forger);
    const payee = someoneElse(forger);
    const genesis = await readAccountGenesis(device, payee);
    if (!ground || !genesis) return nothingToForge();
    const window = windowOf(forger, 0, 60_000);
    const base = { token, amount: 1n, payee, payeeKey: genesis.key, until: window.until + 300_000 };
    const changed = { type: 'fund', window, vault: ZERO_HASH as ChainId, ...base } as const;
    const terms: Fund = { ...changed, ...change(changed, forger, ground) };
    const funding = { payer: device.account, payerKey: device.key.publicKey, index: ground.tip.index + 1 };
    const vault = makeReservation(device.suite, device.network.id, reservationGenesis(funding, terms)).body.chain;
    const operation = equalBytes(terms.vault, ZERO_HASH) ? { ...terms, vault } : terms;
    return forgeAndPush(forger, ground, { kind: 'account', operation });
  };

/** A policy of this device's own making. */
const createToken = (change: (policy: TokenPolicy, forger: Forger) => Partial<TokenPolicy>): Forgery =>
  operate((forger) => {
    const { device, random } = forger;
    const policy: TokenPolicy = {
      network: device.network.id,
      issuer: device.account,
      symbol: 'FAKE',
      decimals: 2,
      cap: 1_000n,
      expiresAt: 0,
      transferable: true,
      approvers: [],
      threshold: 0,
      salt: random.bytes(16),
    };
    return { type: 'createToken', window: windowOf(forger), policy: { ...policy, ...change(policy, forger) } };
  });

const issue = (type: 'mint' | 'burn', amountFor: (cap: bigint) => bigint): Forgery => {
  return async (forger) => {
    const ground = await groundOf(forger);
    const policy = await tokenRecords.read(forger.device, forger.token);
    if (!ground || !policy) return nothingToForge();
    const operation = { type, window: windowOf(forger), token: forger.token, amount: amountFor(policy.cap) } as const;
    return forgeAndPush(forger, ground, { kind: 'account', operation });
  };
};

/** A token of one's own, and one unit more of it than its cap. */
const issueTooMuch: Forgery = async (forger) => {
  const { device } = forger;
  const made = await issueToken(device, { symbol: 'OWN', decimals: 0, cap: 10n });
  const ground = await groundOf(forger);
  if (!made.ok || !ground) return nothingToForge();
  const operation = { type: 'mint', window: windowOf(forger), token: made.value.token, amount: 11n } as const;
  return forgeAndPush(forger, ground, { kind: 'account', operation });
};

/** Two states upon each other; only the second is brought to the nodes. */
const buildOnOpen: Forgery = async (forger) => {
  const ground = await groundOf(forger);
  if (!ground) return nothingToForge();
  const first = await forgeState(forger, ground, {
    kind: 'account',
    operation: transfer(forger, 1n, someoneElse(forger)),
  });
  if (!first.ok) return first;
  const { body, tree } = first.value.transition;
  const next = await forgeState(
    forger,
    { chain: ground.chain, tip: body, tree },
    { kind: 'account', operation: transfer(forger, 1n, someoneElse(forger)) },
    first.value.overlay,
  );
  return next.ok ? pushState(forger, next.value) : next;
};

/** Two states for one place, both shown to all nodes. */
const payTwice: Forgery = async (forger) => {
  const ground = await groundOf(forger);
  if (!ground) return nothingToForge();
  for (const amount of [1n, 2n]) {
    const operation = transfer(forger, amount, someoneElse(forger));
    const forged = await forgeState(forger, ground, { kind: 'account', operation });
    if (!forged.ok) return forged;
    await showState(forger, forged.value);
  }
  return ok(undefined);
};

/** Another state at a place that is final already, where the state before it is at hand with all its leaves. */
const forkBelow: Forgery = async (forger) => {
  const { device } = forger;
  const ground = await groundOf(forger);
  if (!ground || ground.tip.index === 0) return nothingToForge();
  const parent = await readBody(device, ground.tip.prev);
  const item = parent && (await readItem(device, itemNames.witness(parent.root)));
  if (!parent || item?.type !== 'witness') return nothingToForge();
  const below = { chain: ground.chain, tip: parent, tree: item.tree };
  const operation = transfer(forger, 1n, someoneElse(forger));
  const forged = await forgeState(forger, below, { kind: 'account', operation });
  if (!forged.ok) return forged;
  await showState(forger, forged.value);
  return ok(undefined);
};

const HOUR_MS = 3_600_000;

export const ACCOUNT_FORGERIES: Readonly<Record<string, Forgery>> = {
  overdraft: operate((forger, ground) =>
    transfer(forger, balanceOn(forger, ground) + BigInt(forger.random.between(1, 500)), someoneElse(forger)),
  ),
  payNothing: operate((forger) => transfer(forger, 0n, someoneElse(forger))),
  payOneself: operate((forger) => transfer(forger, 1n, forger.device.account)),
  payStrangeToken: operate((forger) => ({
    ...transfer(forger, 1n, someoneElse(forger)),
    token: forger.random.bytes(32) as never,
  })),
  payLate: operate((forger) => transfer(forger, 1n, someoneElse(forger), windowOf(forger, -HOUR_MS, 1_000))),
  payEarly: operate((forger) => transfer(forger, 1n, someoneElse(forger), windowOf(forger, HOUR_MS, 1_000))),
  payLong: operate((forger) =>
    transfer(forger, 1n, someoneElse(forger), windowOf(forger, 0, forger.device.network.settleMs + 1)),
  ),
  payBackwards: operate((forger) => transfer(forger, 1n, someoneElse(forger), windowOf(forger, 0, -1_000))),
  issueTooMuch,
  mintMore: issue('mint', (cap) => cap),
  mintNothing: issue('mint', () => 0n),
  foreignMint: issue('mint', () => 5n),
  foreignBurn: issue('burn', () => 1n),
  burnMore: issue('burn', (cap) => cap * 2n),
  createForeign: createToken((_, forger) => ({ issuer: someoneElse(forger) })),
  createElsewhere: createToken((_, { random }) => ({ network: random.bytes(32) as never })),
  createWithoutCap: createToken(() => ({ cap: 0n })),
  createAgain: async (forger) => {
    const ground = await groundOf(forger);
    const policy = await tokenRecords.read(forger.device, forger.token);
    if (!ground || !policy) return nothingToForge();
    const operation = { type: 'createToken', window: windowOf(forger), policy } as const;
    return forgeAndPush(forger, ground, { kind: 'account', operation });
  },
  creditAgain: receive(isMine, (amount) => amount, beCredited),
  creditMore: receive(isMine, (amount) => amount * 2n, bePaid),
  creditOfAnother: receive(
    (forger, debit) => !isMine(forger, debit),
    (amount) => amount,
  ),
  creditNoOutput: async (forger) => {
    const ground = await groundOf(forger);
    const [first] = overheardDebits(forger);
    if (!ground || !first) return nothingToForge();
    const { source, index, debit, items } = first;
    const { token, amount } = debit;
    const operation = { type: 'receive', window: windowOf(forger), token, amount, source, index, output: 9 } as const;
    return forgeAndPush(forger, ground, { kind: 'account', operation }, items);
  },
  fundForOneself: fund((_, { device }) => ({ payee: device.account })),
  fundOtherVault: fund((_, { random }) => ({ vault: random.bytes(32) as ChainId })),
  fundTooShort: fund(({ window }) => ({ until: window.until })),
  fundForEver: fund(() => ({ until: Number.MAX_SAFE_INTEGER })),
  fundTooMuch: fund((_, forger, ground) => ({ amount: balanceOn(forger, ground) + 1n })),
  submitVoid: async (forger) => {
    const ground = await groundOf(forger);
    if (!ground) return nothingToForge();
    const operation = { type: 'void', window: ground.tip.window } as const;
    return forgeState(forger, ground, { kind: 'account', operation });
  },
  beginAgain: async (forger) => {
    const ground = await groundOf(forger);
    const genesis = ground && (await readAccountGenesis(forger.device, forger.device.account));
    if (!ground || !genesis) return fail('E_NOT_FOUND', 'WAL-3', 'nothing there');
    return forgeAndPush(forger, ground, { kind: 'account', operation: genesis });
  },
  buildOnOpen,
  payTwice,
  forkBelow,
};
