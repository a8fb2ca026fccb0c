/** Commands that show, export and verify. */
import { NETWORK, OUT, type CommandSpec, type Section } from '../../spec.ts';

const BOUNDS = [
  { flags: '--from <n>', description: 'first index (default 0)' },
  { flags: '--to <m>', description: 'last index (default: the tip)' },
] as const;

const CHAIN = {
  flags: '--chain <id>',
  description: 'another chain that this wallet keeps; without it your account',
} as const;

const SPECS: readonly CommandSpec[] = [
  {
    usage: 'balance',
    summary: 'Show what you have, by how sure it is.',
    example: 'dsm balance',
    run: async (call) => (await import('../balance.ts')).balanceCommand(call),
  },
  {
    usage: 'history',
    summary: 'Show every payment with its grade and where it stands.',
    example: 'dsm history',
    run: async (call) => (await import('../history.ts')).historyCommand(call),
  },
  {
    usage: 'export',
    summary: 'Write a chain with everything that proves it, from its genesis to the tip.',
    example: 'dsm export --out alice.chain',
    options: [CHAIN, OUT],
    run: async (call) => (await import('../chains.ts')).exportCommand(call),
  },
  {
    usage: 'verify <file>',
    summary: 'Check every byte of any file that dsm writes; needs no wallet, only the network description.',
    example: 'dsm verify 3.dsm --network net/network.json',
    args: { file: 'any file that dsm wrote' },
    options: [NETWORK],
    run: async (call) => (await import('../verify.ts')).verify(call),
  },
  {
    usage: 'evidence list',
    summary: 'List proofs of double signing that this wallet holds.',
    example: 'dsm evidence list',
    run: async (call) => (await import('../evidence.ts')).listEvidenceCommand(call),
  },
  {
    usage: 'evidence export <id>',
    summary: 'Write one proof; it is complete in itself.',
    example: 'dsm evidence export newest --out fork.dsm',
    args: { id: 'its id, or "newest"' },
    options: [OUT],
    run: async (call) => (await import('../evidence.ts')).exportEvidenceCommand(call),
  },
  {
    usage: 'evidence import <file>',
    summary: 'Verify a proof and take it over: no new business with that device.',
    example: 'dsm evidence import fork.dsm',
    args: { file: 'an evidence file' },
    run: async (call) => (await import('../evidence.ts')).importEvidenceCommand(call),
  },
  {
    usage: 'evidence verify <file>',
    summary: 'Check a proof; needs no wallet, only the network description.',
    example: 'dsm evidence verify fork.dsm --network net/network.json',
    args: { file: 'an evidence file' },
    options: [NETWORK],
    run: async (call) => (await import('../verify.ts')).verifyEvidence(call),
  },
  {
    usage: 'chain show',
    summary: 'Show the states of a chain.',
    example: 'dsm chain show --from 3 --to 9',
    options: [...BOUNDS, CHAIN],
    run: async (call) => (await import('../chains.ts')).showChainCommand(call),
  },
  {
    usage: 'chain get <n>',
    summary: 'Find one state by its checkpoints and count the hashes that this took.',
    example: 'dsm chain get 17',
    args: { n: 'index of the state' },
    options: [CHAIN],
    run: async (call) => (await import('../chains.ts')).getStateCommand(call),
  },
];

export const RECORD_SECTION: Section = {
  heading: 'Records and proofs',
  groups: {
    evidence: 'Proofs that a device signed two states for one place.',
    chain: 'The states of a chain.',
  },
  specs: SPECS,
};
