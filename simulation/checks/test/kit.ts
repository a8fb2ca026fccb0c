/** A small honest world, and violations made up for the checks: each must be seen. */
import {
  hashOperation,
  stateHash,
  toHex,
  ZERO_HASH,
  type Body,
  type ChainId,
  type Operation,
  type StateHash,
  type Window,
} from '@dsm/core';
import type { Device } from '@dsm/wallet';
import { setUp } from '../../actors/setup.ts';
import type { Fact } from '../../world/facts.ts';
import { play, type Stage } from '../../world/stage.ts';
import type { Check, MakeCheck } from '../check.ts';
import { placeText, type Chronicle, type Final } from '../chronicle.ts';

export interface Scene {
  readonly stage: Stage;
  readonly alice: Device;
  readonly bob: Device;
  /** The check of the run, which has seen everything so far. */
  check(name: string): Check;
}

/** Four wallets, a token, payments and reservations, all honest; then the script. */
export const playScene = <T>(script: (scene: Scene) => Promise<T>): Promise<T> =>
  play({ seed: 3, devices: 4, nodes: 4 }, async (stage) => {
    await stage.live(() => setUp(stage.world, { devices: 4, acquaintances: 4 }));
    const [, one, other] = stage.world.seats;
    if (!one?.device || !other?.device || stage.violation) throw new Error('the beginning went wrong');
    const check = (name: string): Check => {
      const found = stage.checks.find((each) => each.name === name);
      if (!found) throw new Error(`there is no check ${name}`);
      return found;
    };
    return script({ stage, alice: one.device, bob: other.device, check });
  });

/** All facts to a check, then the end of the event. */
export async function show(check: Check, ...facts: readonly Fact[]): Promise<string | undefined> {
  for (const fact of facts) {
    const what = await check.see?.(fact);
    if (what !== undefined) return what;
  }
  return check.afterEvent?.();
}

export const someHash = (byte: number): StateHash => new Uint8Array(32).fill(byte) as StateHash;

/** A state that is final in a made-up world. */
export interface Made {
  readonly chain: ChainId;
  readonly index: number;
  readonly operation: Operation;
  readonly window?: Window;
  readonly prev?: StateHash;
}

/** A chronicle in which these states are final and nothing else happened. */
export function inventFinals(stage: Stage, made: readonly Made[]): Chronicle {
  const { world, chronicle } = stage;
  const bodies = new Map<string, Body>();
  const operations = new Map<string, Operation>();
  const finals = new Map<string, Final>();
  const [node] = world.nodeSeats;
  if (!node) throw new Error('there are no nodes');
  const by = node.who;
  for (const { chain, index, operation, window = { from: 0, until: 1 }, prev = ZERO_HASH as StateHash } of made) {
    const op = hashOperation(world.suite, operation);
    const body = { chain, index, op, window, prev, kind: operation.kind } as Body;
    const named: Body = {
      ...body,
      version: 1,
      network: world.facts.id,
      root: someHash(0),
      entropy: someHash(index),
      precommit: someHash(0),
      skip: someHash(0),
    } as unknown as Body;
    const hash = toHex(stateHash(world.suite, named));
    bodies.set(hash, named);
    operations.set(toHex(op), operation);
    finals.set(placeText(chain, index), { chain, index, hash, by });
  }
  return {
    ...chronicle,
    finals,
    newFinals: [...finals.values()],
    slotChanges: [],
    slots: new Map(),
    body: (hash) => bodies.get(hash),
    operation: (hash) => operations.get(hash),
    candidates: () => [],
    mayBeFinal: () => false,
    supporters: () => 0,
  };
}

/** A check that is new, over a chronicle that is made up. */
export const judge = async (stage: Stage, make: MakeCheck, chronicle: Chronicle): Promise<string | undefined> =>
  make(stage.world, chronicle).afterEvent?.();
