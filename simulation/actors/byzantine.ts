/**
 * Directory nodes that lie, with their own true keys. Each request meets one manner of the node's: it answers nothing,
 * as one of two nodes with one key and two disks, as a node that went back to an old disk, votes and acks for whatever
 * it is asked, answers something else, something spoilt, or heads that do not fit.
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
  logLeafHash,
  ROUTES,
  signMessage,
  stateHash,
  statementToItem,
  submissionCodec,
  submitAnswerCodec,
  treeHeadMessage,
  type ChainId,
  type Receipt,
  type Statement,
  type TokenId,
} from '@dsm/core';
import { copyDisk, restoreDisk, type Disk } from '../disk/disk.ts';
import type { NodeAnswer, NodePort } from '../world/network.ts';
import { startNode, type NodeSeat } from '../world/node.ts';
import { createParticipant, killProcess } from '../world/participant.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { spoil } from './letters.ts';

export type Manner = 'silent' | 'split' | 'rollback' | 'eager' | 'liar' | 'spoiler' | 'proper';

const MANNERS: readonly Manner[] = ['silent', 'split', 'rollback', 'eager', 'liar', 'spoiler'];

/** The receipt of a log of one leaf: every log of this node begins anew. */
function makeReceipt(world: World, { index, key }: NodeSeat, statement: Statement): Receipt {
  const root = logLeafHash(world.suite, statementToItem(world.facts, statement));
  const head = { size: 1, root, timeMs: world.scheduler.nowMs() };
  const message = treeHeadMessage(world.suite, world.facts, index, head);
  const signature = signMessage(world.suite, key.secretKey, 'head', message);
  return { node: index, leaf: 0, head: { ...head, signature }, proof: [] };
}

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

/** Makes a seat's node Byzantine from now on. */
export async function corruptNode(world: World, seat: NodeSeat, manners: readonly Manner[] = MANNERS): Promise<void> {
  const { who, index } = seat;
  const random = world.random.fork(`byzantine ${index}`);
  who.honest = false;
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
    world.count('node rolled back');
    if (random.chance(0.5)) snapshots.push(copyDisk(who.disk));
    killProcess(world, who, false);
    restoreDisk(who.disk, random.pick(snapshots));
    faces[0] = await startNode(world, { ...seat, hasRun: false });
  };

  world.network.nodes[index] = async (from, path, body) => {
    const manner = random.pick(manners);
    world.count(`node: ${manner}`);
    if (manner === 'silent') return undefined;
    if (manner === 'rollback' && random.chance(0.05)) await rollBack();
    if (manner === 'eager' && body) {
      const agreed = agree(world, seat, path, body);
      if (agreed) return agreed;
    }
    if (manner === 'liar') return lie(world, random, path, given);
    const face = manner === 'split' ? random.pick(faces) : faces[0];
    const answered = await face?.(from, path, body);
    if (answered && given.length < 64) given.push(answered);
    return answered && manner === 'spoiler' ? { ...answered, body: spoil(answered.body, random) } : answered;
  };
}
