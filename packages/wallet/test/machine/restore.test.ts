import { decodeFileOf, must, verifyMachineFile, type MachineId } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Device } from '../../src/device.ts';
import { exportMachine, joinMachine, openMachine, showMachine, takeSteps, tell } from '../../src/machine/index.ts';
import { HOUR_MS } from '../../../../tests/kit/index.ts';
import { passDate, restoreFrom, save, type Saved } from '../support/restores.ts';
import { addCustomer, makeScene, syncNow, type Scene } from '../support/scene.ts';
import { suite } from '../support/wallets.ts';
import { agree, codeOf, counter, decline, input, MACHINES, propose, stateOf } from './kit.ts';

let scene: Scene;
let alice: Device;
let bob: Device;
let id: MachineId;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice } = await addCustomer(scene, 'alice'));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  const opened = must(
    await openMachine(alice, {
      port: counter,
      parties: [bob.account],
      params: new Uint8Array(0),
      rules: { expiryMs: HOUR_MS, maxSteps: 0 },
    }),
  );
  id = opened.relationship;
  must(await joinMachine(bob, opened.message, MACHINES));
  await syncNow(alice);
});

const add = async (by: Device, value: number) => propose(by, id, { operation: 'add', input: input(value) }, MACHINES);

/** A step of this device that the other agrees with. */
async function addBoth(by: Device, other: Device, value: number): Promise<void> {
  const { step, message } = must(await add(by, value));
  must(await takeSteps(other, message, MACHINES));
  must(await takeSteps(by, must(await agree(other, id, step, MACHINES)).message, MACHINES));
}

const hear = async (to: Device, from: Device) => takeSteps(to, must(await tell(from, id, to.account)), MACHINES);

/** The device that comes back and has waited. */
async function again(saved: Saved): Promise<Device> {
  const device = await restoreFrom(scene.world, scene.directory.transport, saved);
  expect(codeOf(await add(device, 1))).toBe('E_TOO_EARLY WAL-34');
  await passDate(scene.world, device);
  await syncNow(device);
  return device;
}

describe('MCH-16: a restored device', () => {
  test('learns what it has forgotten, and goes on in a new strand', async () => {
    await addBoth(alice, bob, 1);
    const saved = await save(alice);
    await addBoth(alice, bob, 2);
    const lost = (await showMachine(alice, id)) as { value: { step: Uint8Array } };
    const restored = await again(saved);
    expect(await stateOf(restored, id)).toBe(1);
    // It tells how little it has, and hears the rest.
    must(await hear(bob, restored));
    expect(must(await hear(restored, bob))).toMatchObject({ number: 2, isNew: true });
    expect(must(await showMachine(restored, id)).step).toEqual(lost.value.step);
    await addBoth(restored, bob, 4);
    expect([await stateOf(restored, id), await stateOf(bob, id)]).toEqual([7, 7]);
    await addBoth(bob, restored, 8);
    const { network } = scene.world.net;
    for (const device of [restored, bob]) {
      const file = must(await exportMachine(device, id));
      expect(must(await verifyMachineFile(suite, network, file, MACHINES))).toMatchObject({
        number: 4,
        state: input(15),
      });
    }
    const { content } = must(decodeFileOf(suite, 'steps', must(await tell(restored, id))));
    expect(content.holds).toHaveLength(3);
  });

  test('signs at later places than what it hears that it has signed', async () => {
    await addBoth(alice, bob, 1);
    const saved = await save(alice);
    const { step, message } = must(await add(alice, 2));
    must(await takeSteps(bob, message, MACHINES));
    const restored = await again(saved);
    must(await hear(bob, restored));
    must(await hear(restored, bob));
    expect(codeOf(await add(restored, 3))).toBe('E_OPEN MCH-22');
    must(await decline(bob, id, step, MACHINES));
    must(await hear(restored, bob));
    await addBoth(restored, bob, 3);
    expect(await stateOf(bob, id)).toBe(4);
  });

  test('is named when something comes to light that does not fit', async () => {
    await addBoth(alice, bob, 1);
    const saved = await save(alice);
    const { message } = must(await add(alice, 2));
    const restored = await again(saved);
    await addBoth(restored, bob, 3);
    expect(codeOf(await takeSteps(bob, message, MACHINES))).toBe('E_CONFLICT MCH-16');
    expect(await stateOf(bob, id)).toBe(4);
  });
});
