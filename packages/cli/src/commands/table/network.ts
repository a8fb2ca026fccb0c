/** Commands that run nodes. */
import type { CommandSpec, Section, OptionSpec } from '../../spec.ts';

const TIMES: readonly OptionSpec[] = [
  { flags: '--delta <duration>', description: 'largest difference between two honest clocks (default 5s)' },
  {
    flags: '--gap <duration>',
    description: 'between the last claim and the first release of a reservation; more than two --delta (default 15s)',
  },
  {
    flags: '--margin <duration>',
    description: 'before a reservation ends, its payee stops relying on it; more than --delta (default 30s)',
  },
  { flags: '--settle <duration>', description: 'how long a signed payment may wait to be certified (default 24h)' },
  { flags: '--round <duration>', description: 'unit of the waiting time before a round of voting opens (default 5s)' },
];

const SPECS: readonly CommandSpec[] = [
  {
    usage: 'network up',
    summary: 'Start the directory nodes of a network and print "ready" once all answer; runs until it is stopped.',
    example: 'dsm network up --nodes 4 --dir net',
    options: [
      {
        flags: '--dir <dir>',
        description: 'where the network is kept; an existing one is started again',
        required: true,
      },
      { flags: '--nodes <n>', description: 'number of nodes; n = 3f + 1 survives f dishonest ones (default 4)' },
      { flags: '--port <p>', description: 'first port; without it free ones are chosen once and kept' },
      { flags: '--name <name>', description: 'name of a new network (default "local")' },
      ...TIMES,
    ],
    run: async (call) => (await import('../network-up.ts')).networkUp(call),
  },
  {
    usage: 'directory run',
    summary: 'Run one directory node in the foreground, as its config file says.',
    example: 'dsm directory run --config net/node-1/config.json',
    options: [{ flags: '--config <file>', description: 'config.json of the node', required: true }],
    run: async (call) => (await import('../directory-run.ts')).directoryRun(call),
  },
];

export const NETWORK_SECTION: Section = {
  heading: 'Directory nodes',
  groups: {
    network: 'Run a network of directory nodes on this machine.',
    directory: 'Run one directory node.',
  },
  specs: SPECS,
};
