import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { endAll, start, until } from './support/processes.ts';
import { openShop, openWorld, PASSPHRASE, type World } from './support/world.ts';

// Commands and nodes are processes or share one with everything else: slow on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await openWorld({ marginMs: 600_000 });
  await openShop(world);
  await world.ask('alice', 'reserve', 'till', '5', 'MEAL', '--until', '1h');
  await world.ask('alice', 'offer', 'till', '1.50', 'MEAL', '--out', world.path('1'));
  await world.ask('till', 'accept', world.path('1'), '--out', world.path('2'));
  await world.ask('alice', 'commit', world.path('2'), '--out', world.path('3'));
  await world.ask('till', 'receive', world.path('3'));
});
afterAll(async () => {
  await endAll();
  await world.close();
});

const keep = (offset: string) =>
  start(['keep', '--home', world.path('till')], { DSM_PASSPHRASE: PASSPHRASE, DSM_CLOCK_OFFSET: offset });

describe('RES-6, CLI-8: dsm keep', () => {
  test('warns from E - margin on when it cannot claim', async () => {
    await world.stopNodes();
    // The reservation ends in an hour, the margin is ten minutes.
    const running = keep('55m');
    await until(
      () => running.printed.stderr.includes('must be claimed by'),
      () => running.printed.stderr,
    );
    running.child.kill('SIGTERM');
    expect(await running.exit).toBe(0);
    expect(running.printed.stderr).toContain('or carry a claim (dsm claim)');
    await world.startNodes();
  });

  test('is silent while there is time, and lets other commands have the wallet', async () => {
    await world.stopNodes();
    const running = keep('0s');
    await until(
      () => running.printed.stderr.includes('E_UNREACHABLE'),
      () => running.printed.stderr,
    );
    expect(running.printed.stderr).not.toContain('must be claimed');
    expect(await world.ask('till', 'balance')).toMatchObject({ balances: [{ reserved: '1.50', available: '0.00' }] });
    running.child.kill('SIGINT');
    expect(await running.exit).toBe(0);
    await world.startNodes();
  });

  test('claims by itself once nodes answer', async () => {
    const running = keep('0s');
    const claimed = async (): Promise<boolean> => {
      const ran = await world.run('till', 'balance');
      return ran.stdout.includes('"reserved":"0.00"');
    };
    const deadlineMs = performance.now() + 25_000;
    while (!(await claimed()) && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    running.child.kill('SIGTERM');
    expect(await running.exit).toBe(0);
    expect(await world.ask('till', 'balance')).toMatchObject({ balances: [{ reserved: '0.00', available: '1.50' }] });
  });
});
