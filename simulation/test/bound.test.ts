/** At most f bad nodes is what everything rests on: with one more there are two Finals, and both show who signed twice. */
import { must, toHex, verifyCertificate, type Certificate } from '@dsm/core';
import { payOnline, type CertifiedPayment } from '@dsm/wallet';
import { itemNames } from '@dsm/core';
import { expect, test } from 'vitest';
import { readItem } from '../../packages/wallet/src/records/item.ts';
import { corruptNode } from '../actors/byzantine.ts';
import { setUp } from '../actors/setup.ts';
import { copyDisk, restoreDisk } from '../disk/disk.ts';
import { runCommand, startDevice, type DeviceSeat } from '../world/device.ts';
import { play, type Stage } from '../world/stage.ts';
import { addDevice } from '../world/world.ts';

async function payFrom({ world }: Stage, seat: DeviceSeat, to: DeviceSeat): Promise<CertifiedPayment | string> {
  const { account } = to;
  const { token } = world;
  if (!account || !token) throw new Error('the beginning is missing');
  const paid = await runCommand(world, seat, 'pay', (device) => payOnline(device, { to: account, token, amount: 70n }));
  if (paid.type === 'crashed') return 'crashed';
  return paid.result.ok ? paid.result.value : paid.result.error.code;
}

interface Outcome {
  readonly payments: readonly (CertifiedPayment | string)[];
  readonly certificates: readonly Certificate[];
  readonly violations: readonly string[];
}

/** Alice and a copy of her pay two people from one slot; each reaches one honest node and all that lie. */
const payTwice = (bad: number): Promise<Outcome> =>
  play({ seed: 4, devices: 4, nodes: 4 }, async (stage) => {
    const { world } = stage;
    await stage.live(() => setUp(world, { devices: 4, acquaintances: 4 }));
    const [, alice, bob, carol] = world.seats;
    if (!alice || !bob || !carol) throw new Error('people are missing');
    const copy = addDevice(world, 'copy of alice');
    restoreDisk(copy.who.disk, copyDisk(alice.who.disk));
    alice.who.honest = false;
    copy.who.honest = false;
    const payments: (CertifiedPayment | string)[] = [];
    const certificates: Certificate[] = [];
    const violations = new Set<string>();
    const progress = { isOver: false };
    const script = async (): Promise<void> => {
      must(await startDevice(world, copy));
      for (const seat of world.nodeSeats.slice(0, bad)) await corruptNode(world, seat, ['eager']);
      for (const [seat, to, cut] of [
        [alice, bob, 'node 3'],
        [copy, carol, 'node 2'],
      ] as const) {
        world.network.groups = [new Set([cut])];
        const paid = await payFrom(stage, seat, to);
        payments.push(paid);
        if (typeof paid === 'string' || !seat.device) continue;
        const item = await readItem(seat.device, itemNames.certificate(paid.chain, paid.index));
        if (item?.type === 'certificate') certificates.push(item.certificate);
      }
      progress.isOver = true;
    };
    void script();
    world.scheduler.after(0, 'it begins', () => {});
    // A complaint ends nothing here: both certificates are wanted.
    for (let tries = 0; !progress.isOver && tries < 100; tries++) {
      await stage.until(() => progress.isOver);
      if (stage.violation) violations.add(stage.violation.check);
      stage.violation = undefined;
    }
    for (const certificate of certificates) {
      expect(verifyCertificate({ suite: world.suite, network: world.facts }, certificate).ok).toBe(true);
    }
    return { payments, certificates, violations: [...violations] };
  });

test('with f bad nodes one of two payments of one slot is certified, not both', async () => {
  const { payments, certificates, violations } = await payTwice(1);
  expect(payments.filter((payment) => typeof payment !== 'string')).toHaveLength(1);
  expect(certificates).toHaveLength(1);
  expect(violations).toEqual([]);
});

test('with f + 1 bad nodes both are, the check sees it, and the two certificates name who lied', async () => {
  const { certificates, violations } = await payTwice(2);
  expect(violations).toContain('one Final');
  const [one, other] = certificates;
  if (!one || !other) throw new Error('two certificates were expected');
  expect([one.index, toHex(one.chain)]).toEqual([other.index, toHex(other.chain)]);
  expect(toHex(one.hash)).not.toBe(toHex(other.hash));
  const signers = ({ receipts }: Certificate): number[] => receipts.map(({ node }) => node);
  expect(signers(one).filter((node) => signers(other).includes(node))).toEqual([0, 1]);
});
