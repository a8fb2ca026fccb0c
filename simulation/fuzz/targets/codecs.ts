/** The codecs of core: what every byte of a file, a message, a request or an answer goes through. */
import * as core from '@dsm/core';
import type { BundleItem, Codec, Item } from '@dsm/core';
import { seed } from '../../../tests/kit/index.ts';
import { certify, certifyByAcks, makeReceipt, type Place } from '../../../tests/kit/index.ts';
import type { World } from '../seeds/world.ts';
import { codecTarget, type Target } from './target.ts';

const anyItem: Codec<Item> = { toItem: (item) => item, fromItem: (item) => core.ok(item) };

/** Genuine operations of every kind. */
export function operationsOf({ net, voids }: World): readonly core.Operation[] {
  const items = [...net.items.values(), ...voids.flatMap((one) => one.items)];
  return items.flatMap((item) => (item.type === 'operation' ? [item.operation] : []));
}

const bodiesOf = ({ net }: World): readonly core.Body[] => [
  ...new Set([...net.items.values()].flatMap((item) => (item.type === 'body' ? [item.body] : []))),
];

const operationsAs = <K extends core.Operation['kind']>(world: World, kind: K): core.OperationOf[K][] =>
  operationsOf(world).flatMap((one) => (one.kind === kind ? [one.operation as core.OperationOf[K]] : []));

const witnessesOf = (items: readonly BundleItem[]): readonly core.Tree[] =>
  items.flatMap((item) => (item.type === 'witness' ? [item.tree] : []));

/** The parts that codecs are built from, each with the bounds that the protocol uses. */
function combinators(world: World): readonly Target[] {
  const { amount, bytes, flag, hash, label, list, literal, optional, record, uint, variant } = core;
  type Two = { readonly type: 'a'; readonly n: number } | { readonly type: 'b'; readonly text: string };
  return [
    codecTarget('decodeItem', anyItem, [
      [0, 23, 24, 2 ** 53 - 1, 2n ** 64n, 'text', world.token, null, [[]]],
      [[[[[[[[]]]]]]]],
      '',
    ]),
    codecTarget('uint', uint(), [0, 2 ** 53 - 1]),
    codecTarget('amount', amount, [0n, core.MAX_AMOUNT]),
    codecTarget('bytes', bytes(1, 64), [world.token]),
    codecTarget('hash', hash(), [world.token]),
    codecTarget('label', label(64, 1), ['caf\u00E9']),
    codecTarget('literal', literal(1), [1]),
    codecTarget('flag', flag, [true, false]),
    codecTarget('optional', optional(hash()), [null, world.token]),
    codecTarget('list', list(uint(), 8), [[], [1, 2]]),
    codecTarget('record', record<{ a: number; b: string }>({ a: uint(), b: label(8) }), [{ a: 1, b: 'x' }]),
    codecTarget('variant', variant<Two>({ a: [0, { n: uint() }], b: [1, { text: label(8) }] }), [
      { type: 'a', n: 1 },
      { type: 'b', text: 'x' },
    ]),
  ];
}

function chainCodecs(world: World): readonly Target[] {
  const { net, reservation, token } = world;
  const { suite } = net;
  const [account] = operationsAs(world, 'account');
  const terms = account?.type === 'genesis' ? [{ ...account }] : [];
  const halves = operationsAs(world, 'half').filter((one) => one.type === 'genesis');
  const policies = [...net.items.values()].flatMap((item) => (item.type === 'policy' ? [item.policy] : []));
  return [
    codecTarget('bodyCodec', core.bodyCodec, bodiesOf(world).slice(0, 8)),
    codecTarget('kindCodec', core.kindCodec, core.CHAIN_KINDS),
    codecTarget('windowCodec', core.windowCodec, [core.ALWAYS]),
    codecTarget('placeCodec', core.placeCodec, [{ chain: reservation.vault, index: 3 }]),
    codecTarget('tipCodec', core.tipCodec, [{ index: 3, hash: world.paid.hash }]),
    codecTarget('operationCodec', core.operationCodec, operationsOf(world)),
    codecTarget('identityOperationCodec', core.identityOperationCodec, operationsAs(world, 'identity')),
    codecTarget('accountOperationCodec', core.accountOperationCodec, operationsAs(world, 'account')),
    codecTarget('halfOperationCodec', core.halfOperationCodec, operationsAs(world, 'half')),
    codecTarget('vaultOperationCodec', core.vaultOperationCodec, operationsAs(world, 'vault')),
    codecTarget('accountTermsCodec', core.accountTermsCodec, terms),
    codecTarget('halfTermsCodec', core.halfTermsCodec, halves),
    codecTarget('reservationTermsCodec', core.reservationTermsCodec, [reservation.terms]),
    codecTarget('issuedCodec', core.issuedCodec, [{ minted: 5n, burned: 0n }]),
    codecTarget('outcomeCodec', core.outcomeCodec, ['delivered', 'refundDue', 'void']),
    codecTarget('policyCodec', core.policyCodec, policies),
    codecTarget('publicKeyCodec', core.publicKeyCodec, [world.alice.key.publicKey, world.slow.key.publicKey]),
    codecTarget('signatureCodec', core.signatureCodec, [new Uint8Array(2_420)]),
    codecTarget('bundleItemCodec', core.bundleItemCodec(suite), [
      ...world.paid.items,
      ...world.claimed.items,
      ...[...net.items.values()].filter(({ type }) => type === 'certificate' || type === 'policy').slice(0, 3),
    ]),
    codecTarget('bundleCodec', core.bundleCodec(suite), [world.paid.items, world.claimed.items, []]),
    codecTarget('forkCodec', core.forkCodec, [world.fork]),
    codecTarget('referenceCodec', core.referenceCodec, [{ salt: token.slice(0, 16), order: 'soup', refundOf: token }]),
    codecTarget('proposalCodec', core.proposalCodec, [world.agreement.proposal, world.provisional.proposal]),
    codecTarget('agreementCodec', core.agreementCodec, [world.agreement, world.provisional]),
    codecTarget('acceptanceCodec', core.acceptanceCodec, [{ accept: world.accepted.hash }]),
    codecTarget('acknowledgementCodec', core.acknowledgementCodec, [
      { state: world.paid.hash, half: world.payee.chain },
    ]),
    codecTarget('backupCodec', core.backupCodec, [backupOf(world)]),
    witnessTarget(world),
  ];
}

export function backupOf({ net, alice }: World): core.Backup {
  const plain = {
    network: net.network.id,
    account: alice.account,
    timeMs: 7,
    nonce: seed('nonce').slice(0, 24),
    sealed: seed('sealed'),
  };
  return { ...plain, digest: core.backupDigest(net.suite, plain) };
}

/** Witnesses have a codec of their own inside of bundles. */
function witnessTarget({ net, paid, claimed, run }: World): Target {
  const trees = witnessesOf([...paid.items, ...claimed.items, ...run[0].items]);
  const codec: Codec<core.Tree> = {
    toItem: (tree) => core.witnessToItem(tree),
    fromItem: (item) => core.witnessFromItem(net.suite, item),
  };
  return codecTarget('witnessFromItem', codec, [...trees, core.EMPTY_TREE]);
}

export const placeOf = ({ body, hash }: { readonly body: core.Body; readonly hash: core.StateHash }): Place => ({
  chain: body.chain,
  index: body.index,
  hash,
});

function wireCodecs(world: World): readonly Target[] {
  const { net, debit, alice, bob } = world;
  const { suite } = net;
  const place = placeOf(debit);
  const certificate = certify(net, place);
  const acks = certifyByAcks(net, place, 3);
  const receipt = makeReceipt(net, 1, { form: 'votes', round: 0, ...place });
  const { items } = debit;
  const { hash } = debit;
  const { id: _id, quorum: _quorum, ...description } = net.network;
  return [
    codecTarget('networkCodec', core.networkCodec, [description]),
    codecTarget('treeHeadCodec', core.treeHeadCodec, [receipt.head]),
    codecTarget('receiptCodec', core.receiptCodec, [receipt]),
    codecTarget('certificateCodec', core.certificateCodec, [certificate, acks]),
    codecTarget('submissionCodec', core.submissionCodec(suite), [{ state: hash, items, votes: [receipt] }]),
    codecTarget('submitAnswerCodec', core.submitAnswerCodec, [
      { type: 'vote', receipt },
      { type: 'final', certificate },
    ]),
    codecTarget('lockRequestCodec', core.lockRequestCodec(suite), [{ quorum: certificate, items }]),
    codecTarget('lockAnswerCodec', core.lockAnswerCodec, [
      { type: 'ack', receipt },
      { type: 'final', certificate: acks },
    ]),
    codecTarget('finalRequestCodec', core.finalRequestCodec(suite), [{ certificate, items }]),
    codecTarget('publishRequestCodec', core.publishRequestCodec(suite), [{ account: bob.account, items: bob.card }]),
    codecTarget('cardCodec', core.cardCodec(suite), [{ accounts: [bob.account], items: bob.card }]),
    codecTarget('chainTipCodec', core.chainTipCodec, [
      { index: 4, hash, certificate },
      { index: 0, hash, certificate: null },
    ]),
    codecTarget('stateAnswerCodec', core.stateAnswerCodec(suite), [{ state: hash, items }]),
    codecTarget('creditPageCodec', core.creditPageCodec, [
      {
        credits: [{ cursor: 1, source: alice.account, index: 4, output: 0, token: world.token, amount: 30n }],
        more: false,
      },
    ]),
    codecTarget('slotStatusCodec', core.slotStatusCodec(suite), [
      {
        state: 'final',
        promise: 0,
        vote: hash,
        quorum: certificate,
        final: certificate,
        seen: hash,
        seenMs: 5,
        items,
      },
    ]),
    codecTarget('evidenceListCodec', core.evidenceListCodec, [{ files: [Uint8Array.of(1)] }]),
    codecTarget('nodeHeadCodec', core.nodeHeadCodec, [{ node: 2, head: receipt.head }]),
    codecTarget('consistencyCodec', core.consistencyCodec, [{ first: 1, second: 3, proof: [hash] }]),
  ];
}

export const codecTargets = (world: World): readonly Target[] => [
  ...combinators(world),
  ...chainCodecs(world),
  ...wireCodecs(world),
];
