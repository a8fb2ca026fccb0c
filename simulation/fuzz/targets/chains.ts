/** Verifiers of states, chains, identities and reservations. */
import * as core from '@dsm/core';
import type { Body, BundleItem, ChainId, Codec, Result, StateHash } from '@dsm/core';
import { contextOf, stepContext, type TestStep } from '../../../tests/kit/index.ts';
import type { World } from '../seeds/world.ts';
import { backupOf } from './codecs.ts';
import { argumentTarget, judge, judgeValue, verifierTarget, type Case, type Target } from './target.ts';

const { bodyCodec, bytes, flag, hash, list, optional, record, uint, operationCodec, bundleCodec } = core;

const chainCodec = hash<ChainId>();
const stateCodec = hash<StateHash>();

export const treeCodecOf = (suite: core.CryptoSuite): Codec<core.Tree> => ({
  toItem: (tree) => core.witnessToItem(tree),
  fromItem: (item) => core.witnessFromItem(suite, item),
});

const bodyCase = ({ body, items }: TestStep): Case<Body> => [body, items];

/** Genesis and states of a chain of the world, in order. */
export function chainBodies({ net }: World, tip: Body): readonly Body[] {
  const bodies: Body[] = [tip];
  for (;;) {
    const [first] = bodies as [Body, ...Body[]];
    const parent = first.index === 0 ? undefined : contextOf(net).evidence.body(first.prev);
    if (!parent) return bodies;
    bodies.unshift(parent);
  }
}

function stepVerifiers(world: World): readonly Target[] {
  const { run, receiving, paid, accepted, claimed, released, debit, restored, voids } = world;
  const steps = [...run, receiving, paid, accepted, claimed, released, debit, restored, ...voids].map(bodyCase);
  const over = (name: string, verify: (context: core.Context, body: Body) => Result<unknown>): Target =>
    verifierTarget(world, name, bodyCodec, steps, verify);
  return [
    over('verifyDraft', core.verifyDraft),
    over('verifyTransition', core.verifyTransition),
    over('verifyAuthority', (context, body) => {
      const draft = core.verifyDraft(context, body);
      return draft.ok ? core.verifyAuthority(context, draft.value) : draft;
    }),
    over('operationOf', core.operationOf),
    over('requireFinal', core.requireFinal),
    over('verifyShownLinks', core.verifyShownLinks),
    verifierTarget(
      world,
      'verifyRun',
      record<{ body: Body; signed: boolean }>({ body: bodyCodec, signed: flag }),
      run.flatMap(({ body }) =>
        [true, false].map((signed) => [{ body, signed }, run.flatMap(({ items }) => items)] as const),
      ),
      (context, { body, signed }) => core.verifyRun(context, body, signed),
    ),
    draftTarget(world),
  ];
}

interface Draft {
  readonly parent: Body;
  readonly operation: core.Operation;
  readonly tree: core.Tree;
}

/** The rules of every operation, with any operation on any leaves: no hash stands in the way of a mutation. */
function draftTarget(world: World): Target {
  const { net, run, receiving, paid, accepted, claimed, released, debit, reservation, restored, voids } = world;
  const codec = record<Draft>({ parent: bodyCodec, operation: operationCodec, tree: treeCodecOf(net.suite) });
  const own = [...run, receiving, paid, accepted, claimed, released, debit, restored, ...voids];
  const steps = [...own, reservation.funding];
  const earlier = chainBodies(world, world.canteen.tip).flatMap((body) => operationAt(world, body));
  const draft = (operation: core.Operation, { parent, tree }: Omit<Draft, 'operation'>): Draft => ({
    parent,
    operation,
    tree,
  });
  const cases = [
    ...steps.flatMap((step) => {
      const parent = step.items.find((item) => item.type === 'body');
      const witness = step.items.find((item) => item.type === 'witness');
      if (parent?.type !== 'body' || witness?.type !== 'witness') return [];
      return [[draft(step.operation, { parent: parent.body, tree: witness.tree }), step.items] as const];
    }),
    ...earlier.map(
      (operation) => [draft(operation, { parent: world.canteen.tip, tree: world.canteen.tree }), []] as const,
    ),
  ];
  return verifierTarget<Draft>(world, 'draftTransition', codec, cases, (context, { parent, operation, tree }) =>
    core.draftTransition(context, parent, operation, tree),
  );
}

function operationAt({ net }: World, body: Body): readonly core.Operation[] {
  const operation = contextOf(net).evidence.operation(body.op);
  return operation ? [operation] : [];
}

function genesisVerifiers(world: World): readonly Target[] {
  const { alice, slow, payer, reservation, net } = world;
  const kinds = record<{ body: Body; kind: core.ChainKind }>({ body: bodyCodec, kind: core.kindCodec });
  const genesisOf = (chain: ChainId): Body => contextOf(net).evidence.genesis(chain) as Body;
  const chains = [alice.account, alice.identity, payer.chain, reservation.vault];
  const geneses = chains.map(genesisOf);
  const none: readonly BundleItem[] = [];
  const places = record<core.Place>({ chain: chainCodec, index: uint() });
  const place = { chain: world.debit.body.chain, index: world.debit.body.index };
  return [
    verifierTarget(
      world,
      'verifyGenesis',
      kinds,
      geneses.map((body) => [{ body, kind: body.kind }, none]),
      (context, { body, kind }) => core.verifyGenesis(context, body, kind),
    ),
    argumentTarget('verifyGenesisBody', bodyCodec, geneses, (body) => judge(core.verifyGenesisBody(net.suite, body))),
    argumentTarget(
      'requireTerms',
      record<{ body: Body; terms: core.Operation }>({ body: bodyCodec, terms: operationCodec }),
      geneses.flatMap((body) => operationAt(world, body).map((terms) => ({ body, terms }))),
      ({ body, terms }) => judge(core.requireTerms(net.suite, body, terms)),
    ),
    verifierTarget(
      world,
      'verifyIdentity',
      chainCodec,
      [
        [alice.identity, none],
        [slow.identity, none],
      ],
      core.verifyIdentity,
    ),
    verifierTarget(
      world,
      'verifyAccountGenesis',
      chainCodec,
      [
        [alice.account, none],
        [slow.account, none],
      ],
      core.verifyAccountGenesis,
    ),
    verifierTarget(world, 'verifyHalf', chainCodec, [[payer.chain, none]], core.verifyHalf),
    verifierTarget(world, 'verifyReservation', chainCodec, [[reservation.vault, none]], core.verifyReservation),
    verifierTarget(world, 'finalHash', places, [[place, none]], (context, { chain, index }) =>
      core.finalHash(context, chain, index),
    ),
    verifierTarget(world, 'finalState', places, [[place, none]], (context, { chain, index }) =>
      core.finalState(context, chain, index),
    ),
    verifierTarget(
      world,
      'verifyTotal',
      record<{ vault: ChainId; terms: core.VaultGenesis; total: bigint }>({
        vault: chainCodec,
        terms: core.reservationTermsCodec,
        total: core.amount,
      }),
      [[{ vault: reservation.vault, terms: reservation.terms, total: 125n }, world.claimed.items]],
      (context, { vault, terms, total }) => core.verifyTotal(context, vault, terms, total),
    ),
  ];
}

function chainVerifiers(world: World): readonly Target[] {
  const { net, run, accepted, reservation } = world;
  const { suite } = net;
  const bodies = list(bodyCodec, 200);
  const account = chainBodies(world, run[1].body);
  const [genesis] = account as readonly [Body];
  const hashOf = (body: Body): StateHash => core.stateHash(suite, body);
  const hereThere = record<{ parent: Body; next: Body; k: number | null }>({
    parent: bodyCodec,
    next: bodyCodec,
    k: optional(uint()),
  });
  const many = record<{ bodies: readonly Body[]; m: number; k: number }>({ bodies, m: uint(), k: uint() });
  const last = account.at(-1) as Body;
  const walk = { bodies: account, m: last.index, k: 64 };
  const reader =
    (states: readonly Body[]): core.BodyReader =>
    (index) =>
      states[index];
  return [
    verifierTarget(
      world,
      'verifyProvenance',
      stateCodec,
      [
        [run[0].hash, []],
        [hashOf(reservation.tip), world.totals],
        [accepted.hash, []],
      ],
      core.verifyProvenance,
    ),
    argumentTarget(
      'verifyLink',
      hereThere,
      account.slice(1, 4).map((next, i) => ({ parent: account[i] as Body, next, k: 64 })),
      ({ parent, next, k }) => judge(core.verifyLink(suite, parent, next, k ?? undefined)),
    ),
    argumentTarget(
      'verifyLinks',
      record<{ bodies: readonly Body[]; k: number | null }>({ bodies, k: optional(uint()) }),
      [{ bodies: account, k: 64 }],
      (all) => judge(core.verifyLinks(suite, all.bodies, all.k ?? undefined)),
    ),
    argumentTarget(
      'verifyCheckpoints',
      record<{ tip: Body; checkpoints: readonly Body[]; k: number }>({
        tip: bodyCodec,
        checkpoints: bodies,
        k: uint(),
      }),
      [{ tip: last, checkpoints: [genesis], k: 64 }],
      ({ tip, checkpoints, k }) => judge(core.verifyCheckpoints(suite, tip, checkpoints, k)),
    ),
    argumentTarget('traverse', many, [walk], (all) => judge(core.traverse(suite, reader(all.bodies), all.m, all.k))),
    argumentTarget(
      'lookUp',
      record<{ bodies: readonly Body[]; checkpoint: StateHash; m: number; k: number }>({
        bodies,
        checkpoint: stateCodec,
        m: uint(),
        k: uint(),
      }),
      [{ ...walk, checkpoint: hashOf(genesis) }],
      (all) => judge(core.lookUp(suite, reader(all.bodies), all.checkpoint, all.m, all.k)),
    ),
  ];
}

function halfVerifiers(world: World): readonly Target[] {
  const { payer, payee } = world;
  const states = list(record<core.HalfState>({ body: bodyCodec, operation: operationCodec }), 100);
  const halfOf = (tip: Body): readonly core.HalfState[] =>
    chainBodies(world, tip).flatMap((body) => operationAt(world, body).map((operation) => ({ body, operation })));
  const first = halfOf(payer.tip);
  const second = halfOf(payee.tip);
  return [
    verifierTarget(
      world,
      'replayHalf',
      states,
      [
        [first, []],
        [second, []],
      ],
      core.replayHalf,
    ),
    verifierTarget(
      world,
      'relationshipPairs',
      record<{ first: readonly core.HalfState[]; second: readonly core.HalfState[] }>({
        first: states,
        second: states,
      }),
      [[{ first, second }, []]],
      (context, halves) => core.relationshipPairs(context, halves.first, halves.second),
    ),
  ];
}

function treeVerifiers(world: World): readonly Target[] {
  const { net, alice, run } = world;
  const { suite } = net;
  const tree = treeCodecOf(suite);
  const path = hash();
  const context = stepContext(net, run[0]);
  const parent = context.evidence.body(run[0].body.prev) as Body;
  const witness = context.evidence.witness(parent.root) as core.Tree;
  const touched = core.listLeaves(witness).map((leaf) => leaf.path);
  const first = touched[0] as Uint8Array;
  return [
    argumentTarget(
      'isMinimalWitness',
      record<{ tree: core.Tree; touched: readonly Uint8Array[] }>({ tree, touched: list(path, 64) }),
      [{ tree: witness, touched }],
      (all) => judgeValue(core.isMinimalWitness(all.tree, all.touched)),
    ),
    argumentTarget(
      'getLeaf',
      record<{ tree: core.Tree; path: Uint8Array }>({ tree, path }),
      [
        { tree: witness, path: first },
        { tree: alice.tree, path: first },
      ],
      (all) => judge(core.getLeaf(all.tree, all.path)),
    ),
    argumentTarget(
      'setLeaf',
      record<{ tree: core.Tree; path: Uint8Array; value: Uint8Array }>({ tree, path, value: bytes(0, 4_096) }),
      [{ tree: witness, path: first, value: Uint8Array.of(0) }],
      (all) => judge(core.setLeaf(suite, all.tree, all.path, all.value)),
    ),
  ];
}

export const chainTargets = (world: World): readonly Target[] => [
  ...stepVerifiers(world),
  ...genesisVerifiers(world),
  ...chainVerifiers(world),
  ...halfVerifiers(world),
  ...treeVerifiers(world),
  argumentTarget('verifyBackup', core.backupCodec, [backupOf(world)], (backup) =>
    judge(core.verifyBackup(world.suite, backup)),
  ),
  argumentTarget('openBundle', bundleCodec(world.suite), [world.paid.items], (items) =>
    judge(core.openBundle(world.suite, items)),
  ),
  argumentTarget('requireNoSurplus', bundleCodec(world.suite), [[], world.paid.items], (items) => {
    const bundle = core.openBundle(world.suite, items);
    return judge(bundle.ok ? core.requireNoSurplus(bundle.value) : bundle);
  }),
];
