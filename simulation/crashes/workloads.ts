/** What is crashed: each workload from its stage, step by step. */
import { must, type Result } from '@dsm/core';
import {
  acknowledge,
  buildClaim,
  cancel,
  history,
  listReservations,
  refund,
  releaseExpired,
  request,
  setPolicy,
  sync,
  takeAck,
  type Device,
} from '@dsm/wallet';
import { prepareStage, type Answer, type Step, type Workload } from './play.ts';
import {
  accepting,
  accountOf,
  answered,
  befriend,
  by,
  committing,
  commandOf,
  failed,
  init,
  issue,
  layTable,
  makeScene,
  meal,
  nothing,
  offering,
  pay,
  payOnce,
  receiving,
  reserving,
  syncing,
  threeTurns,
  turn,
  UNTIL_MS,
  workload,
  NODES,
  setAside,
} from './scene.ts';
import { makeStage, type Stage } from './stage.ts';
import { STUCK } from './stuck.ts';

/** The payment of this order, not one that pays it back. */
async function paymentOf(device: Device, order: string): Promise<Uint8Array | undefined> {
  const entries = must(await history(device));
  return entries.find(({ payment }) => payment.order === order && payment.refundOf === null)?.payment.payment;
}

const requesting = (who: string, from: string, amount: bigint, number: number): Step =>
  by(who, `requests ${amount}`, async (device) =>
    turn(
      await request(device, {
        command: commandOf(number),
        from: await accountOf(device, from),
        token: await meal(device),
        amount,
        order: `request ${number}`,
      }),
    ),
  );

const acknowledging = (who: string, order: string): Step =>
  by(who, 'acknowledges', async (device) => {
    const entry = must(await history(device)).find(({ payment }) => payment.order === order);
    return entry ? turn(await acknowledge(device, entry.payment)) : failed('the payment is not there');
  });

const confirming = (who: string): Step =>
  by(who, 'takes the ack', async (device, message) => turn(await takeAck(device, message)));

const withdrawing = (who: string, order: string): Step =>
  by(who, 'withdraws', async (device) => {
    const payment = await paymentOf(device, order);
    return payment ? answered(await cancel(device, payment)) : failed('the payment is not there');
  });

const refunding = (who: string, order: string, number: number): Step =>
  by(who, 'refunds', async (device) => {
    const payment = await paymentOf(device, order);
    return payment
      ? turn(await refund(device, { command: commandOf(number), payment, amount: 4n, provisional: false }))
      : failed('the payment is not there');
  });

const claiming = (who: string): Step =>
  by(who, 'claims', async (device) => {
    const [reservation] = await listReservations(device);
    if (reservation && reservation.claimed < reservation.total) {
      const file = await buildClaim(device, reservation.vault);
      if (!file.ok && file.error.code !== 'E_NOT_FOUND') return file;
    }
    return answered(await sync(device));
  });

const releasing = (who: string, payee: string): Step =>
  by(who, 'releases what is left', async (device, _, session) => {
    session.waitUntil(UNTIL_MS + device.network.gapMs + 1);
    const released = await releaseExpired(device, await accountOf(device, payee));
    return released.ok || released.error.code === 'E_NOT_FOUND' ? nothing : released;
  });

const crowd = ['ann', 'ben', 'cid', 'dan', 'eve', 'fay'];

/** Six customers who have money. */
const makeCrowd = async (): Promise<Stage> =>
  prepareStage(
    await makeScene(),
    crowd.flatMap((name) => [
      init(name),
      befriend('canteen', name),
      pay('canteen', name, 50n, `wages of ${name}`),
      syncing(name),
    ]),
  );

/** All at once, so that a node decides about all of them in one batch. */
const crowdPays: Step = {
  name: 'six customers pay the canteen at once',
  async run(session): Promise<Result<Answer>> {
    const devices = await Promise.all(crowd.map((name) => session.device(name)));
    const paid = await Promise.all(
      devices.map((device, i) => payOnce(device, 'canteen', BigInt(i + 1), `lunch of ${crowd[i] ?? ''}`)),
    );
    return paid.find(({ ok }) => !ok) ?? nothing;
  },
};

export const WORKLOADS: readonly Workload[] = [
  workload(
    'init',
    'a wallet is made and published',
    ['alice'],
    async () => prepareStage(makeStage(), [init('canteen')]),
    [init('alice')],
    ['alice'],
  ),
  workload('token', 'a token is created and minted', ['canteen'], makeScene, [issue('canteen', 'TEA', 500n)]),
  workload('online', 'Alice pays the till through the directory', ['alice'], makeScene, [
    pay('alice', 'till', 400n, 'lunch'),
  ]),
  workload(
    'credit',
    'the till syncs and credits what it was paid',
    ['till'],
    async () =>
      prepareStage(await makeScene(), [pay('alice', 'till', 400n, 'lunch'), pay('alice', 'till', 30n, 'tea')]),
    [syncing('till')],
  ),
  workload('reserve', 'Alice sets 300 aside for the till', ['alice'], makeScene, [reserving('alice', 'till', 300n)]),
  workload('exchange', 'offer, accept, commit, receive, ack', ['alice', 'till'], layTable, [
    ...threeTurns('alice', 'till', 90n, 2),
    acknowledging('till', 'offer 2'),
    confirming('alice'),
  ]),
  workload('request', 'request and commit in two turns', ['alice', 'till'], layTable, [
    requesting('till', 'alice', 70n, 3),
    committing('alice'),
    receiving('till'),
  ]),
  workload('withdraw', 'an offer is withdrawn, the next one is paid', ['alice'], layTable, [
    offering('alice', 'till', 60n, 4),
    withdrawing('alice', 'offer 4'),
    ...threeTurns('alice', 'till', 50n, 5),
  ]),
  workload('provisional', 'a payment without a reservation, settled by the payee', ['alice', 'till'], layTable, [
    by('till', 'takes provisional payments', async (device) => {
      return answered(await setPolicy(device, { provisionalMax: 'any' }));
    }),
    offering('alice', 'till', 40n, 6, true),
    accepting('till'),
    committing('alice'),
    receiving('till'),
    syncing('till'),
  ]),
  workload('claim', 'the till claims what was paid out of a reservation', ['till'], layTable, [claiming('till')]),
  workload('refund', 'the till has value set aside for Alice and pays a part back', ['till', 'alice'], layTable, [
    syncing('till'),
    setAside('till', 'alice', 8n),
    refunding('till', 'offer 1', 7),
    accepting('alice'),
    committing('till'),
    receiving('alice'),
  ]),
  workload(
    'release',
    'after its date Alice takes back what is left',
    ['alice'],
    async () => prepareStage(await layTable(), [syncing('till')]),
    [releasing('alice', 'till')],
  ),
  ...STUCK,
  workload('node', 'a node votes, locks and takes a Final', NODES, makeScene, [
    pay('alice', 'till', 400n, 'lunch'),
    pay('alice', 'till', 5n, 'tea'),
  ]),
  workload(
    'batch',
    'a node decides about six chains in one batch',
    ['node 0'],
    makeCrowd,
    [crowdPays, pay('ann', 'canteen', 1n, 'tea')],
    ['canteen', 'alice', ...crowd],
  ),
];
