/** Commands about the wallet itself, whom it knows and what it accepts. */
import { NETWORK, OUT, type CommandSpec, type Section } from '../../spec.ts';

const SPECS: readonly CommandSpec[] = [
  {
    usage: 'init',
    summary: 'Create a wallet in the home and show its 24 words, once.',
    example: 'dsm init --name alice --network net/network.json --home alice',
    options: [
      { flags: '--name <name>', description: 'what others see; not secret', required: true },
      NETWORK,
      { flags: '--suite <algorithm>', description: 'slh-dsa-sha2-128f (default), slh-dsa-sha2-128s or ml-dsa-44' },
    ],
    run: async (call) => (await import('../init.ts')).init(call),
  },
  {
    usage: 'id',
    summary: 'Show who this wallet is: name, identity, device and account.',
    example: 'dsm id --home alice',
    run: async (call) => (await import('../identity.ts')).id(call),
  },
  {
    usage: 'card',
    summary: 'Write the card that others add as a contact; it holds nothing secret.',
    example: 'dsm card --out alice.card --home alice',
    options: [OUT],
    run: async (call) => (await import('../identity.ts')).card(call),
  },
  {
    usage: 'contact add <who>',
    summary: 'Add a contact: from its card, offline, or by its id from the network.',
    example: 'dsm contact add till.card --as canteen-till',
    args: { who: 'a card file, or the id of an account or identity' },
    options: [{ flags: '--as <name>', description: 'what you call it; without this, its own name' }],
    run: async (call) => (await import('../contacts.ts')).addContactCommand(call),
  },
  {
    usage: 'contact list',
    summary: 'List the contacts.',
    example: 'dsm contact list',
    run: async (call) => (await import('../contacts.ts')).listContactsCommand(call),
  },
  {
    usage: 'policy show',
    summary: 'Show which payments are accepted, from everybody and from single contacts.',
    example: 'dsm policy show',
    run: async (call) => (await import('../policy.ts')).showPolicy(call),
  },
  {
    usage: 'policy set',
    summary: 'Accept provisional payments up to an amount; they may be taken back until they are certified.',
    example: 'dsm policy set --provisional-max 20 --run 1 --contact alice',
    options: [
      {
        flags: '--provisional-max <amount>',
        description: 'most that may be open at a time, in token units, "none" or "any"',
      },
      { flags: '--run <n>', description: 'most uncertified payments that the payer may have stacked' },
      { flags: '--contact <name>', description: 'for this contact only' },
    ],
    run: async (call) => (await import('../policy.ts')).setPolicy(call),
  },
  {
    usage: 'backup',
    summary: 'Write an encrypted backup of the wallet.',
    example: 'dsm backup --out alice.backup --home alice',
    options: [OUT],
    run: async (call) => (await import('../backup.ts')).backupCommand(call),
  },
  {
    usage: 'restore <file>',
    summary: 'Bring a wallet back from a backup and its 24 words; it signs nothing until the date that it says.',
    example: 'dsm restore alice.backup --home alice-again',
    args: { file: 'a backup' },
    options: [
      {
        flags: '--network <file>',
        description: 'where the nodes answer now, network.json; without it, as in the backup',
      },
    ],
    run: async (call) => (await import('../restore.ts')).restoreCommand(call),
  },
];

export const WALLET_SECTION: Section = {
  heading: 'Wallet',
  groups: {
    contact: 'People and tills that this wallet knows.',
    policy: 'What this wallet accepts.',
  },
  specs: SPECS,
};
