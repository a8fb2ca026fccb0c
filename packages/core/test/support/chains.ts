/** Chains whose operations mean nothing: only the links count. */
import {
  genesisBody,
  nextBody,
  stateHash,
  ZERO_HASH,
  type Body,
  type ChainKind,
  type CryptoSuite,
  type NetworkId,
  type Window,
} from '@dsm/core';
import { seed, suite as plainSuite } from '../../../../tests/kit/index.ts';

const WINDOW: Window = { from: 1_000, until: 2_000 };

export interface ChainOptions {
  readonly k?: number;
  readonly kind?: ChainKind;
  readonly name?: string;
  readonly suite?: CryptoSuite;
}

/** S_0 to S_{count-1}. */
export function makeChain(count: number, options: ChainOptions = {}): readonly [Body, ...Body[]] {
  const { k = 64, kind = 'account', name = 'a', suite = plainSuite } = options;
  const network = seed('network') as NetworkId;
  const genesis = genesisBody(suite, { kind, network, op: seed(name), window: WINDOW, root: ZERO_HASH });
  const rest: Body[] = [];
  let parent = genesis;
  let hash = stateHash(suite, parent);
  // One op and root for all: what differs between states is their place.
  const step = { op: seed(name, 'op'), window: WINDOW, root: seed(name, 'root'), k };
  for (let index = 1; index < count; index++) {
    parent = nextBody(suite, parent, step, hash);
    hash = stateHash(suite, parent);
    rest.push(parent);
  }
  return [genesis, ...rest];
}

/** Every field of a body with a value that it did not have; the version cannot be another one in memory. */
export const bodyMutations = (body: Body): readonly (readonly [keyof Body, Body])[] => [
  ['kind', { ...body, kind: body.kind === 'vault' ? 'half' : 'vault' }],
  ['network', { ...body, network: seed('other') as NetworkId }],
  ['chain', { ...body, chain: seed('other') as Body['chain'] }],
  ['index', { ...body, index: body.index + 1 }],
  ['prev', { ...body, prev: seed('other') as Body['prev'] }],
  ['entropy', { ...body, entropy: seed('other') }],
  ['precommit', { ...body, precommit: seed('other') }],
  ['op', { ...body, op: seed('other') }],
  ['window', { ...body, window: { from: body.window.from, until: body.window.until - 1 } }],
  ['root', { ...body, root: seed('other') }],
  ['skip', { ...body, skip: seed('other') as Body['skip'] }],
];
