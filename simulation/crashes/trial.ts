/** One attempt on a copy of a stage: a process that dies where it is told to, and the way between processes. */
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
import { contentOf, crashDisk, diskAfter, openDisk, type Disk, type DiskPoint, type Kept } from '../disk/index.ts';
import { seededRandom } from '../world/random.ts';
import { copyStage, diskOf, type Stage } from './stage.ts';
import { makeWatch, type Watch } from './watch.ts';

export const PASSPHRASE = 'correct horse';

const RESTART_MS = 977;

/** A death: at the `point`-th place of an attempt at a step where `who` touches its disk, with what was kept. */
export interface Death {
  readonly who: string;
  readonly step: number;
  readonly point: number;
  readonly kept: Kept;
  /** What a device was asking is lost with it; otherwise the nodes hear it. Nothing was asked: absent. */
  readonly asking?: 'lost' | 'heard';
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
  /** What is to happen in this attempt. */
  readonly death: Death | undefined;
  hasHappened: boolean;
  readonly nodes: (NodeProcess | undefined)[];
  /** Called at each point of each disk. */
  onPoint: PointHook | undefined;
  /** Requests that nodes have not answered yet. */
  asking: number;
  /** Settles when a device dies. */
  deviceDied: Promise<string>;
  tellDeath: (who: string) => void;
}

export type PointHook = (trial: Trial, who: string, disk: Disk, point: DiskPoint) => void;

/** How things stand while nobody does anything. */
export interface Moment {
  readonly stage: Stage;
  readonly watch: Watch;
}

export const firstMoment = (stage: Stage): Moment => ({ stage, watch: makeWatch() });

/** A copy of everything that goes on. */
export const copyMoment = ({ stage, watch }: Moment): Moment => ({ stage: copyStage(stage), watch: watch.copy() });

/** As a crash of this participant leaves it; what nodes have not answered is lost. */
export function momentAfter({ stage, watch }: Moment, who: string, kept: Kept): Moment {
  const after = copyStage(stage);
  after.devices.set(who, diskAfter(diskOf(stage, who), kept));
  // Whoever begins again does so later, so that the same draft is not the same state.
  after.nowMs += RESTART_MS;
  return { stage: after, watch: watch.copy() };
}

export interface TrialOptions {
  readonly death?: Death | undefined;
  readonly onPoint?: PointHook | undefined;
  /** The nodes begin their lives with it. */
  readonly isFirst?: boolean;
}

/** On the stage itself, not on a copy. */
export async function beginTrial(
  { stage, watch }: Moment,
  { death, onPoint, isFirst = false }: TrialOptions = {},
): Promise<Trial> {
  const trial: Trial = {
    stage,
    watch,
    death,
    hasHappened: false,
    nodes: [],
    onPoint,
    asking: 0,
    deviceDied: Promise.resolve(''),
    tellDeath: () => {},
  };
  for (const index of stage.nodes.keys()) await startNode(trial, index, isFirst ? 'claim' : 'refuse');
  return trial;
}

/** Watches the disk of a process that begins; `tell` hears of its death, after the disk has kept what it keeps. */
function armDisk(trial: Trial, who: string, tell: () => void): Disk {
  const disk = diskOf(trial.stage, who);
  const death = trial.death?.who === who ? trial.death : undefined;
  disk.onPoint = (point) => {
    trial.onPoint?.(trial, who, disk, point);
    return death?.point === point.number ? 'crash' : 'go';
  };
  disk.onCrash = () => {
    crashDisk(disk, death?.kept);
    trial.hasHappened = true;
    trial.stage.nowMs += RESTART_MS;
    tell();
  };
  return disk;
}

async function startNode(trial: Trial, nodeIndex: number, emptyStore: 'claim' | 'refuse'): Promise<void> {
  const who = `node ${nodeIndex}`;
  let tell: () => void = () => {};
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const disk = armDisk(trial, who, () => {
    trial.nodes[nodeIndex] = undefined;
    tell();
  });
  const { network, nodeKeys, suite } = trial.stage;
  const secretKey = (nodeKeys[nodeIndex] as (typeof nodeKeys)[number]).secretKey;
  const opening = openNode({
    network,
    nodeIndex,
    secretKey,
    store: must(await openDisk(disk)),
    suite: trial.watch.suiteOf(who, suite),
    clock: () => trial.stage.nowMs,
    emptyStore,
  });
  const opened = await Promise.race([opening, died]);
  // It may die before it answers anybody.
  if (opened) trial.nodes[nodeIndex] = { opened: must(opened), died };
}

/** The transport of one process: what a dead one asks is never sent. */
function transportOf(trial: Trial, away: ReadonlySet<number>, isAlive: () => boolean): DirectoryTransport {
  const unreachable = (node: number) => fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer`);
  return {
    async request(node, path, body): Promise<Result<Uint8Array>> {
      const process = isAlive() && !away.has(node) ? trial.nodes[node] : undefined;
      if (!process) return unreachable(node);
      const asked = answer(process.opened.node, { method: body === null ? 'GET' : 'POST', path, body });
      trial.asking += 1;
      const answered = await Promise.race([asked, process.died]);
      trial.asking -= 1;
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
  /** Nodes that nobody reaches until the session ends. */
  readonly away: Set<number>;
  /** Time goes on: to this moment, if it is not past. */
  waitUntil(ms: number): void;
  /** So long, without waiting. */
  readonly wait: (ms: number) => Promise<void>;
  close(): Promise<void>;
}

export function beginSession(trial: Trial): Session {
  const away = new Set<number>();
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
    const disk = armDisk(trial, who, () => trial.tellDeath(who));
    // The same to every process that finds the same at the same time: what was played once need not be played again.
    const random = seededRandom(1).fork(`${who} ${trial.stage.nowMs} ${contentOf(disk)}`);
    const made: Ports = {
      store: must(await openDisk(disk)),
      suite: trial.watch.suiteOf(who, trial.stage.suite),
      clock: () => trial.stage.nowMs,
      entropy: (length) => random.bytes(length),
      transport: transportOf(trial, away, () => life.alive),
    };
    opened.set(who, made);
    return made;
  };
  const waitUntil = (ms: number): void => {
    trial.stage.nowMs = Math.max(trial.stage.nowMs, ms);
  };
  return {
    network: trial.stage.network,
    ports,
    away,
    async device(who) {
      const { transport, ...rest } = await ports(who);
      return must(await openWallet({ ...rest, transportFor: () => transport, passphrase: PASSPHRASE }));
    },
    waitUntil,
    wait: async (ms) => waitUntil(trial.stage.nowMs + ms),
    async close() {
      for (const { store } of opened.values()) await store.close();
    },
  };
}

/** All processes that live are killed between two steps: a step ends with its devices. */
export function endSession(trial: Trial): void {
  for (const disk of trial.stage.devices.values()) if (disk.isOpen) crashDisk(disk);
}

/** What the nodes were asked when a device died is done or refused. */
export async function settle(trial: Trial): Promise<void> {
  // Behind the last answer there are batches of others, and their turn.
  for (let quiet = 0; quiet < 3; quiet = trial.asking === 0 ? quiet + 1 : 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * The same for moments that cannot be told apart by anybody who begins then, but for the time. `of`: the disk of this
 * participant holds something else.
 */
export const contentOfMoment = ({ stage }: Moment, of?: string, content = ''): string =>
  [
    ...stage.nodes.map((disk, index) => [`node ${index}`, disk] as const),
    ...[...stage.devices].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]
    .map(([name, disk]) => `${name} ${name === of ? content : contentOf(disk)}`)
    .join('\n');
