/** Two parties that have agreed on one step of the counter: their message, and the file for a third. */
import {
  compareBytes,
  editLeaves,
  machineId,
  machineStateHash,
  must,
  pruneTree,
  SIGNED_LEAF,
  signedStepCodec,
  stepHash,
  strandTermsCodec,
  verifyMachineSignatures,
  verifySteps,
  type BundleItem,
  type MachineContent,
  type MachineTerms,
  type StepRecord,
  type StepsContent,
} from '@dsm/core';
import {
  entry,
  HOUR_MS,
  makeDevice,
  seed,
  takeStep,
  windowNow,
  type Device,
  type TestNetwork,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import { fileOf, type TestFile } from './exchange.ts';
import { counter, input } from './machines.ts';
import { beginStrand, type Party } from './strands.ts';

export interface MachineFiles {
  readonly terms: MachineTerms;
  readonly message: StepsContent;
  readonly content: MachineContent;
  readonly strands: readonly Party['strand'][];
  readonly devices: readonly Device[];
  readonly steps: TestFile<'steps'>;
  readonly machine: TestFile<'machine'>;
}

/** `count` steps of the counter, each signed by both. */
export function makeMachineFiles(net: TestNetwork, count = 1): MachineFiles {
  const { suite } = net;
  const devices = ['ann', 'ben'].map((name) => makeDevice(net, name));
  devices.sort((a, b) => compareBytes(a.account, b.account));
  const terms: MachineTerms = {
    machine: counter.id,
    version: 1,
    code: counter.code,
    parties: devices.map(({ account }) => account),
    params: new Uint8Array(0),
    rules: { expiryMs: HOUR_MS, maxSteps: 0 },
    nonce: seed('nonce').slice(0, 16),
  };
  const relationship = machineId(suite, terms);
  const strands = devices.map((device) => beginStrand(net, relationship, device));
  const steps: StepRecord[] = [];
  let last: TestStep[] = [];
  for (let number = 1; number <= count; number++) {
    const below = steps.at(-1);
    const record: StepRecord = {
      relationship,
      number,
      attempt: 0,
      prev: below ? stepHash(suite, below) : (relationship as never),
      operation: 'add',
      input: input(1),
      proposer: number % 2,
      expiresAt: windowNow(net).until,
      state: machineStateHash(suite, input(number)),
    };
    steps.push(record);
    const operation = {
      type: 'sign',
      window: windowNow(net),
      number,
      attempt: 0,
      step: stepHash(suite, record),
    } as const;
    last = strands.map((strand, i) => takeStep(net, strand, entry(devices, i).key, { kind: 'strand', operation }));
  }
  const tips = last.map(({ hash }) => hash);
  const message: StepsContent = { relationship, terms, from: 0, strands: tips, steps, holds: [] };
  const content: MachineContent = { terms, steps, beside: [], strands: tips };
  const own = strands.flatMap((strand) => shownLeaves(net, strand));
  return {
    terms,
    message,
    content,
    strands,
    devices,
    steps: fileOf(net, 'steps', message, [], (context) => verifySteps(context, message)),
    machine: fileOf(net, 'machine', content, own, (context) => verifyMachineSignatures(context, content)),
  };
}

/** The witness of the two leaves that a third party is shown. */
export function shownLeaves(net: TestNetwork, { tree }: Party['strand']): readonly BundleItem[] {
  const leaves = editLeaves(net.suite, tree);
  must(leaves.read(['strand'], strandTermsCodec));
  must(leaves.read(SIGNED_LEAF, signedStepCodec));
  return [{ type: 'witness', tree: pruneTree(tree, leaves.touched()) }];
}
