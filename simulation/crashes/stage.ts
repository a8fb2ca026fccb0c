/** What lasts: the disks of four nodes and of some devices, the keys of the nodes, the time. A run plays on copies. */
import { must, openNetwork, type CryptoSuite, type KeyPair, type Network, type NetworkDescription } from '@dsm/core';
import { copyDisk, createDisk, type Disk } from '../disk/index.ts';
import { seededRandom } from '../world/random.ts';
import { standInSuite } from '../world/suite.ts';

export const START_MS = 1_800_000_000_000;
export const DAY_MS = 86_400_000;

export interface Stage {
  readonly suite: CryptoSuite;
  readonly network: Network;
  readonly nodeKeys: readonly KeyPair[];
  nowMs: number;
  readonly nodes: readonly Disk[];
  readonly devices: Map<string, Disk>;
}

const NODES = 4;

export function makeStage(): Stage {
  const suite = standInSuite();
  const random = seededRandom(1);
  const nodeKeys = Array.from({ length: NODES }, () => suite.signatureKeyPair('ml-dsa-44', random.bytes(32)));
  const description: NetworkDescription = {
    version: 1,
    name: 'crashes',
    faults: 1,
    nodes: nodeKeys.map(({ publicKey }) => publicKey),
    deltaMs: 10_000,
    gapMs: 60_000,
    marginMs: 3_600_000,
    settleMs: DAY_MS,
    roundMs: 5_000,
    partitions: [],
  };
  return {
    suite,
    network: must(openNetwork(suite, description)),
    nodeKeys,
    nowMs: START_MS,
    nodes: nodeKeys.map(() => createDisk()),
    devices: new Map(),
  };
}

/** Disks of its own, which count their points from 0. */
export const copyStage = (stage: Stage): Stage => ({
  ...stage,
  nodes: stage.nodes.map(copyDisk),
  devices: new Map([...stage.devices].map(([name, disk]) => [name, copyDisk(disk)])),
});

/** The disk of a device or of `node 0` and so on; that of a new device is empty. */
export function diskOf(stage: Stage, who: string): Disk {
  const node = /^node (\d)$/.exec(who);
  const known = node ? stage.nodes[Number(node[1])] : stage.devices.get(who);
  if (known) return known;
  const disk = createDisk();
  stage.devices.set(who, disk);
  return disk;
}

export const disksOf = ({ nodes, devices }: Stage): Disk[] => [...nodes, ...devices.values()];
