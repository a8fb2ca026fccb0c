/**
 * What nodes that lie make up together, signed with their true keys: reports of locks that are none, of votes that were
 * not given and of other rounds, proposals upon such reports or of a state that they do not allow, votes and acks for
 * two, certificates of receipts that nobody gave. What one of them was shown, all of them know.
 */
import {
  decodeWith,
  encodeWith,
  finalRequestCodec,
  lockAnswerCodec,
  lockRequestCodec,
  logLeafHash,
  proposalMessage,
  proposeAnswerCodec,
  proposeRequestCodec,
  reportMessage,
  roundOwner,
  ROUTES,
  SIGNATURE_ALGORITHMS,
  signMessage,
  startAnswerCodec,
  startRequestCodec,
  statementToItem,
  submissionCodec,
  submitAnswerCodec,
  stateHash,
  toHex,
  treeHeadMessage,
  voteRequestCodec,
  type BundleItem,
  type Certificate,
  type Place,
  type Receipt,
  type Report,
  type RoundProposal,
  type StateHash,
  type Statement,
  type UnsignedReport,
} from '@dsm/core';
import { isCut } from '../world/network.ts';
import type { NodeSeat } from '../world/node.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** What was heard of one place. */
interface Heard {
  readonly hashes: StateHash[];
  readonly quorums: Certificate[];
  readonly reports: Report[];
  items: readonly BundleItem[];
}

/** Nodes that lie together. */
interface Ring {
  readonly seats: NodeSeat[];
  readonly heard: Map<string, Heard>;
}

const rings = new WeakMap<World, Ring>();

export function ringOf(world: World): Ring {
  const known = rings.get(world) ?? { seats: [], heard: new Map<string, Heard>() };
  rings.set(world, known);
  return known;
}

const placeName = ({ chain, index }: Place): string => `${toHex(chain)} ${index}`;

function heardOf(world: World, place: Place): Heard {
  const { heard } = ringOf(world);
  const known = heard.get(placeName(place)) ?? { hashes: [], quorums: [], reports: [], items: [] };
  heard.set(placeName(place), known);
  return known;
}

function learn(heard: Heard, hashes: readonly (StateHash | null)[], items: readonly BundleItem[]): void {
  for (const hash of hashes) {
    if (hash && !heard.hashes.some((one) => Buffer.compare(one, hash) === 0)) heard.hashes.push(hash);
  }
  if (items.length > 0) heard.items = [...heard.items, ...items].slice(-64);
}

const makeUpSignature = (random: Random): Uint8Array => random.bytes(SIGNATURE_ALGORITHMS['ml-dsa-44'].signatureBytes);

/** The receipt of a log of one leaf: every log of this node begins anew. Of honest nodes one that proves nothing. */
export function makeReceipt(world: World, node: NodeSeat | number, statement: Statement, random?: Random): Receipt {
  const root = logLeafHash(world.suite, statementToItem(world.facts, statement));
  const head = { size: 1, root, timeMs: world.scheduler.nowMs() };
  if (typeof node === 'number') {
    return { node, leaf: 0, head: { ...head, signature: makeUpSignature(random as Random) }, proof: [] };
  }
  const message = treeHeadMessage(world.suite, world.facts, node.index, head);
  const signature = signMessage(world.suite, node.key.secretKey, 'head', message);
  return { node: node.index, leaf: 0, head: { ...head, signature }, proof: [] };
}

interface Inventor {
  readonly world: World;
  readonly seat: NodeSeat;
  readonly random: Random;
}

/** Receipts of the ring, and of as many others as it takes, which nobody signed. */
function makeUpCertificate({ world, random }: Inventor, statement: Statement): Certificate {
  const { seats } = ringOf(world);
  const { quorum, nodes } = world.facts;
  const liars = seats.map((seat) => makeReceipt(world, seat, statement));
  const others = nodes.map((_, node) => node).filter((node) => !seats.some(({ index }) => index === node));
  const missing = others.slice(0, quorum - liars.length).map((node) => makeReceipt(world, node, statement, random));
  return { ...statement, receipts: [...liars, ...missing].toSorted((a, b) => a.node - b.node) };
}

/** Some other state of that place: one that was heard of, or none that there is. */
function otherThan({ world, random }: Inventor, place: Place, hash: StateHash): StateHash {
  const others = heardOf(world, place).hashes.filter((one) => Buffer.compare(one, hash) !== 0);
  return others.length > 0 && random.chance(0.8) ? random.pick(others) : (random.bytes(32) as StateHash);
}

/** Something false of the kind that a report says, or the truth with another's mouth. */
function makeUpReport(inventor: Inventor, by: NodeSeat, place: Place, round: number, hash: StateHash): Report {
  const { world, random } = inventor;
  const { quorums } = heardOf(world, place);
  const vote = random.pick([null, hash, otherThan(inventor, place, hash)]);
  const locked = random.pick([hash, otherThan(inventor, place, hash)]);
  const lock = random.pick([
    null,
    null,
    makeUpCertificate(inventor, { form: 'votes', ...place, round: random.below(round + 1), hash: locked }),
    quorums.length > 0 ? random.pick(quorums) : null,
  ]);
  const said = random.chance(0.1) ? random.pick([1, round + 1, 63]) : round;
  const report: UnsignedReport = { ...place, round: said, node: by.index, lock, vote };
  const message = reportMessage({ suite: world.suite, network: world.facts }, report);
  return { ...report, signature: signMessage(world.suite, by.key.secretKey, 'report', message) };
}

/** Signed by whoever of the ring owns the round: of these reports, with those of the ring made up. */
function makeUpProposal(
  inventor: Inventor,
  place: Place,
  round: number,
  hash: StateHash,
  given: readonly Report[],
): RoundProposal | undefined {
  const { world, random } = inventor;
  const { seats } = ringOf(world);
  const context = { suite: world.suite, network: world.facts };
  const owner = seats.find(({ index }) => index === roundOwner(context, place, round));
  if (!owner) return undefined;
  const mine = seats.map((by) => makeUpReport(inventor, by, place, round, hash));
  const known = [...given, ...heardOf(world, place).reports.filter((one) => one.round === round)];
  const others = known.filter(
    ({ node }, i) => !mine.some((one) => one.node === node) && known.findIndex((one) => one.node === node) === i,
  );
  const all = [...mine, ...others].slice(0, world.facts.quorum);
  const reports = (random.chance(0.8) ? all : [...given]).toSorted((a, b) => a.node - b.node);
  if (reports.length === 0) return undefined;
  const proposal = { ...place, round, hash: random.chance(0.6) ? otherThan(inventor, place, hash) : hash, reports };
  const message = proposalMessage(context, proposal);
  return { ...proposal, signature: signMessage(world.suite, owner.key.secretKey, 'proposal', message) };
}

/** Told to every honest node without being asked. */
function spread({ world, seat, random }: Inventor, path: string, body: Uint8Array): void {
  world.nodeSeats.forEach(({ who, index }) => {
    if (!who.honest) return;
    world.scheduler.after(random.between(1, 200), `${seat.who.name} tells ${who.name} ${path}`, () => {
      if (!isCut(world.network, seat.who.name, who.name)) void world.network.nodes[index]?.(seat.who, path, body);
    });
  });
}

/** Acks of the ring and of nobody else, shown as a Final. */
function makeUpFinal(inventor: Inventor, place: Place, round: number, hash: StateHash): Certificate {
  const { world } = inventor;
  const certificate = makeUpCertificate(inventor, { form: 'acks', ...place, round, hash });
  const { items } = heardOf(world, place);
  spread(inventor, ROUTES.final, encodeWith(finalRequestCodec(world.suite), { certificate, items }));
  return certificate;
}

function inventOnSubmit(inventor: Inventor, body: Uint8Array): Uint8Array | undefined {
  const { world, seat, random } = inventor;
  const request = decodeWith(submissionCodec(world.suite), body, 'request');
  if (!request.ok) return undefined;
  const { state, items } = request.value;
  const item = items.find(
    (one) => one.type === 'body' && Buffer.compare(stateHash(world.suite, one.body), state) === 0,
  );
  if (item?.type !== 'body') return undefined;
  const place = { chain: item.body.chain, index: item.body.index };
  learn(heardOf(world, place), [state], items);
  if (random.chance(0.2)) {
    return encodeWith(submitAnswerCodec, { type: 'final', certificate: makeUpFinal(inventor, place, 0, state) });
  }
  const hash = random.chance(0.7) ? state : otherThan(inventor, place, state);
  const round = random.chance(0.8) ? 0 : random.between(1, 3);
  const receipt = makeReceipt(world, seat, { form: 'votes', ...place, round, hash });
  return encodeWith(submitAnswerCodec, { type: 'vote', receipt });
}

function inventOnLock(inventor: Inventor, body: Uint8Array): Uint8Array | undefined {
  const { world, seat, random } = inventor;
  const request = decodeWith(lockRequestCodec(world.suite), body, 'request');
  if (!request.ok) return undefined;
  const { quorum, items } = request.value;
  const place = { chain: quorum.chain, index: quorum.index };
  const heard = heardOf(world, place);
  learn(heard, [quorum.hash], items);
  heard.quorums.push(quorum);
  if (random.chance(0.3)) {
    const certificate = makeUpFinal(inventor, place, quorum.round, otherThan(inventor, place, quorum.hash));
    return encodeWith(lockAnswerCodec, { type: 'final', certificate });
  }
  const hash = random.chance(0.6) ? quorum.hash : otherThan(inventor, place, quorum.hash);
  const round = random.chance(0.7) ? quorum.round : random.between(0, 3);
  return encodeWith(lockAnswerCodec, {
    type: 'ack',
    receipt: makeReceipt(world, seat, { form: 'acks', ...place, round, hash }),
  });
}

function inventOnStart(inventor: Inventor, body: Uint8Array): Uint8Array | undefined {
  const { world, seat } = inventor;
  const request = decodeWith(startRequestCodec(world.suite), body, 'request');
  if (!request.ok) return undefined;
  const { chain, index, round, state, fork, items } = request.value;
  learn(heardOf(world, { chain, index }), [state, fork?.first ?? null, fork?.second ?? null], items);
  const report = makeUpReport(inventor, seat, { chain, index }, round, state);
  return encodeWith(startAnswerCodec, { type: 'report', report });
}

function inventOnPropose(inventor: Inventor, body: Uint8Array): Uint8Array | undefined {
  const { world } = inventor;
  const request = decodeWith(proposeRequestCodec(world.suite), body, 'request');
  if (!request.ok) return undefined;
  const { chain, index, round, hash, reports, items } = request.value;
  const heard = heardOf(world, { chain, index });
  learn(heard, [hash, ...reports.map(({ vote }) => vote)], items);
  heard.reports.push(...reports);
  // Two of one round: one is told to the nodes, the other is the answer.
  const proposals = [0, 1].map(() => makeUpProposal(inventor, { chain, index }, round, hash, reports));
  const [told, answered] = proposals;
  if (!told || !answered) return undefined;
  spread(inventor, ROUTES.vote, encodeWith(voteRequestCodec(world.suite), { proposal: told, items: heard.items }));
  return encodeWith(proposeAnswerCodec, { type: 'proposal', proposal: answered });
}

function inventOnVote(inventor: Inventor, body: Uint8Array): Uint8Array | undefined {
  const { world, seat, random } = inventor;
  const request = decodeWith(voteRequestCodec(world.suite), body, 'request');
  if (!request.ok) return undefined;
  const { proposal, items } = request.value;
  const { chain, index, round, hash, reports } = proposal;
  const place = { chain, index };
  const heard = heardOf(world, place);
  learn(heard, [hash], items);
  heard.reports.push(...reports);
  if (random.chance(0.2)) {
    return encodeWith(submitAnswerCodec, { type: 'final', certificate: makeUpFinal(inventor, place, round, hash) });
  }
  if (random.chance(0.3)) {
    const quorum = makeUpCertificate(inventor, {
      form: 'votes',
      ...place,
      round,
      hash: otherThan(inventor, place, hash),
    });
    spread(inventor, ROUTES.lock, encodeWith(lockRequestCodec(world.suite), { quorum, items: heard.items }));
  }
  const said = random.chance(0.7) ? round : random.below(round);
  const voted = random.chance(0.7) ? hash : otherThan(inventor, place, hash);
  const receipt = makeReceipt(world, seat, { form: 'votes', ...place, round: said, hash: voted });
  return encodeWith(submitAnswerCodec, { type: 'vote', receipt });
}

const INVENTIONS: Readonly<Record<string, (inventor: Inventor, body: Uint8Array) => Uint8Array | undefined>> = {
  [ROUTES.submit]: inventOnSubmit,
  [ROUTES.lock]: inventOnLock,
  [ROUTES.start]: inventOnStart,
  [ROUTES.propose]: inventOnPropose,
  [ROUTES.vote]: inventOnVote,
};

/** Undefined: nothing to make up there. */
export function invent(inventor: Inventor, path: string, body: Uint8Array): Uint8Array | undefined {
  const made = INVENTIONS[path]?.(inventor, body);
  if (made) inventor.world.count(`node invents: ${path.slice('/v1/'.length)}`);
  return made;
}
