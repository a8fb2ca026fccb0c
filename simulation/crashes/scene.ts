/** Where the workloads begin: a canteen with its token, Alice with money, a till, all of them known to each other. */
import { fail, must, ok, toHex, type Result, type TokenId } from '@dsm/core';
import {
  accept,
  addContact,
  commit,
  createToken,
  createWallet,
  findContact,
  findToken,
  history,
  listReservations,
  mint,
  offer,
  ownCard,
  payOnline,
  receive,
  reserve,
  sync,
  type Device,
  type Exchanged,
} from '@dsm/wallet';
import { prepareStage, type Answer, type Step, type Workload } from './play.ts';
import { DAY_MS, makeStage, START_MS, type Stage } from './stage.ts';
import { PASSPHRASE, type Session } from './trial.ts';

export const UNTIL_MS: number = START_MS + 10 * DAY_MS;

export const EVERYBODY: readonly string[] = ['canteen', 'alice', 'till'];
export const NODES: readonly string[] = ['node 0', 'node 1', 'node 2', 'node 3'];

export const workload = (
  name: string,
  what: string,
  crashing: readonly string[],
  from: () => Promise<Stage>,
  steps: readonly Step[],
  devices: readonly string[] = EVERYBODY,
): Workload => ({ name, what, crashing, devices, prepare: async () => ({ stage: await from(), steps }) });

/** The steps of this module answer nothing that anybody needs. */
export const nothing: Result<Answer> = ok({ bytes: null });

export const answered = (result: Result<unknown>): Result<Answer> => (result.ok ? nothing : result);

/** The turn of an exchange: its message is what the next turn takes. */
export const turn = (result: Result<Exchanged>): Result<Answer> =>
  result.ok ? ok({ bytes: result.value.message }) : result;

export const step = (name: string, run: Step['run']): Step => ({ name, run });

/** A step of one device. */
export const by = (
  who: string,
  name: string,
  run: (device: Device, before: Uint8Array, session: Session) => Promise<Result<Answer>>,
): Step => ({
  name: `${who}: ${name}`,
  run: async (session, before) => run(await session.device(who), before ?? new Uint8Array(), session),
});

/** A wallet, unless it is there; then made known to the nodes. */
export const init = (who: string): Step => ({
  name: `${who}: init`,
  async run(session) {
    const { network } = session;
    const { id: _id, quorum: _quorum, ...description } = network;
    const made = await createWallet({
      ...(await session.ports(who)),
      network: description,
      endpoints: [],
      name: who,
      passphrase: PASSPHRASE,
      algorithm: 'ml-dsa-44',
      wordsFromEntropy: toHex,
      cost: { memoryKib: 8, passes: 1, lanes: 1 },
    });
    if (!made.ok && made.error.code !== 'E_EXISTS') return made;
    return answered(await sync(await session.device(who)));
  },
});

export const befriend = (one: string, other: string): Step => ({
  name: `${one} and ${other} exchange cards`,
  async run(session) {
    const [a, b] = [await session.device(one), await session.device(other)];
    const first = await addContact(a, { file: must(await ownCard(b)) });
    return answered(first.ok ? await addContact(b, { file: must(await ownCard(a)) }) : first);
  },
});

export const meal = async (device: Device): Promise<TokenId> => must(await findToken(device, 'MEAL')).token;

/** The token with its whole supply, once. */
export const issue = (who: string, symbol: string, amount: bigint): Step =>
  by(who, `issues ${symbol}`, async (device) => {
    const synced = await sync(device);
    if (!synced.ok) return synced;
    const found = await findToken(device, symbol);
    const token = found.ok ? found : await createToken(device, { symbol, decimals: 2, cap: amount });
    if (!token.ok) return token;
    const minted = must(await history(device)).some(
      ({ payment, policy }) => payment.kind === 'mint' && policy?.symbol === symbol,
    );
    return minted ? nothing : answered(await mint(device, token.value.token, amount));
  });

export const accountOf = async (device: Device, name: string): Promise<Device['account']> => {
  return must(await findContact(device, name)).account;
};

/** A payment through the directory, once: known again by its reference. */
export const pay = (who: string, to: string, amount: bigint, order: string): Step =>
  by(who, `pays ${to} ${amount} online`, (device) => payOnce(device, to, amount, order));

export async function payOnce(device: Device, to: string, amount: bigint, order: string): Promise<Result<Answer>> {
  const synced = await sync(device);
  if (!synced.ok) return synced;
  if (must(await history(device)).some(({ payment }) => payment.order === order)) return nothing;
  const reference = { order, refundOf: null, salt: device.entropy(16) };
  const account = await accountOf(device, to);
  return answered(await payOnline(device, { to: account, token: await meal(device), amount, reference }));
}

export const syncing = (who: string): Step =>
  by(who, 'syncs', async (device, _, session) => answered(await sync(device, session)));

/** Value set aside, once. */
export const reserving = (who: string, to: string, amount: bigint): Step =>
  by(who, `reserves ${amount} for ${to}`, async (device) => {
    const synced = await sync(device);
    if (!synced.ok) return synced;
    if ((await listReservations(device)).length > 0) return nothing;
    const account = await accountOf(device, to);
    return answered(await reserve(device, { for: account, token: await meal(device), amount, until: UNTIL_MS }));
  });

/** A reservation of one's own, beside those of which one is the payee. */
export const setAside = (who: string, to: string, amount: bigint): Step =>
  by(who, `reserves ${amount} for ${to}`, async (device) => {
    const synced = await sync(device);
    if (!synced.ok) return synced;
    const mine = (await listReservations(device)).some(({ funded }) => funded === amount);
    if (mine) return nothing;
    const account = await accountOf(device, to);
    return answered(await reserve(device, { for: account, token: await meal(device), amount, until: UNTIL_MS }));
  });

const command = (number: number): Uint8Array => new Uint8Array(32).fill(number);

export const offering = (who: string, to: string, amount: bigint, number: number, provisional = false): Step =>
  by(who, `offers ${to} ${amount}`, async (device) =>
    turn(
      await offer(device, {
        command: command(number),
        to: await accountOf(device, to),
        token: await meal(device),
        amount,
        order: `offer ${number}`,
        provisional,
      }),
    ),
  );

export const accepting = (who: string): Step =>
  by(who, 'accepts', async (device, message) => turn(await accept(device, message)));
export const committing = (who: string): Step =>
  by(who, 'commits', async (device, message) => turn(await commit(device, message)));
export const receiving = (who: string): Step =>
  by(who, 'receives', async (device, message) => turn(await receive(device, message)));

export const threeTurns = (payer: string, payee: string, amount: bigint, number: number): readonly Step[] => [
  offering(payer, payee, amount, number),
  accepting(payee),
  committing(payer),
  receiving(payee),
];

export const commandOf = command;

export const failed = (message: string): Result<never> => fail('E_INTERNAL', 'STO-4', message);

let scene: Promise<Stage> | undefined;

/** Minted 100,000; Alice has 1,000; Alice and the till know each other. Made once in a process. */
export const makeScene = (): Promise<Stage> =>
  (scene ??= prepareStage(makeStage(), [
    init('canteen'),
    init('alice'),
    init('till'),
    befriend('alice', 'till'),
    befriend('canteen', 'alice'),
    issue('canteen', 'MEAL', 100_000n),
    pay('canteen', 'alice', 1_000n, 'wages'),
    syncing('alice'),
  ]));

let table: Promise<Stage> | undefined;

/** Beyond that: Alice has set 500 aside for the till and paid 10 of them. */
export const layTable = (): Promise<Stage> =>
  (table ??= makeScene().then((stage) =>
    prepareStage(stage, [reserving('alice', 'till', 500n), ...threeTurns('alice', 'till', 10n, 1), syncing('canteen')]),
  ));
