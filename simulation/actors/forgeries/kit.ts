/** What a device with a modified program works with: its own keys and records, and everything that it has overheard. */
import {
  draftTransition,
  encodeWith,
  fail,
  finalRequestCodec,
  ok,
  ROUTES,
  signMessage,
  submissionCodec,
  verifySubmission,
  type Body,
  type BundleItem,
  type Certificate,
  type ChainId,
  type Operation,
  type Receipt,
  type Result,
  type TokenId,
  type Transition,
  type Tree,
} from '@dsm/core';
import type { Device } from '@dsm/wallet';
import { itemsOfDraft } from '../../../packages/wallet/src/chain/draft.ts';
import { gatherCertificate, spreadFinal, type Package } from '../../../packages/wallet/src/directory/gather.ts';
import { runAlone, runWith } from '../../../packages/wallet/src/evidence/run-with.ts';
import type { Random } from '../../world/random.ts';

export interface Forger {
  readonly device: Device;
  /** Open wallets of others who cheat. */
  readonly accomplices: readonly Device[];
  readonly random: Random;
  readonly token: TokenId;
  /** Accounts of everybody. */
  readonly accounts: readonly ChainId[];
  /** What was posted to nodes lately: `path`, body. */
  readonly sent: readonly (readonly [string, Uint8Array])[];
  /** Somebody honest who knows the forger; undefined where nobody does. */
  readonly victim: ChainId | undefined;
  /** Hands a message over. */
  readonly send: (to: ChainId, kind: 'offer', message: Uint8Array) => void;
  /** Keys of nodes that lie, by their positions. */
  readonly corruptNodes: ReadonlyMap<number, { readonly secretKey: Parameters<typeof signMessage>[1] }>;
}

/** Tries one thing that nobody may do. What it answers is of no interest. */
export type Forgery = (forger: Forger) => Promise<Result<unknown>>;

export const nothingToForge = (): Result<never> => fail('E_NOT_FOUND', 'WAL-3', 'nothing there to forge');

/** A chain at a state upon which to forge. */
export interface Ground {
  readonly chain: ChainId;
  readonly tip: Body;
  readonly tree: Tree;
}

/** A signed state with all that a node needs for it, whether or not it is allowed. */
export interface Forged extends Package {
  readonly transition: Transition;
  /** Everything that it was made of, proofs of the parent included. */
  readonly overlay: readonly BundleItem[];
}

/** Drafts and signs; fails where the rules themselves refuse. */
export async function forgeState(
  { device }: Forger,
  ground: Ground,
  operation: Operation,
  items: readonly BundleItem[] = [],
): Promise<Result<Forged>> {
  const { result } = await runWith(device, items, (context) =>
    draftTransition(context, ground.tip, operation, ground.tree),
  );
  if (!result.ok) return result;
  const transition = result.value;
  const { authority, hash, body } = transition;
  if (authority === null) return fail('E_SIGNATURE', 'CHN-12', 'nobody signs this');
  const signature = signMessage(device.suite, device.key.secretKey, authority.purpose, authority.message(hash));
  const held = { chain: ground.chain, tip: ground.tip, tree: ground.tree, record: undefined as never };
  const overlay: readonly BundleItem[] = [
    ...items,
    ...itemsOfDraft({ held, transition, overlay: items }),
    { type: 'signature', purpose: authority.purpose, subject: hash, position: 0, signature },
  ];
  const { result: checked, used } = await runAlone(device, overlay, (context) => verifySubmission(context, hash));
  // What the sender's own check refuses is sent all the same, with everything.
  const sent = checked.ok ? used : overlay;
  return ok({ hash, body, operation, items: sent, transition, overlay });
}

/** The state brought to the nodes until it is final, and told to all of them. */
export async function pushState(forger: Forger, forged: Forged): Promise<Result<Certificate>> {
  const { device } = forger;
  const { outcome } = await gatherCertificate(device, forged);
  if (outcome.ok) await spreadFinal(device, { ...forged, certificate: outcome.value });
  return outcome;
}

export async function forgeAndPush(
  forger: Forger,
  ground: Ground,
  operation: Operation,
  items: readonly BundleItem[] = [],
): Promise<Result<Certificate>> {
  const forged = await forgeState(forger, ground, operation, items);
  return forged.ok ? pushState(forger, forged.value) : forged;
}

/** The state shown to each node once, with these votes; whatever the nodes say. */
export async function showState({ device }: Forger, forged: Package, votes: readonly Receipt[] = []) {
  const { hash, items } = forged;
  const body = encodeWith(submissionCodec(device.suite), { state: hash, items, votes });
  return Promise.all(device.network.nodes.map((_, node) => device.transport.request(node, ROUTES.submit, body)));
}

/** A certificate shown to all nodes. */
export async function showFinal(
  { device }: Forger,
  certificate: Certificate,
  items: readonly BundleItem[],
): Promise<Result<unknown>> {
  const body = encodeWith(finalRequestCodec(device.suite), { certificate, items });
  const answers = await Promise.all(
    device.network.nodes.map((_, node) => device.transport.request(node, ROUTES.final, body)),
  );
  return answers.find((answer) => answer.ok) ?? answers[0] ?? nothingToForge();
}
