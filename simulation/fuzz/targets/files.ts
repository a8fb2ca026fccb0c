/** Whole files and messages: one genuine file of every kind and grade. */
import * as core from '@dsm/core';
import type { BundleItem, Context, FileContent, FileKind } from '@dsm/core';
import { signItem } from '../../../tests/kit/index.ts';
import { usedItems, type World } from '../seeds/world.ts';
import { backupOf } from './codecs.ts';
import { ACCEPTED, judge, judgeFailure, Violation, type Outcome, type Target } from './target.ts';

function fileOf<K extends FileKind>(
  world: World,
  kind: K,
  content: FileContent[K],
  own: readonly BundleItem[],
  verify: (context: Context) => unknown,
): Uint8Array {
  return core.encodeFile(world.suite, kind, content, usedItems(world, own, verify));
}

/** By name. */
export function genuineFiles(world: World): ReadonlyMap<string, Uint8Array> {
  const { net, alice, slow, agreement, provisional, paid, accepted, ack, claimed, run, runAccept, fork } = world;
  const { reservation, payee, totals } = world;
  const both = [...paid.items, ...accepted.items];
  const runItems = run.flatMap(({ items }) => items);
  const all = [...runItems, ...runAccept.items];
  const acknowledgement = { state: paid.hash, half: payee.chain };
  const vaultTip = core.stateHash(net.suite, reservation.tip);
  const [first] = run;
  return new Map<string, Uint8Array>([
    ['card', fileOf(world, 'card', alice, [], (c) => core.verifyAccountGenesis(c, alice.account))],
    ['card under SLH-DSA', fileOf(world, 'card', slow, [], (c) => core.verifyAccountGenesis(c, slow.account))],
    [
      'reserved offer',
      fileOf(world, 'offer', agreement.proposal, paid.items, (c) => core.verifyOffer(c, agreement.proposal)),
    ],
    [
      'provisional offer',
      fileOf(world, 'offer', provisional.proposal, runItems, (c) => core.verifyOffer(c, provisional.proposal)),
    ],
    [
      'accept',
      fileOf(world, 'accept', { accept: accepted.hash }, accepted.items, (c) => core.verifyAccept(c, accepted.hash)),
    ],
    ['request', fileOf(world, 'request', agreement, both, (c) => core.verifyRequest(c, agreement))],
    ['reserved commit', fileOf(world, 'commit', agreement, both, (c) => core.verifyCommit(c, agreement))],
    ['provisional commit', fileOf(world, 'commit', provisional, all, (c) => core.verifyCommit(c, provisional))],
    ['ack', fileOf(world, 'ack', acknowledgement, [ack], (c) => core.verifyAck(c, acknowledgement))],
    [
      'claim',
      fileOf(world, 'claim', { state: claimed.hash }, claimed.items, (c) => core.verifySubmission(c, claimed.hash)),
    ],
    [
      'chain of an account',
      fileOf(world, 'chain', { tip: first.hash }, [], (c) => core.verifyProvenance(c, first.hash)),
    ],
    ['chain of a vault', fileOf(world, 'chain', { tip: vaultTip }, totals, (c) => core.verifyProvenance(c, vaultTip))],
    [
      'chain of a half',
      fileOf(world, 'chain', { tip: accepted.hash }, [], (c) => core.verifyProvenance(c, accepted.hash)),
    ],
    ['evidence', fileOf(world, 'evidence', fork, [], (c) => core.verifyFork(c, fork))],
    ['backup', core.encodeFile(world.suite, 'backup', backupOf(world))],
    [
      'strange ack',
      fileOf(world, 'ack', acknowledgement, [strangeAck(world)], (c) => core.verifyAck(c, acknowledgement)),
    ],
  ]);
}

const strangeAck = ({ net, canteen, paid }: World): BundleItem =>
  signItem(net, canteen.key, 'ack', paid.hash, {
    network: net.network.id,
    chain: paid.body.chain,
    from: paid.body.index,
    to: paid.body.index,
    hash: paid.hash,
  });

/** What a verifier says must not depend on the order of the items (BND-2), nor on who asks before. */
function verifyBothWays(world: World, bytes: Uint8Array): Outcome {
  const { suite, net } = world;
  const verdict = core.verifyFile(suite, net.network, bytes);
  const file = core.decodeFile(suite, bytes);
  if (file.ok) {
    const { kind, content, items } = file.value;
    const turned = core.encodeFile(suite, kind, content, items.toReversed());
    const again = core.verifyFile(suite, net.network, turned);
    if (again.ok !== verdict.ok) throw new Violation('the verdict depends on the order of the items');
  }
  return verdict.ok
    ? { ...ACCEPTED, mark: `ok ${verdict.kind} ${verdict.findings.grade}` }
    : judgeFailure(verdict.error);
}

export function fileTargets(world: World): readonly Target[] {
  const { suite } = world;
  const seeds = [...genuineFiles(world).values()];
  const reread = (bytes: Uint8Array): Outcome => {
    const file = core.decodeFile(suite, bytes);
    if (!file.ok) return judge(file);
    const { kind, content, items } = file.value;
    if (!core.equalBytes(core.encodeFile(suite, kind, content, items), bytes)) {
      throw new Violation('encoded otherwise after decoding');
    }
    return { ...ACCEPTED, mark: `ok ${kind}` };
  };
  return [
    { name: 'decodeFile', input: 'item', seeds, run: reread },
    {
      name: 'decodeFileOf',
      input: 'item',
      seeds,
      run: (bytes) => judge(core.decodeFileOf(suite, 'commit', bytes)),
    },
    { name: 'verifyFile', input: 'item', seeds, run: (bytes) => verifyBothWays(world, bytes) },
  ];
}
