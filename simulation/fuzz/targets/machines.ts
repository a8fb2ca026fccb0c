/** Machine relationships: codecs, messages, and what third parties are shown. */
import * as core from '@dsm/core';
import type { BundleItem, ChainId, Context, Result } from '@dsm/core';
import { counter, makeMachines, type Machines } from '../seeds/machines.ts';
import { usedItems, type World } from '../seeds/world.ts';
import { codecTarget, freeze, judge, verifierTarget, type Target } from './target.ts';

const codecs = ({ terms, message, content, geneses, operations }: Machines): readonly Target[] => [
  codecTarget('machineTermsCodec', core.machineTermsCodec, [terms]),
  codecTarget('strandOperationCodec', core.strandOperationCodec, operations),
  codecTarget('strandTermsCodec', core.strandTermsCodec, geneses),
  codecTarget('stepPlaceCodec', core.stepPlaceCodec, [{ number: 3, attempt: 255 }]),
  codecTarget('signedStepCodec', core.signedStepCodec, [
    { number: 3, attempt: 0, step: message.relationship as never },
  ]),
  codecTarget('stepRecordCodec', core.stepRecordCodec, message.steps),
  codecTarget('stepsContentCodec', core.stepsContentCodec, [
    message,
    { ...message, terms: null, holds: [{ chain: terms.parties[0] as ChainId, index: 3 }] },
  ]),
  codecTarget('machineContentCodec', core.machineContentCodec, [content]),
];

/** A file of kind `machine` with the code that it is about. */
function fileTarget(world: World, { content, leaves }: Machines): Target {
  const { suite, network } = world.net;
  const items = usedItems(world, leaves, (context) => core.verifyMachineSignatures(context, content));
  return {
    name: 'verifyMachineFile',
    input: 'item',
    isSlow: true,
    seeds: [core.encodeFile(suite, 'machine', content, items)],
    run: async (bytes) => judge(await core.verifyMachineFile(suite, network, bytes, [counter])),
  };
}

/** The same on decoded arguments: no hash of a file stands in the way. */
function proofTarget(world: World, { content, leaves }: Machines): Target {
  const { suite, network } = world.net;
  const codec = core.record<{ content: core.MachineContent; items: readonly BundleItem[] }>({
    content: core.machineContentCodec,
    items: core.bundleCodec(suite),
  });
  const items = usedItems(world, leaves, (context) => core.verifyMachineSignatures(context, content));
  return {
    name: 'verifyMachine',
    input: 'item',
    isSlow: true,
    seeds: [core.encodeWith(codec, { content, items })],
    run: async (bytes) => {
      const decoded = core.decodeWith(codec, bytes, 'input');
      if (!decoded.ok) return judge(decoded);
      const given = freeze(decoded.value);
      const byName = core.indexItems(suite, given.items);
      const evidence = core.evidenceFrom((name) => byName.get(name));
      return judge(await core.verifyMachine({ suite, network, evidence }, given.content, [counter]));
    },
  };
}

export function machineTargets(world: World): readonly Target[] {
  const machines = makeMachines(world);
  const { message, content, leaves, tips } = machines;
  const verify = (context: Context, subject: core.StepsContent): Result<unknown> => core.verifySteps(context, subject);
  return [
    ...codecs(machines),
    verifierTarget(
      world,
      'verifyStrand',
      core.hash<ChainId>(),
      tips.map(({ chain }) => [chain, []] as const),
      core.verifyStrand,
    ),
    verifierTarget(world, 'verifySteps', core.stepsContentCodec, [[message, []]], verify),
    verifierTarget(
      world,
      'verifyMachineSignatures',
      core.machineContentCodec,
      [[content, leaves]],
      core.verifyMachineSignatures,
    ),
    proofTarget(world, machines),
    fileTarget(world, machines),
  ];
}
