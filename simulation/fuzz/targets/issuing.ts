/** Tokens that several issue, and anchors. */
import * as core from '@dsm/core';
import type { BundleItem } from '@dsm/core';
import { makePolicy, signItem } from '../../../tests/kit/index.ts';
import type { World } from '../seeds/world.ts';
import { codecTarget, verifierTarget, type Target } from './target.ts';

export function issuingTargets(world: World): readonly Target[] {
  const { net, canteen, alice } = world;
  const approvers = [canteen.key.publicKey, alice.key.publicKey];
  const { token, policy, item } = makePolicy(net, canteen, { symbol: 'JOINT', approvers, threshold: 1 });
  const proposal: core.IssueProposal = { token, minted: 500n };
  const subject = core.issueDigest(net.suite, token, proposal.minted);
  const message = core.issueMessage(net, policy, token, proposal.minted);
  const approval: BundleItem = signItem(net, canteen.key, 'issue', subject, message);
  const cases = [
    [proposal, [item]],
    [proposal, [item, approval]],
  ] as const;
  return [
    codecTarget('issueProposalCodec', core.issueProposalCodec, [proposal]),
    codecTarget('anchoredCodec', core.anchoredCodec, [{ index: 3, value: subject }]),
    verifierTarget(world, 'verifyIssue', core.issueProposalCodec, cases, core.verifyIssue),
  ];
}
