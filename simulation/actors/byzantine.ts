/**
 * Directory nodes that lie, with their own true keys. Each request meets one manner of the node's: it answers nothing,
 * as one of two nodes with one key and two disks, as a node that went back to an old disk, votes and acks for whatever
 * it is asked, answers something else, something spoilt, or what it has made up.
 */
import {
  chainTipCodec,
  creditPageCodec,
  decodeWith,
  encodeFailure,
  encodeWith,
  equalBytes,
  fail,
  lockAnswerCodec,
  lockRequestCodec,
  ROUTES,
  stateHash,
  submissionCodec,
  submitAnswerCodec,
  type ChainId,
  type TokenId,
} from '@dsm/core';
import { copyDisk, restoreDisk, type Disk } from '../disk/disk.ts';
import type { NodeAnswer, NodePort } from '../world/network.ts';
import { startNode, type NodeSeat } from '../world/node.ts';
import { createParticipant, killProcess } from '../world/participant.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { invent, makeReceipt, ringOf } from './inventions.ts';
import { spoil } from './letters.ts';

export type Manner = 'silent' | 'split' | 'rollback' | 'eager' | 'liar' | 'inventor' | 'spoiler' | 'proper';

const MANNERS: readonly Manner[] = ['silent', 'split', 'rollback', 'eager', 'liar', 'inventor', 'spoiler'];

const good = (body: Uint8Array): NodeAnswer => ({ status: 200, body });

/** A vote or an ack for whatever comes; undefined where nothing of the kind is asked. */
function agree(world: World, seat: NodeSeat, path: string, body: Uint8Array): NodeAnswer | undefined {
  if (path === ROUTES.submit) {
    const submission = decodeWith(submissionCodec(world.suite), body, 'request');
    if (!submission.ok) return undefined;
    const { state, items } = submission.value;
    const item = items.find((one) => one.type === 'body' && equalBytes(stateHash(world.suite, one.body), state));
    if (item?.type !== 'body') return undefined;
    const { chain, index } = item.body;
    const receipt = makeReceipt(world, seat, { form: 'votes', chain, index, round: 0, hash: state });
    return good(encodeWith(submitAnswerCodec, { type: 'vote', receipt }));
  }
  if (path === ROUTES.lock) {
    const request = decodeWith(lockRequestCodec(world.suite), body, 'request');
    if (!request.ok) return undefined;
    const receipt = makeReceipt(world, seat, { ...request.value.quorum, form: 'acks' });
    return good(encodeWith(lockAnswerCodec, { type: 'ack', receipt }));
  }
  return undefined;
}

/** Something that no honest node would say. */
function lie(world: World, random: Random, path: string, before: readonly NodeAnswer[]): NodeAnswer {
  const invented = (): Uint8Array => random.bytes(32);
  if (path.startsWith('/v1/credits') && random.chance(0.7)) {
    const credit = {
      cursor: random.between(1, 1_000_000),
      source: invented() as ChainId,
      index: random.between(1, 9),
      output: 0,
      token: (random.chance(0.5) ? world.token : invented()) as TokenId,
      amount: 1_000_000n,
    };
    return good(encodeWith(creditPageCodec, { credits: [credit], more: random.chance(0.2) }));
  }
  if (path.startsWith('/v1/tip') && random.chance(0.7)) {
    return good(
      encodeWith(chainTipCodec, { index: random.between(1, 99), hash: invented() as never, certificate: null }),
    );
  }
  if (before.length > 0 && random.chance(0.5)) return random.pick(before);
  const code = random.pick(['E_CONFLICT', 'E_FORK', 'E_WINDOW', 'E_PARENT', 'E_NOT_FOUND', 'E_INTERNAL'] as const);
  const evidence = code === 'E_FORK' ? { evidence: random.bytes(200) } : undefined;
  return { status: 409, body: encodeFailure(fail(code, 'NET-15', 'an invention', evidence).error) };
}

/** Seldom asked: there it makes something up every other time. */
const ROUND_PATHS: ReadonlySet<string> = new Set([ROUTES.start, ROUTES.propose, ROUTES.vote]);

/** Makes a seat's node Byzantine from now on. */
export async function corruptNode(world: World, seat: NodeSeat, manners: readonly Manner[] = MANNERS): Promise<void> {
  const { who, index } = seat;
  const random = world.random.fork(`byzantine ${index}`);
  who.honest = false;
  ringOf(world).seats.push(seat);
  killProcess(world, who, false);
  const snapshots: Disk[] = [copyDisk(who.disk)];
  const twin: NodeSeat = {
    ...seat,
    who: { ...createParticipant(`twin of node ${index}`, 'node', world.random), honest: false },
    hasRun: false,
  };
  const faces: (NodePort | undefined)[] = [await startNode(world, seat), await startNode(world, twin)];
  const given: NodeAnswer[] = [];

  const rollBack = async (): Promise<void> => {
    world.count('node: rollback');
    if (random.chance(0.5)) snapshots.push(copyDisk(who.disk));
    killProcess(world, who, false);
    restoreDisk(who.disk, random.pick(snapshots));
    faces[0] = await startNode(world, { ...seat, hasRun: false });
  };
  const answerAs = async (face: NodePort | undefined, ...asked: Parameters<NodePort>) => {
    const answered = await face?.(...asked);
    if (answered && given.length < 64) given.push(answered);
    return answered;
  };

  world.network.nodes[index] = async (from, path, body) => {
    const isRare = ROUND_PATHS.has(path) && manners.includes('inventor') && random.chance(0.5);
    const manner = isRare ? 'inventor' : random.pick(manners);
    // Counted is what was answered otherwise than a node would.
    const as = (answered: NodeAnswer | undefined): NodeAnswer | undefined => {
      world.count(`node: ${manner}`);
      return answered;
    };
    if (manner === 'silent') return as(undefined);
    if (manner === 'liar') return as(lie(world, random, path, given));
    if (manner === 'rollback' && random.chance(0.05)) await rollBack();
    const made = body && manner === 'inventor' ? invent({ world, seat, random }, path, body) : undefined;
    if (made) return as(good(made));
    const agreed = body && manner === 'eager' ? agree(world, seat, path, body) : undefined;
    if (agreed) return as(agreed);
    const isTwin = manner === 'split' && random.chance(0.5);
    const answered = await answerAs(faces[isTwin ? 1 : 0], from, path, body);
    if (answered && manner === 'spoiler') return as({ ...answered, body: spoil(answered.body, random) });
    return isTwin ? as(answered) : answered;
  };
}
