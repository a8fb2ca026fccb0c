/**
 * Chains repeated from their geneses with the pure verifier, each state once: a state counts as verified when its
 * genesis, every link, every operation on the leaves before it, every signature and every certificate on the way does.
 */
import {
  draftTransition,
  equalBytes,
  evidenceFrom,
  fail,
  itemNames,
  makeGenesis,
  missing,
  ok,
  requireFinal,
  stateHash,
  toHex,
  verifyAuthority,
  verifyCertificate,
  verifyGenesisBody,
  verifyHalf,
  verifyLink,
  verifyOnce,
  type Body,
  type BundleItem,
  type Context,
  type CryptoSuite,
  type Finder,
  type KnownFinal,
  type Network,
  type Result,
  type StateHash,
  type Transition,
  type Tree,
} from '@dsm/core';
import { overlaid } from './holdings.ts';

interface Verified {
  readonly body: Body;
  /** All leaves after this state. */
  readonly tree: Tree;
}

export interface Replayer {
  contextOf(find: Finder): Context;
  /** A state and everything below it, as far as this reader has not verified it before. */
  verify(reader: string, find: Finder, state: StateHash): Result<Body>;
}

/** `attached`: items that a state needs in this very form, where others go by the same name. */
export function createReplayer(
  realSuite: CryptoSuite,
  network: Network,
  attached: (state: string) => readonly BundleItem[],
): Replayer {
  const suite = verifyOnce(realSuite);
  const trees = new Map<string, Verified>();
  const readers = new Map<string, Set<string>>();

  /** Certificates that these items show, each verified once; nothing is known to be final otherwise. */
  const finals = new WeakMap<object, StateHash>();
  const contextOf = (find: Finder): Context => {
    const plain = evidenceFrom(find);
    const known: KnownFinal = (chain, index) => {
      const item = find(itemNames.certificate(chain, index));
      if (item?.type !== 'certificate') return undefined;
      const before = finals.get(item.certificate);
      if (before) return before;
      const { certificate } = item;
      if (!equalBytes(certificate.chain, chain) || certificate.index !== index) return undefined;
      if (!verifyCertificate({ suite, network }, certificate).ok) return undefined;
      finals.set(certificate, certificate.hash);
      return certificate.hash;
    };
    return { suite, network, evidence: { ...plain, knownFinal: known } };
  };

  const begin = (context: Context, body: Body): Result<Verified> => {
    const genesis = verifyGenesisBody(suite, body);
    if (!genesis.ok) return genesis;
    const valid = body.kind === 'half' ? verifyHalf(context, body.chain) : requireFinal(context, body);
    if (!valid.ok) return valid;
    const operation = context.evidence.operation(body.op);
    if (!operation) return missing('operation', body.op);
    const made = makeGenesis(suite, network.id, operation);
    return equalBytes(stateHash(suite, made.body), stateHash(suite, body))
      ? ok({ body, tree: made.tree })
      : fail('E_CHAIN', 'CHN-4', 'the genesis does not follow from its operation');
  };

  /** Of a chain with one writer a signature covers what lies below it (rule REL-13). */
  const step = (context: Context, parent: Verified, body: Body, isCovered: boolean): Result<Transition> => {
    const link = verifyLink(suite, parent.body, body);
    if (!link.ok) return link;
    const operation = context.evidence.operation(body.op);
    if (!operation) return missing('operation', body.op);
    const next = draftTransition(context, parent.body, operation, parent.tree);
    if (!next.ok) return next;
    if (!equalBytes(next.value.hash, stateHash(suite, body))) {
      return fail('E_LINK', 'CHN-11', `state ${body.index} is not the one that follows`);
    }
    const signed = verifyAuthority(context, next.value);
    return signed.ok || (isCovered && signed.error.code === 'E_INCOMPLETE') ? next : signed;
  };

  /** Bodies from the newest verified one on, exclusive, and that one. */
  const descend = (context: Context, known: ReadonlySet<string>, state: StateHash): Result<readonly Body[]> => {
    const path: Body[] = [];
    for (let hash = state; !known.has(toHex(hash));) {
      const body = context.evidence.body(hash);
      if (!body) return missing('body', hash);
      if (!equalBytes(stateHash(suite, body), hash)) return fail('E_LINK', 'CHN-3', 'a body under a wrong name');
      path.push(body);
      if (body.index === 0) break;
      hash = body.prev;
    }
    return ok(path.toReversed());
  };

  return {
    contextOf,
    verify(reader, find, state) {
      const context = contextOf(find);
      const known = readers.get(reader) ?? new Set<string>();
      readers.set(reader, known);
      const path = descend(context, known, state);
      if (!path.ok) return path;
      const top = path.value.at(-1);
      for (const body of path.value) {
        const name = toHex(stateHash(suite, body));
        const parent = trees.get(toHex(body.prev));
        let verified: Verified;
        if (body.index === 0) {
          const begun = begin(context, body);
          if (!begun.ok) return begun;
          verified = begun.value;
        } else {
          if (!parent) return fail('E_INTERNAL', 'CHN-13', 'a verified state has no leaves');
          const extra = attached(name);
          const own = extra.length > 0 ? contextOf(overlaid(suite, extra, find)) : context;
          const next = step(own, parent, body, body.kind === 'half' && body !== top);
          if (!next.ok) return next;
          verified = { body, tree: next.value.tree };
        }
        trees.set(name, verified);
      }
      for (const body of path.value) known.add(toHex(stateHash(suite, body)));
      const reached = trees.get(toHex(state));
      return reached ? ok(reached.body) : fail('E_INTERNAL', 'CHN-13', 'nothing was verified');
    },
  };
}
