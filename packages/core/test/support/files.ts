/** One file of every kind, each with a history behind it: what a device would write. */
import {
  backupDigest,
  itemNames,
  orderFork,
  stateHash,
  stateMessage,
  verifyAccept,
  verifyAccountGenesis,
  verifyAck,
  verifyCommit,
  verifyFork,
  verifyOffer,
  verifyProvenance,
  verifyRequest,
  verifySubmission,
  type BundleItem,
  type ChainId,
  type StateHash,
} from '@dsm/core';
import {
  claim,
  copyDevice,
  makeDevice,
  seed,
  signClaim,
  signItem,
  signTransfer,
  totalItems,
  type TestNetwork,
  type TestStep,
} from '../../../../tests/kit/index.ts';
import {
  accept,
  agreementOf,
  copyHalf,
  fileOf,
  makeExchange,
  pay,
  payProvisionally,
  proposalOf,
  type Exchange,
  type TestFile,
} from './exchange.ts';
import { makeMachineFiles } from './machine-files.ts';

export interface NamedFile {
  readonly name: string;
  readonly file: TestFile;
  /** What `verifyFile` finds. */
  readonly findings: Readonly<Record<string, unknown>>;
  /** Names of items that come along as the sender likes: older states (REL-13), certificates of a chain's own states. */
  readonly optional: readonly string[];
}

export interface Files {
  readonly exchange: Exchange;
  readonly net: TestNetwork;
  readonly files: readonly NamedFile[];
}

export function makeFiles(): Files {
  const exchange = makeExchange();
  const { net, alice, bob, token, payer, payee, reservation } = exchange;
  const { network, suite } = net;
  const goodUntil = reservation.terms.until - network.marginMs;
  const twin = copyDevice(alice);

  // Two payments that are over, so that older states come along with the third.
  for (const amount of [100n, 50n]) accept(exchange, pay(exchange, amount));
  claim(net, reservation, payer);
  const before = { ...exchange, payer: copyHalf(payer) };
  const third = pay(exchange, 25n, { order: 'caf\u00E9' });
  const accepted = accept(exchange, third, {}, [{ precommit: seed('earlier'), outcome: 'delivered' }]);
  const reserved = agreementOf(exchange, third, accepted);
  const both = [...third.items, ...accepted.items];
  const ack = signItem(
    net,
    bob.key,
    'ack',
    third.hash,
    stateMessage(net, third.body.chain, third.body.index, third.hash),
  );

  const claimed = signClaim(net, { ...reservation }, payer);
  const slow = makeDevice(net, 'slow', { algorithm: 'slh-dsa-sha2-128f' });

  const run = [payProvisionally(exchange, 10n), payProvisionally(exchange, 20n)] as const;
  const runItems = run.flatMap(({ items }) => items);
  const provisionalAccept = accept({ ...exchange, payee: copyHalf(payee) }, run[1]);
  const provisional = agreementOf(exchange, run[1], provisionalAccept);
  const settleBy = run[0].body.window.until;
  const rival = signTransfer(net, twin, bob.account, token, 99n);
  const above = signTransfer(net, twin, bob.account, token, 98n);

  const shared = makeMachineFiles(net);
  const sealed = {
    network: network.id,
    account: alice.account,
    timeMs: 7,
    nonce: seed('n').slice(0, 24),
    sealed: seed('s'),
  };
  const totals: readonly BundleItem[] = totalItems(net, before.payer, reservation.vault);
  const named = (
    name: string,
    file: TestFile,
    findings: NamedFile['findings'],
    optional: readonly string[] = [],
  ): NamedFile => ({ name, file, findings, optional });
  // Their operations, and the bodies below the parent of the state shown, which is needed itself.
  const olderThan = (index: number, ...halves: readonly (typeof payer)[]): readonly string[] =>
    halves.flatMap(({ states }) =>
      states.slice(1, index).flatMap(({ body }) => {
        const operation = itemNames.operation(body.op);
        return body.index < index - 1 ? [itemNames.body(stateHash(suite, body)), operation] : [operation];
      }),
    );
  const older = olderThan(3, payer, payee);
  const certificates = (chain: ChainId, tip: number): readonly string[] =>
    Array.from({ length: tip }, (_, i) => itemNames.certificate(chain, i + 1));

  const files = [
    named(
      'card',
      fileOf(net, 'card', { account: alice.account }, [], (c) => verifyAccountGenesis(c, alice.account)),
      { states: 2 },
    ),
    named(
      'card under SLH-DSA',
      fileOf(net, 'card', { account: slow.account }, [], (c) => verifyAccountGenesis(c, slow.account)),
      { states: 2 },
    ),
    named(
      'reserved offer',
      fileOf(net, 'offer', proposalOf(exchange, third), third.items, (c) =>
        verifyOffer(c, proposalOf(exchange, third)),
      ),
      { states: 1 },
      older,
    ),
    named(
      'provisional offer',
      fileOf(net, 'offer', provisional.proposal, runItems, (c) => verifyOffer(c, provisional.proposal)),
      { states: 2 },
    ),
    named(
      'accept',
      fileOf(net, 'accept', { accept: accepted.hash }, accepted.items, (c) => verifyAccept(c, accepted.hash)),
      { states: 1 },
      older,
    ),
    named(
      'request',
      fileOf(net, 'request', reserved, both, (c) => verifyRequest(c, reserved)),
      { states: 2 },
      older,
    ),
    named(
      'reserved commit',
      fileOf(net, 'commit', reserved, both, (c) => verifyCommit(c, reserved)),
      { grade: 'reserved', states: 2, goodUntil },
      older,
    ),
    named(
      'provisional commit',
      fileOf(net, 'commit', provisional, [...runItems, ...provisionalAccept.items], (c) =>
        verifyCommit(c, provisional),
      ),
      { grade: 'provisional', states: 3, goodUntil: settleBy },
      olderThan(4, payee),
    ),
    named(
      'ack',
      fileOf(net, 'ack', { state: third.hash, half: payee.chain }, [ack], (c) =>
        verifyAck(c, { state: third.hash, half: payee.chain }),
      ),
      { states: 1 },
    ),
    named(
      'claim',
      fileOf(net, 'claim', { state: claimed.hash }, claimed.items, (c) => verifySubmission(c, claimed.hash)),
      { states: 1 },
    ),
    named(
      'chain of an account',
      chainFile(net, run[0].hash, []),
      { grade: 'provisional', states: run[0].body.index + 1 },
      certificates(alice.account, run[0].body.index),
    ),
    named(
      'chain of a vault',
      chainFile(net, stateHash(suite, reservation.tip), totals),
      { grade: 'certified', states: 2 },
      certificates(reservation.vault, 1),
    ),
    named('chain of a half', chainFile(net, accepted.hash, []), { states: accepted.body.index + 1 }),
    named('evidence', evidenceFile(net, [run[0], rival], rival.body.index), { states: 2 }),
    named('evidence with links above the fork', evidenceFile(net, [run[1], above], rival.body.index), { states: 2 }),
    named(
      'backup',
      fileOf(net, 'backup', { ...sealed, digest: backupDigest(suite, sealed) }, [], () => {}),
      {},
    ),
    named('steps', shared.steps, { states: 4 }),
    named('machine', shared.machine, { states: 2 }),
  ];
  return { exchange, net, files };
}

const chainFile = (net: TestNetwork, tip: StateHash, own: readonly BundleItem[]): TestFile =>
  fileOf(net, 'chain', { tip }, own, (context) => verifyProvenance(context, tip));

function evidenceFile(net: TestNetwork, [a, b]: readonly [TestStep, TestStep], index: number): TestFile {
  const fork = orderFork(a.body.chain, index, a.hash, b.hash);
  return fileOf(net, 'evidence', fork, [], (context) => verifyFork(context, fork));
}
