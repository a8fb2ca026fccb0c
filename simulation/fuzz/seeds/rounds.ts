/** Reports and proposals of a slot whose owner signed two states. */
import {
  bundleItemCodec,
  encodeWith,
  proposalMessage,
  reportMessage,
  roundOwner,
  signMessage,
  toHex,
  verifyFork,
  type BundleItem,
  type Certificate,
  type Place,
  type Report,
  type RoundProposal,
  type StartRequest,
  type StateHash,
} from '@dsm/core';
import { makeQuorum, submissionOf, type TestNetwork, type TestStep } from '../../../tests/kit/index.ts';
import { usedItems, type World } from './world.ts';

type Slot = Place & { readonly round: number };

const secretOf = ({ nodeKeys }: TestNetwork, node: number) => {
  const key = nodeKeys[node];
  if (!key) throw new Error(`there is no node ${node}`);
  return key.secretKey;
};

export function signReport(
  net: TestNetwork,
  slot: Slot,
  node: number,
  lock: Certificate | null,
  vote: StateHash | null,
): Report {
  const { chain, index, round } = slot;
  const plain = { chain, index, round, node, lock, vote };
  return { ...plain, signature: signMessage(net.suite, secretOf(net, node), 'report', reportMessage(net, plain)) };
}

export function signProposal(net: TestNetwork, slot: Slot, hash: StateHash, reports: readonly Report[]): RoundProposal {
  const { chain, index, round } = slot;
  const plain = { chain, index, round, hash, reports };
  const secret = secretOf(net, roundOwner(net, slot, round));
  return { ...plain, signature: signMessage(net.suite, secret, 'proposal', proposalMessage(net, plain)) };
}

export interface Rounds {
  /** A round above 0 of the disputed slot that node 0 owns. */
  readonly slot: Slot;
  /** Without a lock and with a divided vote: the choice is free. */
  readonly free: readonly Report[];
  /** One lock forces its state. */
  readonly locked: readonly Report[];
  readonly proposal: RoundProposal;
  readonly forced: RoundProposal;
  readonly start: StartRequest;
  /** The void of the place, where the choice is free. */
  readonly voided: RoundProposal;
  readonly voidItems: readonly BundleItem[];
  /** What the verification of the proposed state needs. */
  readonly items: readonly BundleItem[];
}

/** One of each, in the order given. */
function merge({ suite }: World, items: readonly BundleItem[]): readonly BundleItem[] {
  const codec = bundleItemCodec(suite);
  return [...new Map(items.map((item) => [toHex(encodeWith(codec, item)), item])).values()];
}

function voidAt({ voids }: World): TestStep {
  const [first] = voids;
  if (!first) throw new Error('there is no void');
  return first;
}

export function makeRounds(world: World): Rounds {
  const { net, run, fork } = world;
  const [{ body, hash }] = run;
  const { chain, index } = body;
  const rival = toHex(fork.first) === toHex(hash) ? fork.second : fork.first;
  const round = [1, 2, 3, 4].find((one) => roundOwner(net, { chain, index }, one) === 0) ?? 1;
  const slot = { chain, index, round };
  const votes = [hash, rival, null] as const;
  const free = votes.map((vote, node) => signReport(net, slot, node, null, vote));
  const voidStep = voidAt(world);
  const lock = makeQuorum(net, { chain, index, hash });
  const locked = votes.map((vote, node) => signReport(net, slot, node, node === 1 ? lock : null, vote));
  const { items } = submissionOf(net, run[0]);
  const evidence = usedItems(world, [], (context) => verifyFork(context, fork));
  return {
    slot,
    free,
    locked,
    proposal: signProposal(net, slot, hash, free),
    forced: signProposal(net, slot, hash, locked),
    voided: signProposal(net, slot, voidStep.hash, free),
    voidItems: merge(world, [
      ...voidStep.items.filter(({ type }) => type !== 'certificate'),
      ...items.filter(({ type }) => type !== 'witness'),
    ]),
    start: { ...slot, state: hash, fork, items: merge(world, [...items, ...evidence]) },
    items,
  };
}
