/** A network, five wallets that know each other, and money to begin with. Made once in the life of a directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './command.ts';
import type { Home } from './homes.ts';
import { fund, perform, type Load } from './load.ts';
import { startDsm } from './process.ts';

export const HOMES = ['issuer', 'ann', 'ben', 'cleo', 'dan'] as const;

/** Wallets that `dsm` processes use, one for each command; the others stay open in a worker. */
export const isDsmHome = (name: string): boolean => name === 'cleo' || name === 'dan';

export const folders = (dir: string): void => {
  mkdirSync(join(dir, 'files'), { recursive: true });
  mkdirSync(join(dir, 'exports'), { recursive: true });
};

/** The homes themselves, before anything uses them. */
export async function initHomes(dir: string): Promise<void> {
  const init = async (name: string): Promise<void> => {
    // The slow signatures leave more time between an intent and its signature.
    const suite = name === 'ben' || name === 'dan' ? 'slh-dsa-sha2-128f' : 'ml-dsa-44';
    const words = ['init', '--name', name, '--network', 'net/network.json', '--suite', suite];
    const { code, stderr } = await startDsm(dir, [...words, '--home', name, '--json']).ended;
    if (code !== 0) throw new Error(`dsm init of ${name}: ${stderr}`);
  };
  await Promise.all(HOMES.map(init));
}

const must = async (home: Home, command: Command): Promise<void> => {
  const outcome = await perform(home, command);
  if (outcome.type === 'refused') throw new Error(`${home.name}: ${command.do}: ${outcome.code} ${outcome.message}`);
};

/** Who pays whom: by files in both directions, online from the first to the second. */
export const PAIRS = {
  workers: ['ann', 'ben'],
  processes: ['cleo', 'dan'],
  mixed: ['ben', 'cleo'],
  online: [
    ['issuer', 'ann'],
    ['issuer', 'ben'],
    ['issuer', 'cleo'],
    ['issuer', 'dan'],
    ['ben', 'ann'],
    ['ann', 'issuer'],
    ['cleo', 'ann'],
    ['dan', 'issuer'],
  ],
} as const;

export async function introduce(load: Load): Promise<void> {
  const home = (name: string): Home => load.homes.get(name) as Home;
  await Promise.all(HOMES.map((name) => must(home(name), { do: 'card', out: `${name}.card` })));
  const { workers, processes, mixed, online } = PAIRS;
  const both = [workers, processes, mixed].flatMap(([a, b]) => [[a, b] as const, [b, a] as const]);
  const known = new Set([...both, ...online].map((pair) => pair.join(' ')));
  await Promise.all(
    HOMES.map(async (name) => {
      await must(home(name), { do: 'policy' });
      for (const other of HOMES) {
        if (known.has(`${name} ${other}`)) await must(home(name), { do: 'contact', file: `${other}.card` });
      }
    }),
  );
  await must(home('issuer'), { do: 'token', symbol: 'MEAL', max: '1000000000' });
  await fund(load, home('issuer'));
  for (const name of HOMES) if (name !== 'issuer') await fund(load, home(name));
}
