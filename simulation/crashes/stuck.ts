/** Workloads of what goes on after something went wrong: places without a decision, and a lost device. */
import { backup, restoreWallet, setPolicy, sync, unlock } from '@dsm/wallet';
import { copyDisk } from '../disk/index.ts';
import { prepareStage, type Step, type Workload } from './play.ts';
import {
  accepting,
  answered,
  by,
  committing,
  layTable,
  makeScene,
  NODES,
  offering,
  pay,
  receiving,
  setAside,
  syncing,
  workload,
} from './scene.ts';
import { DAY_MS, diskOf, START_MS, type Stage } from './stage.ts';
import { PASSPHRASE } from './trial.ts';

const trusting = (who: string): Step =>
  by(who, 'takes provisional payments', async (device) => answered(await setPolicy(device, { provisionalMax: 'any' })));

/** Straight from the account; nobody tells the nodes. */
const payingOffline = (payer: string, payee: string, amount: bigint, number: number): readonly Step[] => [
  offering(payer, payee, amount, number, true),
  accepting(payee),
  committing(payer),
  receiving(payee),
];

const unlocking = (who: string): Step =>
  by(who, 'unlocks', async (device, _, { wait }) => answered(await unlock(device, { patienceMs: 3_600_000, wait })));

/** Alice has paid the till, nobody has told the nodes, and the time for it is over. */
async function makeLapsed(): Promise<Stage> {
  const stage = await prepareStage(await layTable(), [trusting('till'), ...payingOffline('alice', 'till', 40n, 8)]);
  return { ...stage, nowMs: stage.nowMs + stage.network.settleMs + 2 * stage.network.gapMs };
}

/** Submits what is open to the nodes that are not away, and leaves it at that. */
const submitting = (who: string, away: readonly number[]): Step =>
  by(who, 'submits to some nodes', async (device, _, session) => {
    for (const node of away) session.away.add(node);
    return answered(await unlock(device, { patienceMs: 0 }));
  });

/** Alice and a copy of her device have spent the same twice: two nodes have voted for one state, one for the other. */
async function makeSplit(): Promise<Stage> {
  const stage = await prepareStage(await makeScene(), [trusting('till'), trusting('canteen')]);
  stage.devices.set('twin', copyDisk(diskOf(stage, 'alice')));
  return prepareStage(stage, [
    ...payingOffline('alice', 'till', 900n, 1),
    ...payingOffline('twin', 'canteen', 800n, 2),
    submitting('till', [2, 3]),
    submitting('canteen', [0, 1, 3]),
  ]);
}

/** Alice and her copy keep no books that anybody believes. */
const split = (name: string, what: string, crashing: readonly string[], steps: readonly Step[]): Workload => ({
  ...workload(name, what, crashing, makeSplit, steps, ['canteen', 'till']),
  isPartial: true,
});

/** What is left of a lost device: a file and the words. */
interface Saved {
  readonly file: Uint8Array;
  readonly seed: Uint8Array;
}

async function makeLost(): Promise<{ readonly stage: Stage; readonly saved: Saved }> {
  const kept: { saved?: Saved } = {};
  const stage = await prepareStage(await layTable(), [
    by('alice', 'makes a backup', async (device) => {
      const file = await backup(device);
      if (file.ok) kept.saved = { file: file.value, seed: device.keys.seed };
      return answered(file);
    }),
    pay('alice', 'till', 5n, 'after the backup'),
    syncing('till'),
  ]);
  if (!kept.saved) throw new Error('no backup');
  return { stage, saved: kept.saved };
}

const restoring = (who: string, { file, seed }: Saved): Step => ({
  name: `${who}: restores`,
  async run(session) {
    const { transport, ...ports } = await session.ports(who);
    const restored = await restoreWallet({
      ...ports,
      transportFor: () => transport,
      file,
      seed,
      passphrase: PASSPHRASE,
      cost: { memoryKib: 8, passes: 1, lanes: 1 },
    });
    if (!restored.ok && restored.error.code !== 'E_EXISTS') return restored;
    return answered(await sync(await session.device(who), session));
  },
});

/** Past the date from which a restored device signs. */
const waiting = (who: string): Step =>
  by(who, 'waits and syncs', async (device, _, session) => {
    session.waitUntil(START_MS + 3 * DAY_MS);
    return answered(await sync(device, session));
  });

const AGAIN = 'alice again';

export const STUCK: readonly Workload[] = [
  workload(
    'lapse',
    'a state whose time is over is voided by its owner, who goes on above the void',
    ['alice'],
    makeLapsed,
    [unlocking('alice'), pay('alice', 'till', 30n, 'above the void')],
  ),
  workload('void', 'nodes decide for a void in a later round', NODES, makeLapsed, [
    unlocking('alice'),
    pay('alice', 'till', 30n, 'above the void'),
  ]),
  split('split', 'a payee unlocks an account that was spent twice', ['till'], [unlocking('till'), syncing('till')]),
  split('rounds', 'nodes report, propose, vote, lock and decide in a later round', NODES, [
    unlocking('till'),
    syncing('canteen'),
  ]),
  {
    name: 'restore',
    what: 'a backup is restored, the account begun anew, payments of both kinds made with a new half',
    crashing: [AGAIN],
    devices: ['canteen', AGAIN, 'till'],
    async prepare() {
      const { stage, saved } = await makeLost();
      const steps = [
        restoring(AGAIN, saved),
        waiting(AGAIN),
        pay(AGAIN, 'till', 7n, 'after the restore'),
        setAside(AGAIN, 'till', 60n),
        offering(AGAIN, 'till', 20n, 9),
        accepting('till'),
        committing(AGAIN),
        receiving('till'),
      ];
      return { stage, steps };
    },
  },
];
