/** Violations of what is true of value, made up, and each seen. */
import { tokenId, type ChainId, type Operation, type TokenId, type TokenPolicy, type Window } from '@dsm/core';
import { expect, test } from 'vitest';
import { timelyFinals, linkedFinals } from '../finality.ts';
import { claimsAreKept } from '../claims.ts';
import { claimsStand } from '../told.ts';
import { value } from '../value.ts';
import { inventFinals, judge, playScene, someHash, type Made, type Scene } from './kit.ts';
import { standInSuite } from '../../world/suite.ts';
import type { Stage } from '../../world/stage.ts';

const window: Window = { from: 0, until: 1 };
const issuer = someHash(1) as Uint8Array as ChainId;
const payer = someHash(2) as Uint8Array as ChainId;
const payee = someHash(3) as Uint8Array as ChainId;
const vault = someHash(4) as Uint8Array as ChainId;

const standInKey = standInSuite().signatureKeyPair('ml-dsa-44', new Uint8Array(32)).publicKey;

const policyOf = ({ world }: Stage): TokenPolicy => ({
  network: world.facts.id,
  issuer,
  symbol: 'MEAL',
  decimals: 2,
  cap: 100n,
  expiresAt: 0,
  transferable: true,
  approvers: [],
  threshold: 0,
  salt: new Uint8Array(16),
});

const account = (operation: object): Operation =>
  ({ kind: 'account', operation: { window, ...operation } }) as Operation;
const onVault = (operation: object): Operation => ({ kind: 'vault', operation: { window, ...operation } }) as Operation;

/** A token of which 100 were minted, 60 went to the payer and 50 of those into a reservation. */
function beginning(stage: Stage): { readonly token: TokenId; readonly states: Made[] } {
  const policy = policyOf(stage);
  const token = tokenId(stage.world.suite, policy);
  const paid = { token, amount: 60n };
  return {
    token,
    states: [
      { chain: issuer, index: 1, operation: account({ type: 'createToken', policy }) },
      { chain: issuer, index: 2, operation: account({ type: 'mint', token, amount: 100n }) },
      { chain: issuer, index: 3, operation: account({ type: 'transfer', ...paid, to: payer, reference: null }) },
      { chain: payer, index: 1, operation: account({ type: 'receive', ...paid, source: issuer, index: 3, output: 0 }) },
      {
        chain: payer,
        index: 2,
        operation: account({ type: 'fund', token, amount: 50n, payee, payeeKey: standInKey, until: 1_000, vault }),
      },
    ],
  };
}

const claim = (token: TokenId, total: bigint, more: object = {}): Operation =>
  onVault({ type: 'claim', to: payee, token, amount: total, total, ...more });

const wrongs: readonly (readonly [string, string, (token: TokenId) => readonly Made[]])[] = [
  ['nothing', 'all is well', () => []],
  [
    'minted above the cap',
    'minted of a token capped',
    (token) => [{ chain: issuer, index: 4, operation: account({ type: 'mint', token, amount: 1n }) }],
  ],
  [
    'a stranger mints',
    'not its own',
    (token) => [{ chain: payer, index: 3, operation: account({ type: 'mint', token, amount: 1n }) }],
  ],
  [
    'a balance below nothing',
    'has -',
    (token) => [{ chain: payer, index: 3, operation: account({ type: 'burn', token, amount: 11n }) }],
  ],
  [
    'a debit credited twice',
    'credited twice',
    (token) => [
      {
        chain: payer,
        index: 3,
        operation: account({ type: 'receive', token, amount: 60n, source: issuer, index: 3, output: 0 }),
      },
    ],
  ],
  [
    'a debit credited by somebody else',
    'credited twice',
    (token) => [
      {
        chain: payee,
        index: 1,
        operation: account({ type: 'receive', token, amount: 60n, source: issuer, index: 3, output: 0 }),
      },
    ],
  ],
  [
    'a claim above the funding',
    'of 50 is final',
    (token) => [{ chain: vault, index: 1, operation: claim(token, 51n) }],
  ],
  [
    'a claim for another',
    'pays out something else',
    (token) => [{ chain: vault, index: 1, operation: claim(token, 5n, { to: payer }) }],
  ],
  [
    'a claim beyond E',
    'beyond E',
    (token) => [{ chain: vault, index: 1, operation: claim(token, 5n, { window: { from: 0, until: 1_001 } }) }],
  ],
  [
    'a release before E',
    'before E and the gap',
    (token) => [{ chain: vault, index: 1, operation: onVault({ type: 'release', to: payer, token, amount: 50n }) }],
  ],
  [
    'a release of more than the rest',
    'something else',
    (token) => [
      { chain: vault, index: 1, operation: claim(token, 20n) },
      {
        chain: vault,
        index: 2,
        operation: onVault({
          type: 'release',
          to: payer,
          token,
          amount: 50n,
          window: { from: 100_000, until: 200_000 },
        }),
      },
    ],
  ],
  [
    'a reservation funded twice',
    'funded twice',
    (token) => [
      {
        chain: payer,
        index: 3,
        operation: account({ type: 'fund', token, amount: 5n, payee, payeeKey: standInKey, until: 1_000, vault }),
      },
    ],
  ],
];

test('value: whatever is minted, credited, claimed or released against the rules is seen', () =>
  playScene(async ({ stage }) => {
    for (const [name, says, invent] of wrongs) {
      const { token, states } = beginning(stage);
      // What a fund commits to beyond its terms is of no account here.
      const what = await judge(stage, value, inventFinals(stage, [...states, ...invent(token)]));
      expect(what ?? 'all is well', name).toContain(says);
    }
  }));

const oneFinal = (stage: Stage, operation: Operation, more: Partial<Made> = {}) =>
  inventFinals(stage, [{ chain: payer, index: 2, operation, ...more }]);

test('linked Finals: a final state whose parent is not', () =>
  playScene(async ({ stage }) => {
    const { token } = beginning(stage);
    const burn = account({ type: 'burn', token, amount: 1n });
    expect(await judge(stage, linkedFinals, oneFinal(stage, burn, { prev: someHash(9) }))).toContain('its parent');
  }));

test('timely Finals: final, and no honest clock was inside of the window', () =>
  playScene(async ({ stage }) => {
    const { token } = beginning(stage);
    const burn = account({ type: 'burn', token, amount: 1n });
    expect(await judge(stage, timelyFinals, oneFinal(stage, burn))).toContain('no honest clock');
  }));

/** A claim that q honest nodes voted for in time, and what else is said of its place. */
async function pledge({ stage }: Scene, says: 'kept' | 'other' | 'forgotten'): Promise<string | undefined> {
  const { world } = stage;
  const seat = world.seats[2];
  const { token } = beginning(stage);
  const until = world.scheduler.nowMs() + 1_000;
  const timely = claim(token, 5n, { to: seat?.account, window: { from: 0, until } });
  const chronicle = inventFinals(stage, [{ chain: vault, index: 1, operation: timely }]);
  const [final] = chronicle.newFinals;
  const [place] = chronicle.finals.keys();
  if (!final || !place) throw new Error('nothing is final');
  const vote = { round: 0, hash: Uint8Array.from(Buffer.from(final.hash, 'hex')), leaf: 0 };
  const after = { votes: [vote], acks: [], promise: 0 };
  const by = world.nodeSeats[0]?.who;
  Object.assign(chronicle, {
    supporters: () => 3,
    slotChanges: [{ by, place, before: undefined, after, nowMs: 0 }],
    newFinals: [],
    candidates: () => (says === 'other' ? [final.hash, 'another'] : [final.hash]),
  });
  if (says === 'forgotten') chronicle.finals.clear();
  const check = claimsAreKept(world, chronicle);
  return (await check.afterEvent?.()) ?? (await check.atEnd?.());
}

test('claims are kept: another state may be final there, or nothing ever is, or nobody credits it', () =>
  playScene(async (scene) => {
    expect(await pledge(scene, 'other')).toContain('can be final');
    expect(await pledge(scene, 'forgotten')).toContain('is not final');
    expect(await pledge(scene, 'kept')).toContain('never credited');
  }));

test('claims stand: a sync tells of a claim that is not final', () =>
  playScene(async ({ stage }) => {
    const by = stage.world.seats[1]?.who;
    if (!by) throw new Error('nobody is there');
    const told = { claimed: [{ reservation: vault, total: 5n }] };
    const check = claimsStand(stage.world, inventFinals(stage, []));
    expect(await check.see?.({ type: 'told', by, command: 'sync', failure: undefined, value: told })).toContain(
      'not final',
    );
  }));
