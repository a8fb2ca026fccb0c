/** A world: nodes, wallets, the network between them, and everything that happened, from one seed. */
import {
  openNetwork,
  must,
  type ChainId,
  type KeyPair,
  type Network as NetworkFacts,
  type NetworkDescription,
  type Result,
  type TokenId,
} from '@dsm/core';
import type { SyncReport } from '@dsm/wallet';
import type { Fact } from './facts.ts';
import { startDevice, type DeviceSeat, type DeviceWorld } from './device.ts';
import { createNetwork } from './network.ts';
import { startNode, type NodeSeat, type NodeWorld } from './node.ts';
import { createParticipant, type Participant } from './participant.ts';
import { seededRandom, type Random } from './random.ts';
import { createScheduler } from './scheduler.ts';
import { standInSuite } from './suite.ts';
import type { CryptoSuite } from '@dsm/core';

export const START_MS = 1_800_000_000_000;

export interface WorldOptions {
  readonly seed: number;
  readonly devices: number;
  /** n; f is a third of it, rounded down. */
  readonly nodes: number;
  /** The suite that signs; the stand-in by default. */
  readonly suite?: CryptoSuite;
  /** Times of the network. */
  readonly times?: Partial<NetworkDescription>;
}

export interface Debit {
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
  readonly token: TokenId;
  readonly amount: bigint;
}

export interface StoryLine {
  readonly event: number;
  readonly atMs: number;
  /** The decision of the plan that it belongs to. */
  readonly decision: number | undefined;
  readonly text: string;
}

export interface World extends DeviceWorld, NodeWorld {
  readonly seed: number;
  readonly random: Random;
  readonly facts: NetworkFacts;
  readonly seats: DeviceSeat[];
  readonly nodeSeats: NodeSeat[];
  readonly faults: Map<string, number>;
  readonly story: StoryLine[];
  /** What was posted to nodes lately: material of forgers. */
  readonly sent: (readonly [string, Uint8Array])[];
  /** How commands ended. */
  readonly told: Map<string, number>;
  /** Facts that the checks have not seen yet. */
  pending: Fact[];
  /** Events so far. */
  events: number;
  token: TokenId | undefined;
  /** Final debits: material of those who would credit them again. */
  debits: readonly Debit[];
  /** Backups by name of the device, and the seed behind the words. */
  readonly backups: Map<string, { readonly file: Uint8Array; readonly seed: Uint8Array }>;
  /** When the last syncs began, after the end of the faults. */
  readonly exchanges: number[];
  /** When each device synced after that. */
  readonly synced: Map<string, readonly { readonly fromMs: number; readonly toMs: number }[]>;
  /** How the last sync of each device ended, after the end of the faults. */
  readonly lastSyncs: Map<string, Result<SyncReport> | undefined>;
  /** Things that each device may have had to finish when faults stopped. */
  readonly work: Map<string, number>;
  /** Times at which something ends. */
  moments: number[];
  /** Factor of the time that reservations last. */
  lasting: number;
  /** After the end of the faults nothing fails any more. */
  calm: boolean;
  say(text: string, decision?: number): void;
}

/** Short times, so that a run meets the ends of all windows; related as those of a real network are. */
export const TIMES = {
  deltaMs: 2_000,
  gapMs: 10_000,
  marginMs: 60_000,
  settleMs: 600_000,
  roundMs: 1_000,
} as const;

export function createWorld(options: WorldOptions): World {
  const random = seededRandom(options.seed);
  const scheduler = createScheduler(START_MS);
  const suite = options.suite ?? standInSuite();
  const keys = Array.from({ length: options.nodes }, (_, i) =>
    suite.signatureKeyPair('ml-dsa-44', suite.hash('simulated-seed', Uint8Array.of(i, options.seed & 255))),
  );
  const description: NetworkDescription = {
    version: 1,
    name: 'simulated',
    faults: Math.floor((options.nodes - 1) / 3),
    nodes: keys.map(({ publicKey }) => publicKey),
    partitions: [],
    ...TIMES,
    ...options.times,
  };
  const facts = must(openNetwork(suite, description));
  const world: World = {
    seed: options.seed,
    random,
    scheduler,
    suite,
    description,
    facts,
    network: createNetwork(),
    seats: [],
    nodeSeats: [],
    faults: new Map(),
    story: [],
    sent: [],
    told: new Map(),
    pending: [],
    events: 0,
    token: undefined,
    debits: [],
    backups: new Map(),
    exchanges: [],
    synced: new Map(),
    lastSyncs: new Map(),
    work: new Map(),
    moments: [],
    lasting: 1,
    calm: true,
    note: (fact) => void world.pending.push(fact),
    count: (fault) => void world.faults.set(fault, (world.faults.get(fault) ?? 0) + 1),
    died: (who) => {
      world.say(`${who.name} crashes at a write`);
      restartLater(world, who, who.random.between(10, 20_000));
    },
    say: (text, decision) =>
      void world.story.push({ event: world.events, atMs: scheduler.nowMs() - START_MS, decision, text }),
  };
  keys.forEach((key, index) => addNode(world, index, key));
  return world;
}

function addNode(world: World, index: number, key: KeyPair): void {
  const who = createParticipant(`node ${index}`, 'node', world.random);
  world.nodeSeats.push({ who, index, key, hasRun: false });
  world.network.nodeNames[index] = who.name;
}

export function addDevice(world: World, name: string): DeviceSeat {
  const who = createParticipant(name, 'device', world.random);
  const seat: DeviceSeat = { who, device: undefined, account: undefined, busy: Promise.resolve(), waiting: 0 };
  world.seats.push(seat);
  return seat;
}

export const seatOf = (world: World, account: ChainId): DeviceSeat | undefined =>
  world.seats.find((seat) => seat.account !== undefined && Buffer.compare(seat.account, account) === 0);

export async function restartNode(world: World, seat: NodeSeat): Promise<void> {
  if (seat.who.process || seat.who.lost) return;
  const port = await startNode(world, seat);
  if (port) world.network.nodes[seat.index] = port;
  else if (!seat.who.lost) restartLater(world, seat.who, 1_000);
  world.say(port ? `${seat.who.name} runs` : `${seat.who.name} refuses to run`);
}

export async function restartDevice(world: World, seat: DeviceSeat): Promise<void> {
  if (seat.who.process || seat.who.lost) return;
  seat.device = undefined;
  const started = await startDevice(world, seat);
  if (!started.ok && !seat.who.lost) restartLater(world, seat.who, 1_000);
  world.say(started.ok ? `${seat.who.name} runs` : `${seat.who.name} cannot be opened: ${started.error.code}`);
}

export function restartLater(world: World, who: Participant, delayMs: number): void {
  world.scheduler.after(delayMs, `${who.name} starts`, () => void restart(world, who));
}

function restart(world: World, who: Participant): Promise<void> | undefined {
  const node = world.nodeSeats.find((seat) => seat.who === who);
  if (node) return restartNode(world, node);
  const device = world.seats.find((seat) => seat.who === who);
  return device && restartDevice(world, device);
}
