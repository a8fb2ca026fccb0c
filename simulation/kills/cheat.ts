/**
 * A slot that votes cannot decide: a copied wallet pays two people from one balance and brings each payment to half of
 * the nodes. Rounds decide it, under kills as well; one of the two is paid, and nobody waits for ever.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Command } from './command.ts';
import { writeProgress, type Progress } from './diary.ts';
import { openHome, walletPath, type Home, type HomeHooks } from './homes.ts';
import { payOnce, perform, syncHome, type Load } from './load.ts';
import { startDsm } from './process.ts';
import { sleep } from './random.ts';

export interface Cheating {
  readonly load: Load;
  readonly progress: Progress;
  readonly hooks: HomeHooks;
  /** Kills so far. */
  readonly kills: () => number;
}

/** Kills between two cheats. */
const EVERY = 75;

/** One cheat at the beginning, and another each time that so many processes were killed. */
export async function cheatForEver(cheating: Cheating): Promise<void> {
  const { load, kills } = cheating;
  for (let due = kills(); !load.isStopping(); await sleep(200)) {
    if (kills() < due) continue;
    due = kills() + EVERY;
    await cheatOnce(cheating);
  }
}

async function cheatOnce({ load, progress, hooks }: Cheating): Promise<void> {
  const { dir, violations } = load;
  const name = `eve${progress.cheats.length + 1}`;
  // What an interrupted run left of it is of no use: nobody has heard of it.
  rmSync(join(dir, name), { recursive: true, force: true });
  const words = ['init', '--name', name, '--network', 'net/network.json', '--suite', 'ml-dsa-44', '--home', name];
  const made = await startDsm(dir, [...words, '--json']).ended;
  if (made.code !== 0) return violations.add(`dsm init of ${name}: ${made.stderr}`);
  const { account } = JSON.parse(made.stdout) as { readonly account: string };
  progress.cheats.push({ name, account, payments: [] });
  writeProgress(dir, progress);
  const open = (home: string, ...workerFlags: readonly string[]): Home =>
    openHome({ dir, name: home, kind: 'worker', hooks, workerFlags });
  const eve = open(name);
  const [issuer, ann, ben] = ['issuer', 'ann', 'ben'].map((one) => load.homes.get(one) as Home);
  if (!issuer || !ann || !ben) return;
  const say = async (home: Home, command: Command, ...codes: readonly string[]): Promise<Answer | undefined> => {
    const outcome = await perform(home, command);
    if (outcome.type === 'answer') return outcome.answer;
    if (codes.includes(outcome.code)) return undefined;
    load.onOddity(home, command, outcome);
    violations.add(`home ${home.name}: ${command.do} was refused: ${outcome.code} ${outcome.message}`);
    return undefined;
  };
  await say(eve, { do: 'card', out: `${name}.card` });
  for (const home of [issuer, ann, ben]) await say(home, { do: 'contact', file: `${name}.card` });
  for (const home of [ann, ben]) await say(eve, { do: 'contact', file: `${home.name}.card` });
  await payOnce(load, issuer, name, '100.00');
  // Enough nodes answer sooner or later.
  for (let tries = 0; tries < 200; tries++) {
    const synced = await syncHome(load, eve);
    if (Array.isArray(synced?.['received']) && synced['received'].length > 0) break;
    await sleep(200);
  }
  await eve.close();
  const copyName = `${name}-copy`;
  mkdirSync(join(dir, copyName), { recursive: true });
  for (const end of ['', '-wal']) {
    if (existsSync(walletPath(dir, name) + end))
      copyFileSync(walletPath(dir, name) + end, walletPath(dir, copyName) + end);
  }
  const offerTo = async (from: Home, to: Home, amount: string): Promise<string | undefined> => {
    const order = load.nextOrder();
    const file = (turn: string): string => join('files', `${order}-${turn}.dsm`);
    const offered = await say(from, { do: 'offer', to: to.name, amount, order, provisional: true, out: file('offer') });
    if (!offered) return undefined;
    progress.cheats.at(-1)?.payments.push(String(offered['payment']));
    writeProgress(dir, progress);
    load.active.add(String(offered['payment']));
    if (!(await say(to, { do: 'accept', file: file('offer'), out: file('accept') }))) return undefined;
    if (!(await say(from, { do: 'commit', file: file('accept'), out: file('commit') }))) return undefined;
    // Half of the nodes vote for it before the payee has it.
    await perform(from, { do: 'sync' });
    await from.close();
    return file('commit');
  };
  const toAnn = await offerTo(open(name, '--nodes=0,1'), ann, '90.00');
  const toBen = await offerTo(open(copyName, '--nodes=2,3'), ben, '80.00');
  if (toAnn === undefined || toBen === undefined) return;
  // Whoever has learnt of the other payment by then refuses (rule REL-14).
  await say(ann, { do: 'receive', file: toAnn, out: `${toAnn}.ack` }, 'E_CONFLICT');
  await say(ben, { do: 'receive', file: toBen, out: `${toBen}.ack` }, 'E_CONFLICT');
  await Promise.all([syncHome(load, ann), syncHome(load, ben)]);
}
