/** CLI-9: what `unlock` says of what was decided and of what is left. */
import { stripVTControlCharacters } from 'node:util';
import { toHex, type ChainId, type StateHash } from '@dsm/core';
import type { Device, UnlockedSlot, UnlockReport } from '@dsm/wallet';
import { describe, expect, test } from 'vitest';
import { describeUnlocking } from '../src/commands/unlock.ts';

const account = new Uint8Array(32).fill(1) as ChainId;
const vault = new Uint8Array(32).fill(2) as ChainId;
const device = { account, clock: () => 0 } as unknown as Device;

const decided: UnlockedSlot = {
  chain: account,
  index: 3,
  hash: new Uint8Array(32).fill(3) as StateHash,
  round: 1,
  outcome: 'void',
};
const refused = { code: 'E_WINDOW', rule: 'NET-11', message: 'too early', place: { chain: vault, index: 4 } } as const;
const waits = { chain: account, index: 5, round: 2, atMs: 9_000 };

const told = (report: Partial<UnlockReport>) =>
  describeUnlocking(device, { unlocked: [], waiting: [], open: [], ...report });

describe('CLI-9: dsm unlock', () => {
  test('succeeds with what was decided once nothing is open', () => {
    const result = told({ unlocked: [decided] });
    expect(result).toMatchObject({ ok: true, value: { json: { unlocked: [{ index: 3 }], waiting: [], open: [] } } });
    expect(result.ok && result.value.failure).toBeUndefined();
  });

  test('tells what was decided beside what is left, and fails as that does', () => {
    const result = told({ unlocked: [decided], open: [refused] });
    if (!result.ok) throw new Error(result.error.message);
    const { json, lines, failure } = result.value;
    expect(json).toMatchObject({
      unlocked: [{ chain: toHex(account), index: 3, outcome: 'void' }],
      open: [{ code: 'E_WINDOW', message: 'too early', chain: toHex(vault), index: 4 }],
    });
    expect(failure).toMatchObject({ code: 'E_WINDOW', message: 'state 4 of 020202020202…: too early' });
    const text = stripVTControlCharacters(lines.join('\n'));
    expect(text).toContain('state 3 of your account came to nothing');
    expect(text).toContain('open: state 4 of 020202020202…: too early (E_WINDOW)');
    expect(text).toContain('clocks');
  });

  test('tells all that is left; what waits for a round comes first', () => {
    const result = told({ waiting: [waits], open: [refused] });
    expect(result).toMatchObject({
      ok: true,
      value: {
        json: { unlocked: [], waiting: [{ index: 5, round: 2 }], open: [{ code: 'E_WINDOW' }] },
        failure: { code: 'E_PENDING', message: expect.stringContaining('state 5 of your account') as string },
      },
    });
  });

  test('is a plain failure, with its place, where that is all there is', () => {
    expect(told({ open: [refused] })).toMatchObject({
      ok: false,
      error: { code: 'E_WINDOW', message: 'state 4 of 020202020202…: too early' },
    });
    expect(told({ waiting: [waits] })).toMatchObject({ ok: false, error: { code: 'E_PENDING', rule: 'WAL-13' } });
  });
});
