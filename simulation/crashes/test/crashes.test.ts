import { encodeItem, must, type Result } from '@dsm/core';
import { payOnline } from '@dsm/wallet';
import { describe, expect, test } from 'vitest';
import { enumerateCrashes } from '../enumerate.ts';
import type { Answer, Workload } from '../play.ts';
import { accountOf, answered, by, makeScene, meal, nothing } from '../scene.ts';
import { WORKLOADS } from '../workloads.ts';

const named = (name: string): Workload => {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (!found) throw new Error(`no workload ${name}`);
  return found;
};

const alone = (name: string, run: Parameters<typeof by>[2]): Workload => ({
  name,
  what: name,
  crashing: ['alice'],
  devices: ['canteen', 'alice', 'till'],
  prepare: async () => ({ stage: await makeScene(), steps: [by('alice', name, run)] }),
});

const whatOf = async (workload: Workload): Promise<string> => {
  const { violations } = await enumerateCrashes(workload, { twice: false });
  return violations.map(({ what }) => what).join('\n');
};

describe('crash enumeration', () => {
  test('there are at least ten workloads, each with a name of its own', () => {
    expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length);
    expect(WORKLOADS.length).toBeGreaterThanOrEqual(10);
  });

  test.each(['init', 'online'])('of %s: every crash and every second one is survived', async (name) => {
    const { figures, violations } = await enumerateCrashes(named(name));
    expect(violations).toEqual([]);
    // Each commit is lost or there; after each death again, where that is not what a first one left.
    expect(figures.once).toBeGreaterThanOrEqual(4);
    expect(figures.twice).toBeGreaterThanOrEqual(3);
    expect(figures.disks).toBeGreaterThan(figures.points);
  });

  test('says when there is more than was played', async () => {
    const { figures, violations, isCutShort } = await enumerateCrashes(named('init'), { isOver: () => true });
    expect([isCutShort, violations, figures.once]).toEqual([true, [], 0]);
  });

  test('finds a step that is done twice when it is repeated', async () => {
    const careless = alone('pays without looking', async (device): Promise<Result<Answer>> => {
      const to = await accountOf(device, 'till');
      return answered(await payOnline(device, { to, token: await meal(device), amount: 5n }));
    });
    expect(await whatOf(careless)).toContain('it ends differently');
  });

  test('finds an answer that is another one when it is repeated, and a step that fails then', async () => {
    const changing = alone('answers chance', async (device, _, session) => {
      const { store } = await session.ports('alice');
      must(await store.commit([{ collection: 'x', key: new Uint8Array(1), put: new Uint8Array(1) }]));
      return { ok: true, value: { bytes: device.entropy(8) } };
    });
    expect(await whatOf(changing)).toContain('answers something else when it is repeated');
    const once = alone('refuses to be repeated', async (_, __, session) => {
      const { store } = await session.ports('alice');
      const key = new Uint8Array(1);
      const done = await store.commit([{ collection: 'x', key, put: key }], [{ collection: 'x', key, is: 'absent' }]);
      return done.ok ? nothing : done;
    });
    expect(await whatOf(once)).toContain('E_CONFLICT');
  });

  test('finds a place that is signed anew although what was on the disk is the same as before', async () => {
    const anew = alone('signs before it writes', async (device, _, session) => {
      const { suite, store, clock } = await session.ports('alice');
      const hash = suite.hash('state', encodeItem([clock()]));
      suite.sign(device.key.secretKey, 'state', encodeItem([device.network.id, device.account, 9, 9, hash]));
      const key = new Uint8Array(1);
      const done = await store.get('x', key);
      return done ? nothing : answered(await store.commit([{ collection: 'x', key, put: key }]));
    });
    expect(await whatOf(anew)).toContain('alice signed two states');
  });

  test('finds a device that signs two states for one place', async () => {
    const twice = alone('signs without writing', async (device, _, session) => {
      const { suite, store } = await session.ports('alice');
      const message = encodeItem([device.network.id, device.account, 9, 9, device.entropy(32)]);
      suite.sign(device.key.secretKey, 'state', message);
      return answered(await store.commit([{ collection: 'x', key: new Uint8Array(1), put: new Uint8Array(1) }]));
    });
    expect(await whatOf(twice)).toContain('alice signed two states');
  });
});
