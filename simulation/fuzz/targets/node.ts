/** The request handlers of a directory node: bodies of every write, and addresses of every read. */
import {
  CBOR_TYPE,
  decodeFailure,
  encodeWith,
  finalRequestCodec,
  lockRequestCodec,
  memoryDisk,
  memoryStore,
  must,
  pathTo,
  proposeRequestCodec,
  publishRequestCodec,
  ROUTES,
  startRequestCodec,
  submissionCodec,
  voteRequestCodec,
  type MemoryDisk,
} from '@dsm/core';
import { openNode } from '@dsm/directory';
import { certify, DAY_MS, makeQuorum, START_MS, submissionOf } from '../../../tests/kit/index.ts';
import { makeRounds } from '../seeds/rounds.ts';
import { copyDisk, sameDisk } from '../seeds/wallets.ts';
import type { World } from '../seeds/world.ts';
import { placeOf } from './codecs.ts';
import { ACCEPTED, judgeFailure, Violation, type Outcome, type Target } from './target.ts';

/** A refused state may be evidence, or the first that was seen of a slot: both are kept. */
const KEPT_CODES: ReadonlySet<string> = new Set(['E_FORK', 'E_CONFLICT', 'E_WINDOW', 'E_TOO_EARLY']);

interface Request {
  readonly path: string;
  /** Null: a question. */
  readonly body: Uint8Array | null;
  readonly nowMs?: number;
}

/** By then the round is open. */
const LATER_MS: number = START_MS + DAY_MS;

/** Gives one request to a node on a copy of this disk. */
async function ask(world: World, disk: MemoryDisk, { path, body, nowMs = START_MS }: Request): Promise<Outcome> {
  const { net, suite } = world;
  const after = copyDisk(disk);
  const defects: string[] = [];
  const node = must(
    await openNode({
      network: net.network,
      nodeIndex: 0,
      secretKey: net.nodeKeys[0]!.secretKey,
      store: memoryStore(after),
      suite,
      clock: () => nowMs,
      log: ({ level, event, detail }) => level === 'error' && defects.push(`${event} ${JSON.stringify(detail)}`),
      emptyStore: 'claim',
    }),
  );
  const response = await node.app.request(path, {
    method: body === null ? 'GET' : 'POST',
    ...(body !== null && { body: new Uint8Array(body), headers: { 'content-type': CBOR_TYPE } }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  await node.close();
  if (defects.length > 0) throw new Violation(defects.join());
  if (response.ok) return ACCEPTED;
  const failure = decodeFailure(bytes);
  if (!failure.ok) throw new Violation(`status ${response.status} without a failure`);
  const outcome = judgeFailure(failure.value);
  if (!KEPT_CODES.has(failure.value.code) && !sameDisk(disk, after)) {
    throw new Violation(`refused with ${failure.value.code}, and the store is another`);
  }
  return outcome;
}

/** A node that has seen cards, a certified chain, and a vote of its own. */
async function usedDisk(world: World): Promise<MemoryDisk> {
  const { net, alice, bob, suite, debit } = world;
  const disk = memoryDisk();
  const tell = async (request: Request): Promise<void> => {
    const store = memoryStore(disk);
    const { network } = net;
    const { secretKey } = net.nodeKeys[0]!;
    const clock = (): number => START_MS;
    const node = must(await openNode({ network, nodeIndex: 0, secretKey, store, suite, clock, emptyStore: 'claim' }));
    await node.app.request(request.path, {
      method: 'POST',
      body: new Uint8Array(request.body ?? []),
      headers: { 'content-type': CBOR_TYPE },
    });
    await node.close();
  };
  for (const { account, card } of [alice, bob]) {
    await tell({ path: ROUTES.publish, body: encodeWith(publishRequestCodec(suite), { account, items: card }) });
  }
  const certificate = certify(net, placeOf(debit));
  await tell({ path: ROUTES.final, body: encodeWith(finalRequestCodec(suite), { certificate, items: debit.items }) });
  await tell({ path: ROUTES.submit, body: encodeWith(submissionCodec(suite), submissionOf(net, world.run[0])) });
  return disk;
}

export async function nodeTargets(world: World): Promise<readonly Target[]> {
  const { net, suite, alice, slow, debit, run, receiving, claimed, released, reservation } = world;
  const disk = await usedDisk(world);
  const place = placeOf(run[0]);
  const { items } = debit;
  const rounds = makeRounds(world);
  const proposals = [
    [rounds.proposal, rounds.items],
    [rounds.forced, rounds.items],
    [rounds.voided, rounds.voidItems],
  ] as const;
  const writes: readonly (readonly [name: string, path: string, seeds: readonly Uint8Array[]])[] = [
    [
      'submit',
      ROUTES.submit,
      [receiving, claimed, released, run[0], reservation.funding].map((step) =>
        encodeWith(submissionCodec(suite), submissionOf(net, step)),
      ),
    ],
    [
      'lock',
      ROUTES.lock,
      [encodeWith(lockRequestCodec(suite), { quorum: makeQuorum(net, place), items: run[0].items })],
    ],
    [
      'final',
      ROUTES.final,
      [encodeWith(finalRequestCodec(suite), { certificate: certify(net, placeOf(debit)), items })],
    ],
    ['start', ROUTES.start, [encodeWith(startRequestCodec(suite), rounds.start)]],
    [
      'propose',
      ROUTES.propose,
      proposals.map(([one, shown]) => encodeWith(proposeRequestCodec(suite), { ...one, items: shown })),
    ],
    [
      'vote',
      ROUTES.vote,
      proposals.map(([proposal, shown]) => encodeWith(voteRequestCodec(suite), { proposal, items: shown })),
    ],
    ['publish', ROUTES.publish, [encodeWith(publishRequestCodec(suite), { account: slow.account, items: slow.card })]],
  ];
  const { account } = alice;
  const questions = [
    pathTo.card(account),
    pathTo.tip(account),
    pathTo.state(account, 2),
    pathTo.credits(world.bob.account, 0),
    pathTo.slot(account, place.index),
    pathTo.evidence(account),
    pathTo.consistency(1, 2),
    ROUTES.head,
    ROUTES.health,
    ROUTES.version,
  ];
  const read: Target = {
    name: 'node.questions',
    input: 'text',
    isSlow: true,
    maxBytes: 65_536,
    seeds: questions.map((path) => new TextEncoder().encode(path)),
    // What an HTTP server hands on as an address: never more than that.
    run: (bytes) => ask(world, disk, { path: addressOf(bytes), body: null }),
  };
  return [
    read,
    ...writes.map(([name, path, seeds]): Target => ({
      name: `node.${name}`,
      input: 'item',
      isSlow: true,
      seeds,
      run: (bytes) => ask(world, disk, { path, body: bytes, nowMs: path === ROUTES.start ? LATER_MS : START_MS }),
    })),
  ];
}

const addressOf = (bytes: Uint8Array): string =>
  `/${new TextDecoder('latin1')
    .decode(bytes)
    .replaceAll(/[^\x21-\x7e]/g, '%')
    .replace(/^\/+/, '')}`;
