/** Nothing that reads what others wrote is left out of the fuzzer. */
import * as core from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeWorld } from '../seeds/world.ts';
import { attempt } from '../attempt.ts';
import { EXEMPT, isReader } from '../targets/faces.ts';
import { allTargets } from '../targets/table.ts';

const targets = await allTargets(makeWorld());
const names = new Set(targets.map(({ name }) => name));
const readers = Object.entries(core)
  .filter(([name, value]) => isReader(name, value))
  .map(([name]) => name);

describe('the table of targets', () => {
  test('has every codec, decoder and verifier that core exports', () => {
    expect(readers.length).toBeGreaterThan(80);
    expect(readers.filter((name) => !names.has(name) && !Object.hasOwn(EXEMPT, name))).toEqual([]);
  });

  test('makes no exemption for what is in it, or is not there', () => {
    expect(Object.keys(EXEMPT).filter((name) => names.has(name) || !readers.includes(name))).toEqual([]);
  });

  test('has each name once', () => {
    expect(names.size).toBe(targets.length);
  });

  test('has, of the node and of the devices, every way in', () => {
    const beside = [...names].filter((name) => name.startsWith('node.') || name.startsWith('wallet.'));
    expect(beside.toSorted()).toEqual([
      'node.final',
      'node.lock',
      'node.propose',
      'node.publish',
      'node.questions',
      'node.start',
      'node.submit',
      'node.vote',
      'wallet.accept',
      'wallet.addContact',
      'wallet.commit',
      'wallet.importEvidence',
      'wallet.joinMachine',
      'wallet.parseAmount',
      'wallet.receive',
      'wallet.restoreSealed',
      'wallet.restoreWallet',
      'wallet.submitFile',
      'wallet.takeAck',
      'wallet.takeSteps',
    ]);
  });

  test('has a genuine input for each that is accepted', async () => {
    const without: string[] = [];
    for (const target of targets) {
      let accepted = false;
      for (const seed of target.seeds) {
        const { broken, outcome } = await attempt(target, seed);
        expect(broken, target.name).toBeUndefined();
        accepted ||= outcome?.accepted === true;
      }
      if (!accepted) without.push(target.name);
    }
    // A claim is carried to nodes, and here none answers.
    expect(without).toEqual(['wallet.submitFile']);
  });
});
