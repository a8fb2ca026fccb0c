import {
  encodeFile,
  stepHash,
  verifyMachine,
  verifyMachineFile,
  verifyMachineSignatures,
  verifySteps,
  type BundleItem,
  type MachineContent,
  type StepRecord,
  type StepsContent,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { contextOf, entry, makeNetwork, makeDevice, seed, takeStep, windowNow } from '../../../../tests/kit/index.ts';
import { bundleContext } from '../support/exchange.ts';
import { makeMachineFiles, shownLeaves } from '../support/machine-files.ts';
import { counter, input, MACHINES, turns } from '../support/machines.ts';
import { codeOf, expectOk, flipByte } from '../support/results.ts';
import { beginStrand } from '../support/strands.ts';

const net = makeNetwork();
const { suite, network } = net;
const { terms, message, content, strands, devices, machine } = makeMachineFiles(net, 3);
const own = strands.flatMap((strand) => shownLeaves(net, strand));
const steps = message.steps;
const first = entry(steps, 0);

const context = bundleContext(net, machine.items);

describe('MCH-12: a message without the code of the machine', () => {
  const verify = (changes: Partial<StepsContent>, items: readonly BundleItem[] = []): string =>
    codeOf(verifySteps(contextOf(net, items), { ...message, ...changes }));

  test('has the terms, signed strands and every step that they sign', () => {
    expect(expectOk(verifySteps(contextOf(net), message))).toBe(8);
    expect(verify({ terms: null })).toBe('E_INCOMPLETE MCH-12');
    expect(verify({ terms: { ...terms, nonce: new Uint8Array(16) } })).toBe('E_MISMATCH MCH-1');
    expect(verify({ steps: steps.slice(1) })).toBe('E_INCOMPLETE MCH-12');
    expect(verify({ strands: [...message.strands, entry(message.strands, 0)] })).toBe('E_SURPLUS MCH-12');
    expect(verify({ steps: [...steps, first] })).toBe('E_SURPLUS MCH-12');
    expect(verify({ steps: [...steps, { ...first, attempt: 1 }] })).toBe('E_SURPLUS MCH-12');
    expect(verify({ steps: steps.with(0, { ...first, relationship: seed('x') as never }) })).toBe('E_MISMATCH MCH-12');
  });

  test('an invitation has no strand yet', () => {
    expect(verify({ strands: [], steps: [] })).toBe('ok');
  });

  test('MCH-2: no strand of another relationship or of somebody else', () => {
    const operation = { type: 'decline', window: windowNow(net), number: 1, attempt: 0 } as const;
    const write = (device: (typeof devices)[number], relationship: StepsContent['relationship']): string => {
      const strand = beginStrand(net, relationship, device);
      return verify({ strands: [takeStep(net, strand, device.key, { kind: 'strand', operation }).hash] });
    };
    expect(write(entry(devices, 0), seed('x') as never)).toBe('E_MISMATCH MCH-2');
    expect(write(makeDevice(net, 'eve'), message.relationship)).toBe('E_MISMATCH MCH-2');
  });
});

describe('MCH-15: what a third party is shown', () => {
  const signatures = (changes: Partial<MachineContent>, items: readonly BundleItem[] = own): string =>
    codeOf(verifyMachineSignatures(contextOf(net, items), { ...content, ...changes }));
  const [one, other] = content.strands as readonly [MachineContent['strands'][0], MachineContent['strands'][0]];

  test('proves the state with the code of the machine', async () => {
    const found = expectOk(await verifyMachineFile(suite, network, machine.bytes, MACHINES));
    const { relationship } = message;
    expect(found).toMatchObject({ relationship, machine: 'counter', version: 1, number: 3, grade: 'agreed' });
    expect([found.state, found.parties]).toEqual([input(3), terms.parties]);
  });

  test('every byte counts', async () => {
    for (let at = 0; at < machine.bytes.length; at += 211) {
      const found = await verifyMachineFile(suite, network, flipByte(machine.bytes, at), MACHINES);
      expect(found.ok, `byte ${at}`).toBe(false);
    }
    const surplus = [...machine.items, ...makeDevice(net, 'eve').card];
    const bytes = encodeFile(suite, 'machine', content, surplus);
    expect(codeOf(await verifyMachineFile(suite, network, bytes, MACHINES))).toBe('E_SURPLUS BND-3');
  });

  test('MCH-10: says nothing about other code', async () => {
    const with_ = async (machines: Parameters<typeof verifyMachine>[2]) =>
      codeOf(await verifyMachine(context, content, machines));
    expect(await with_([turns])).toBe('E_CODE MCH-10');
    expect(await with_([{ ...counter, code: seed('x') }])).toBe('E_CODE MCH-10');
    expect(
      await with_([
        { ...counter, apply: (state) => counter.apply(state, { ...first, operation: 'none', parties: 2 }) },
      ]),
    ).toBe('E_REFUSED RUN-1');
  });

  test('MCH-6: needs all who had to sign', async () => {
    const alone = { ...content, strands: [one] };
    expect(codeOf(await verifyMachine(contextOf(net, own), alone, MACHINES))).toBe('E_SIGNATURE MCH-6');
    expect(signatures({ strands: [one] })).toBe('ok');
  });

  test('the history is one line from the first step on', () => {
    expect(signatures({ steps: steps.slice(1) })).toBe('E_STEP MCH-4');
    expect(signatures({ steps: steps.with(0, { ...first, relationship: seed('x') as never }) })).toBe(
      'E_MISMATCH MCH-15',
    );
    expect(signatures({ steps: steps.slice(0, 2) })).toBe('E_STEP MCH-15');
  });

  test('steps beside it lead down to it, each once and each needed', () => {
    const last = entry(steps, -1);
    expect(signatures({ steps: steps.slice(0, 2), beside: [last] })).toBe('ok');
    expect(signatures({ beside: [{ ...last, attempt: 1 }] })).toBe('E_SURPLUS MCH-15');
    expect(signatures({ steps: steps.slice(0, 2), beside: [last, last] })).toBe('E_SURPLUS MCH-15');
    const [a, b] = steps as readonly [StepRecord, StepRecord];
    expect(signatures({ steps: [{ ...a, attempt: 1 }], beside: [b, last] })).toBe('E_STEP MCH-15');
    expect(stepHash(suite, a)).toEqual(b.prev);
  });

  test('one state of each party', () => {
    expect(signatures({ strands: [one, one] })).toBe('E_SURPLUS MCH-15');
    expect(signatures({ strands: [one, other] })).toBe('ok');
  });

  test('each under its own signature, with nothing but the two leaves', () => {
    expect(signatures({}, [])).toBe('E_INCOMPLETE BND-2');
    const whole = strands.map(({ tree }): BundleItem => ({ type: 'witness', tree }));
    expect(signatures({}, whole)).toBe('E_SURPLUS CHN-10');
    const swapped = machine.items.flatMap((item): BundleItem[] =>
      item.type === 'signature' && item.purpose === 'state'
        ? [{ ...item, signature: flipByte(item.signature, 7) }]
        : [],
    );
    expect(signatures({}, [...own, ...swapped])).toBe('E_SIGNATURE CHN-12');
  });
});
