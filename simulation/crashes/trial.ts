/** One play on a copy of a stage: processes that die where they are told to, and the way between them. */
import {
  decodeFailure,
  fail,
  must,
  ok,
  type CryptoSuite,
  type Entropy,
  type Network,
  type Result,
  type Store,
} from '@dsm/core';
import { answer, openNode, type OpenNode } from '@dsm/directory';
import { openWallet, type Device, type DirectoryTransport } from '@dsm/wallet';
import { crashDisk, openDisk, type Disk, type DiskPoint, type Kept } from '../disk/index.ts';
import { seededRandom } from '../world/random.ts';
import { copyStage, diskOf, type Stage } from './stage.ts';
import { makeWatch, type Watch } from './watch.ts';

export const PASSPHRASE = 'correct horse';

const RESTART_MS = 977;

/** A death: at the `point`-th place from the beginning of a step where `who` touches its disk, with what was kept. */
export interface Death {
  readonly who: string;
  readonly step: number;
  readonly point: number;
  readonly kept: Kept;
}

/** What the process of a device gets. */
export interface Ports {
  readonly store: Store;
  readonly suite: CryptoSuite;
  readonly clock: () => number;
  readonly entropy: Entropy;
  readonly transport: DirectoryTransport;
}

interface NodeProcess {
  readonly opened: OpenNode;
  readonly died: Promise<void>;
}

export interface Trial {
  readonly stage: Stage;
  readonly watch: Watch;
  /** Deaths that have happened. */
  readonly deaths: Death[];
  readonly nodes: (NodeProcess | undefined)[];
  /** Called at each point of each disk. */
  onPoint: ((who: string, disk: Disk, point: DiskPoint) => void) | undefined;
  /** Processes begun, so that each has randomness of its own. */
  begun: number;
  /** Settles when a device dies. */
  deviceDied: Promise<string>;
  tellDeath: (who: string) => void;
}

/** How things stand between two steps. */
export interface Moment {
  readonly stage: Stage;
  readonly watch: Watch;
  readonly begun: number;
}

export const firstMoment = (stage: Stage): Moment => ({ stage, watch: makeWatch(), begun: 0 });

/** A copy of everything that goes on. */
export const copyMoment = ({ stage, watch, begun }: Moment): Moment => ({
  stage: copyStage(stage),
  watch: watch.copy(),
  begun,
});

/** On the stage itself, not on a copy. `first`: the nodes begin their lives with it. */
export async function beginTrial(
  { stage, watch, begun }: Moment,
  plan: readonly Death[],
  first = false,
): Promise<Trial> {
  const trial: Trial = {
    stage,
    watch,
    deaths: [],
    nodes: [],
    onPoint: undefined,
    begun,
    deviceDied: Promise.resolve(''),
    tellDeath: () => {},
  };
  for (const index of stage.nodes.keys()) await startNode(trial, index, plan, first ? 'claim' : 'refuse');
  return trial;
}

/** Watches the disk of a process that begins; `tell` hears of its death, after the disk has kept what it keeps. */
function armDisk(trial: Trial, who: string, plan: readonly Death[], tell: () => void): Disk {
  const disk = diskOf(trial.stage, who);
  const own = plan.filter((death) => death.who === who);
  disk.onPoint = (point) => {
    trial.onPoint?.(who, disk, point);
    return own.some((death) => death.point === point.number) ? 'crash' : 'go';
  };
  disk.onCrash = () => {
    const death = own.find(({ point }) => point === disk.points);
    crashDisk(disk, death?.kept);
    if (death) trial.deaths.push(death);
    // Whoever begins again does so later, so that the same draft is not the same state.
    trial.stage.nowMs += RESTART_MS;
    tell();
  };
  return disk;
}

async function startNode(
  trial: Trial,
  nodeIndex: number,
  plan: readonly Death[],
  emptyStore: 'claim' | 'refuse',
): Promise<void> {
  const who = `node ${nodeIndex}`;
  let tell: () => void = () => {};
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const disk = armDisk(trial, who, plan, () => {
    trial.nodes[nodeIndex] = undefined;
    tell();
  });
  const { network, nodeKeys, suite } = trial.stage;
  const secretKey = (nodeKeys[nodeIndex] as (typeof nodeKeys)[number]).secretKey;
  const opened = must(
    await openNode({
      network,
      nodeIndex,
      secretKey,
      store: must(await openDisk(disk)),
      suite: trial.watch.suiteOf(who, suite),
      clock: () => trial.stage.nowMs,
      emptyStore,
    }),
  );
  trial.nodes[nodeIndex] = { opened, died };
}

/** Nodes that died answer again. True if there were any. */
export async function restartNodes(trial: Trial, plan: readonly Death[]): Promise<boolean> {
  let restarted = false;
  for (const index of trial.stage.nodes.keys()) {
    if (trial.nodes[index]) continue;
    await startNode(trial, index, plan, 'refuse');
    restarted = true;
  }
  return restarted;
}

/** The transport of one process: what a dead one asks is never sent. */
function transportOf(trial: Trial, isAlive: () => boolean): DirectoryTransport {
  const unreachable = (node: number) => fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer`);
  return {
    async request(node, path, body): Promise<Result<Uint8Array>> {
      const process = isAlive() ? trial.nodes[node] : undefined;
      if (!process) return unreachable(node);
      const asked = answer(process.opened.node, { method: body === null ? 'GET' : 'POST', path, body });
      const answered = await Promise.race([asked, process.died]);
      if (!answered) return unreachable(node);
      if (answered.status !== 200) return { ok: false, error: must(decodeFailure(answered.body)) };
      trial.watch.answered(node, path, answered.body);
      return ok(answered.body);
    },
  };
}

/** What a step works with: the processes of the devices that it names. */
export interface Session {
  readonly network: Network;
  ports(who: string): Promise<Ports>;
  device(who: string): Promise<Device>;
  /** Time goes on: to this moment, if it is not past. */
  waitUntil(ms: number): void;
  close(): Promise<void>;
}

export function beginSession(trial: Trial, plan: readonly Death[]): Session {
  const life = { alive: true };
  const opened = new Map<string, Ports>();
  trial.deviceDied = new Promise((resolve) => {
    trial.tellDeath = (who) => {
      life.alive = false;
      resolve(who);
    };
  });
  const ports = async (who: string): Promise<Ports> => {
    const known = opened.get(who);
    if (known) return known;
    const disk = armDisk(trial, who, plan, () => trial.tellDeath(who));
    const random = seededRandom((trial.begun += 1)).fork(who);
    const made: Ports = {
      store: must(await openDisk(disk)),
      suite: trial.watch.suiteOf(who, trial.stage.suite),
      clock: () => trial.stage.nowMs,
      entropy: (length) => random.bytes(length),
      transport: transportOf(trial, () => life.alive),
    };
    opened.set(who, made);
    return made;
  };
  return {
    network: trial.stage.network,
    ports,
    async device(who) {
      const { transport, ...rest } = await ports(who);
      return must(await openWallet({ ...rest, transportFor: () => transport, passphrase: PASSPHRASE }));
    },
    waitUntil: (ms) => {
      trial.stage.nowMs = Math.max(trial.stage.nowMs, ms);
    },
    async close() {
      for (const { store } of opened.values()) await store.close();
    },
  };
}

/** All processes that live are killed between two steps: a step ends with its devices. */
export function endSession(trial: Trial): void {
  for (const disk of trial.stage.devices.values()) if (disk.isOpen) crashDisk(disk);
}
