/** The way between devices and nodes: requests and answers take their time, get lost, come twice, or are cut off. */
import { decodeFailure, fail, type Result } from '@dsm/core';
import type { DirectoryTransport } from '@dsm/wallet';
import { whileAlive, type Participant, type Process } from './participant.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Weather {
  /** Of requests and of answers, each. */
  loss: number;
  duplicate: number;
  minMs: number;
  maxMs: number;
}

export const CALM: Weather = { loss: 0, duplicate: 0, minMs: 1, maxMs: 5 };

export interface NodeAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** A node as the network reaches it; undefined: nobody answers. */
export type NodePort = (
  from: Participant,
  path: string,
  body: Uint8Array | null,
) => Promise<NodeAnswer | undefined> | undefined;

export interface Network {
  weather: Weather;
  /** Names of participants that reach nobody but those in the same set; who is in none reaches everybody in none. */
  groups: readonly ReadonlySet<string>[];
  /** Extra one-way delay of a participant. */
  readonly distanceMs: Map<string, number>;
  readonly nodes: NodePort[];
  readonly nodeNames: string[];
  /** Requests of each participant. */
  readonly asked: Map<string, number>;
}

export const createNetwork = (): Network => ({
  weather: { ...CALM },
  groups: [],
  distanceMs: new Map(),
  nodes: [],
  nodeNames: [],
  asked: new Map(),
});

const groupOf = (network: Network, name: string): number => network.groups.findIndex((group) => group.has(name));

export const isCut = (network: Network, one: string, other: string): boolean =>
  groupOf(network, one) !== groupOf(network, other);

const KEPT_REQUESTS = 256;
const TIMEOUT_MS = 10_000;

interface Sending {
  /** What was posted lately. */
  readonly sent: (readonly [string, Uint8Array])[];
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly count: (fault: string) => void;
}

/** Milliseconds of one way; the tail is long, so that messages overtake each other. */
function delayOf({ weather, distanceMs }: Network, who: Participant, random: Random): number {
  const base = random.between(weather.minMs, weather.maxMs);
  const late = random.chance(0.05) ? base * 4 : base;
  return late + (distanceMs.get(who.name) ?? 0);
}

/** The transport of one process. */
export function transportOf(world: Sending, process: Process): DirectoryTransport {
  const { network, scheduler, count, sent } = world;
  const { who } = process;
  const { random } = who;
  const deliver = (node: number, path: string, body: Uint8Array | null, answer: (value: NodeAnswer) => void): void => {
    const name = network.nodeNames[node] ?? '';
    if (body) sent.push([path, body]);
    if (sent.length > KEPT_REQUESTS) sent.splice(0, KEPT_REQUESTS / 2);
    const goBack = (answered: NodeAnswer): void => {
      if (isCut(network, who.name, name)) return count('cut off');
      if (random.chance(network.weather.loss)) return count('answer lost');
      scheduler.after(delayOf(network, who, random), `${name} answers ${who.name} ${path}`, () => answer(answered));
    };
    if (isCut(network, who.name, name)) return count('cut off');
    if (random.chance(network.weather.loss)) return count('request lost');
    scheduler.after(delayOf(network, who, random), `${who.name} asks ${name} ${path}`, () => {
      const handled = network.nodes[node]?.(who, path, body);
      void handled?.then((answered) => answered && goBack(answered));
    });
  };

  const request: DirectoryTransport['request'] = (node, path, body, signal) =>
    whileAlive(
      process,
      new Promise<Result<Uint8Array>>((resolve) => {
        if (!process.alive) return;
        let open = true;
        network.asked.set(who.name, (network.asked.get(who.name) ?? 0) + 1);
        const timeoutMs = TIMEOUT_MS + 4 * (network.distanceMs.get(who.name) ?? 0);
        const finish = (result: Result<Uint8Array>): void => {
          if (open) resolve(result);
          open = false;
          timeout.cancelled = true;
        };
        const unreachable = (why: string): void =>
          finish(fail('E_UNREACHABLE', 'NET-13', `node ${node} does not answer: ${why}`));
        const timeout = scheduler.after(timeoutMs, `${who.name} gives node ${node} up`, () =>
          unreachable('time is over'),
        );
        if (signal?.aborted === true) return unreachable('nobody waits');
        signal?.addEventListener('abort', () => unreachable('nobody waits'), { once: true });
        const take = ({ status, body: answer }: NodeAnswer): void => finish(readAnswer(node, status, answer));
        deliver(node, path, body, take);
        if (random.chance(network.weather.duplicate)) {
          count('request duplicated');
          deliver(node, path, body, take);
        }
      }),
    );
  return { request };
}

function readAnswer(node: number, status: number, body: Uint8Array): Result<Uint8Array> {
  if (status === 200) return { ok: true, value: body };
  const refusal = decodeFailure(body);
  return refusal.ok
    ? { ok: false, error: refusal.value }
    : fail('E_UNREACHABLE', 'NET-13', `node ${node} refused in a form that is not understood`);
}
