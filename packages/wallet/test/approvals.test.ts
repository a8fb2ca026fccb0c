import { describe, expect, test } from 'vitest';
import { approveIssue, gatherApprovals, openIssue, proposeIssue } from '../src/account/approvals.ts';
import { createToken, mint } from '../src/account/token.ts';
import { addCustomer, balanceOf, befriend, expectCode, expectOk, makeScene, type Scene } from './support/scene.ts';
import type { Device } from '../src/device.ts';

interface Club {
  readonly scene: Scene;
  readonly treasurer: Device;
  readonly members: readonly [Device, Device];
}

async function makeClub(): Promise<Club> {
  const scene = await makeScene();
  const join = async (name: string): Promise<Device> => (await addCustomer(scene, name)).device;
  const treasurer = await join('treasurer');
  const members = [await join('ann'), await join('ben')] as const;
  for (const member of members) await befriend(treasurer, member);
  return { scene, treasurer, members };
}

describe('VAL-11: issuing together', () => {
  test('the treasurer proposes, two approve a copy each, the treasurer mints', async () => {
    const { treasurer, members } = await makeClub();
    const approvers = [...members.map(({ account }) => account), treasurer.account];
    const options = { symbol: 'CLUB', decimals: 0, cap: 1_000n, approvers, threshold: 2 };
    const { token } = expectOk(await createToken(treasurer, options));
    const proposal = expectOk(await proposeIssue(treasurer, token, 100n));
    const files: Uint8Array[] = [];
    for (const member of members) files.push(expectOk(await approveIssue(member, proposal)).file);
    expectCode(await gatherApprovals(treasurer, token, 100n, files.slice(0, 1)), 'E_PENDING');
    expectCode(await gatherApprovals(treasurer, token, 99n, files), 'E_MISMATCH');
    expectCode(await mint(treasurer, token, 100n), 'E_INCOMPLETE');
    const approvals = expectOk(await gatherApprovals(treasurer, token, 100n, files));
    expectOk(await mint(treasurer, token, 100n, { approvals }));
    expect(await balanceOf(treasurer, token)).toMatchObject({ available: 100n });
    // The total has moved on: the same approvals are for another one.
    expectCode(await gatherApprovals(treasurer, token, 100n, files), 'E_MISMATCH');
  });

  test('one file may go from hand to hand, and is repeated without harm', async () => {
    const { treasurer, members } = await makeClub();
    const options = { symbol: 'CLUB', decimals: 0, cap: 1_000n, approvers: members.map(({ account }) => account) };
    const { token } = expectOk(await createToken(treasurer, options));
    const proposal = expectOk(await proposeIssue(treasurer, token, 5n));
    const first = expectOk(await approveIssue(members[0], proposal)).file;
    const both = expectOk(await approveIssue(members[1], first)).file;
    expect(expectOk(await approveIssue(members[1], both)).file).toEqual(both);
    expect(expectOk(openIssue(treasurer, both)).approved).toEqual([0, 1]);
    const approvals = expectOk(await gatherApprovals(treasurer, token, 5n, [both]));
    expectOk(await mint(treasurer, token, 5n, { approvals }));
  });

  test('who is no approver cannot approve, and what needs no approval is not proposed', async () => {
    const { scene, treasurer, members } = await makeClub();
    const options = { symbol: 'CLUB', decimals: 0, cap: 9n, approvers: [members[0].account] };
    const { token } = expectOk(await createToken(treasurer, options));
    const proposal = expectOk(await proposeIssue(treasurer, token, 1n));
    expectCode(await approveIssue(members[1], proposal), 'E_SIGNATURE');
    expectCode(await approveIssue(members[0], proposal.slice(0, -1)), 'E_ENCODING');
    expectCode(await proposeIssue(treasurer, scene.token, 1n), 'E_TOKEN');
    const { device: stranger } = await addCustomer(scene, 'stranger');
    expectCode(await createToken(treasurer, { ...options, approvers: [stranger.account] }), 'E_CONTACT');
    const plain = expectOk(await createToken(treasurer, { symbol: 'PLAIN', decimals: 0, cap: 9n }));
    expectCode(await proposeIssue(treasurer, plain.token, 1n), 'E_TOKEN');
    expect(expectOk(await gatherApprovals(treasurer, plain.token, 1n, []))).toEqual([]);
  });
});
