/** Tokens that several issue, that end, that do not go from hand to hand; early release; anchors: by real processes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, HEX, initWallets, introduce, openWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await initWallets(world, 'club', 'ann', 'ben');
  await introduce(world, ['club', 'ann'], ['club', 'ben'], ['ann', 'ben']);
});
afterAll(() => world.close());

describe('VAL-11: a token that two of three issue', () => {
  test('is proposed, approved twice and minted once', async () => {
    const create = 'token create CLUB --decimals 0 --max 1000 --approvers club,ann,ben --threshold 2';
    expect(await world.ask('club', create)).toMatchObject({ token: HEX, symbol: 'CLUB' });
    expect(await world.refuse('club', 'token mint CLUB 100')).toBe('E_PENDING');
    expect(await world.ask('club', 'token propose CLUB 100 --out 100.dsm')).toMatchObject({ threshold: 2 });
    expect(await world.ask('ann', 'token approve 100.dsm --out ann.dsm')).toMatchObject({ total: '100' });
    expect(await world.ask('ben', 'token approve 100.dsm --out ben.dsm')).toMatchObject({ symbol: 'CLUB' });
    expect(await world.verify('ben.dsm')).toEqual({ ok: true, kind: 'issue' });
    expect(await world.refuse('club', 'token mint CLUB 100 --approvals ann.dsm')).toBe('E_PENDING');
    expect(await world.refuse('club', 'token mint CLUB 101 --approvals ann.dsm,ben.dsm')).toBe('E_MISMATCH');
    await world.ask('club', 'token mint CLUB 100 --approvals ann.dsm,ben.dsm');
    expect(await balanceOf(world, 'club', 'CLUB')).toContain('100');
  });
});

describe('VAL-8: a ticket', () => {
  test('goes to its issuer and to nobody else, and is destroyed there', async () => {
    await world.ask('club', 'token create TICKET --decimals 0 --max 10 --not-transferable');
    await world.ask('club', 'token mint TICKET 2');
    await world.ask('club', 'pay ann 2 TICKET');
    await world.ask('ann', 'sync');
    expect(await world.refuse('ann', 'pay ben 1 TICKET')).toBe('E_TOKEN');
    await world.ask('ann', 'pay club 1 TICKET');
    await world.ask('club', 'sync');
    await world.ask('club', 'token burn TICKET 1');
    expect(await world.refuse('club', 'token mint TICKET 9')).toBe('E_CAP');
  });
});

describe('RES-7: early release', () => {
  test('what was paid is claimed, the rest comes back at once', async () => {
    await world.ask('club', 'token create MEAL --decimals 2 --max 1000');
    await world.ask('club', 'token mint MEAL 100');
    await world.ask('club', 'pay ann 50 MEAL');
    await world.ask('ann', 'sync');
    await world.ask('ann', 'reserve ben 20 MEAL');
    await world.ask('ann', 'offer ben 7.50 MEAL --out 1.dsm');
    await world.ask('ben', 'accept 1.dsm --out 2.dsm');
    await world.ask('ann', 'commit 2.dsm --out 3.dsm');
    await world.ask('ben', 'receive 3.dsm');
    expect(await world.ask('ben', 'close ann')).toMatchObject({ closed: [{ amount: '12.50', symbol: 'MEAL' }] });
    await world.ask('ann', 'sync');
    expect(await balanceOf(world, 'ann')).toContain('42.50');
    expect(await world.refuse('ann', 'offer ben 1 MEAL --out 4.dsm')).toBe('E_RESERVATION');
    expect(await world.refuse('ben', 'close ann')).toBe('E_NOT_FOUND');
  });
});

describe('VAL-10: an anchor', () => {
  test('is certified, and part of what the account proves', async () => {
    const anchored = await world.ask('ann', `anchor ${'5b'.repeat(32)}`);
    expect(anchored).toMatchObject({ grade: 'certified', hash: HEX });
    await world.ask('ann', 'export --out ann.chain');
    expect(await world.verify('ann.chain')).toMatchObject({ ok: true, kind: 'chain', grade: 'certified' });
    expect(await world.refuse('ann', 'anchor 5b5b')).toBe('E_USAGE');
  });
});
