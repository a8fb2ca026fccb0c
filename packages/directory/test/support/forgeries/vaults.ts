/** Every node refuses a claim or a release that breaks a rule. */
import {
  claimMessage,
  claimWindow,
  editLeaves,
  makeReservation,
  must,
  releaseWindow,
  reservationGenesis,
  stateHash,
  TERMS_LEAF,
  type BundleItem,
  type Claim,
  type KeyPair,
  type Leaves,
  type Release,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  anyItem,
  claim,
  claimOperation,
  copyDevice,
  DAY_MS,
  forgeStep,
  fund,
  fundOperation,
  makeHalf,
  makeKey,
  payOffline,
  release,
  signAccount,
  signClaim,
  signRelease,
  START_MS,
  suite,
  totalItems,
  type Forgery,
  type Half,
  type Reservation,
  type TestStep,
} from '../../../../../tests/kit/index.ts';
import { net, nodes, canteen, alice, bob, meal, bound, refusal, show, type Row, random } from './world.ts';

export function describeVaults(): void {
  describe('every node refuses a claim or a release that breaks a rule', () => {
    const VAULT = [...TERMS_LEAF.vault];
    let reservation: Reservation;
    let half: Half;

    beforeAll(() => {
      reservation = fund(net, alice, bob, meal.token, 1_000n, START_MS + 2 * DAY_MS);
      half = makeHalf(net, alice, bob);
      payOffline(net, half, reservation, 300n);
      claim(net, reservation, half);
      payOffline(net, half, reservation, 200n);
    });

    const showVault = (leaves: Leaves): void => show(leaves, VAULT, ['claimed'], ['released']);

    /** As the rules would: for claims whose fault lies elsewhere. */
    const claimAll = (leaves: Leaves): void => {
      showVault(leaves);
      must(leaves.write(['claimed'], anyItem, 500));
    };

    const forgeClaim = (changes: Partial<Claim>, more: Partial<Forgery> = {}, key: KeyPair = bob.key): TestStep => {
      const operation = { ...claimOperation(reservation, 500n), ...changes };
      return forgeStep(net, reservation, key, {
        operation: { kind: 'vault', operation },
        edit: showVault,
        signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, operation.total) },
        extra: totalItems(net, half, reservation.vault),
        ...more,
      });
    };

    const forgeRelease = (changes: Partial<Release>, key: KeyPair = alice.key): TestStep =>
      forgeStep(net, reservation, key, {
        operation: {
          kind: 'vault',
          operation: {
            type: 'release',
            window: releaseWindow(net.network, reservation.terms),
            to: alice.account,
            token: meal.token,
            amount: 700n,
            ...changes,
          },
        },
        edit: showVault,
      });

    /** The total of another half: of another payer's key, or for another vault. */
    const totalOf = (other: Half): readonly BundleItem[] => [...totalItems(net, other, reservation.vault)];

    const CLAIMS: Row[] = [
      [
        'E_TOTAL RES-3',
        'a total that the payer has not signed',
        () => {
          const shown = totalItems(net, half, reservation.vault);
          const state = stateHash(suite, half.tip);
          const extra: BundleItem[] = [
            { type: 'total', vault: reservation.vault, total: 501n, state },
            ...shown.filter(({ type }) => type !== 'total'),
          ];
          return forgeClaim({ total: 501n, amount: 201n }, { extra });
        },
      ],
      ['E_TOTAL RES-4', 'a total above what was set aside', () => forgeClaim({ total: 1_001n, amount: 701n })],
      ['E_TOTAL RES-4', 'a total that was claimed before', () => forgeClaim({ total: 300n, amount: 0n })],
      ['E_AMOUNT RES-4', 'an amount that is not the unclaimed rest', () => forgeClaim({ amount: 500n })],
      ['E_CHAIN RES-4', 'another destination than the payee', () => forgeClaim({ to: canteen.account })],
      ['E_TOKEN RES-2', 'another token than the reserved one', () => forgeClaim({ token: bound.token })],
      [
        'E_WINDOW RES-4',
        'a window that goes on after E',
        () => forgeClaim({ window: { ...claimWindow(reservation.terms), until: reservation.terms.until + 1 } }),
      ],
      ['E_SIGNATURE CHN-12', 'the payer signs the claim', () => forgeClaim({}, { edit: claimAll }, alice.key)],
      [
        'E_SIGNATURE CHN-12',
        'a signature over another total',
        () =>
          forgeClaim(
            {},
            { edit: claimAll, signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, 300n) } },
          ),
      ],
      ['E_INCOMPLETE BND-2', 'no total is shown', () => forgeClaim({}, { extra: [] })],
      [
        'E_SIGNATURE RES-3',
        'a total that somebody else signed',
        () => {
          const stranger = makeHalf(net, { ...alice, key: makeKey('stranger') }, bob, 'stolen');
          payOffline(net, stranger, reservation, 500n);
          return forgeClaim({}, { extra: totalOf(stranger) });
        },
      ],
      [
        'E_SURPLUS CHN-10',
        'a total whose proof shows other leaves of the half',
        () => {
          const extra = totalItems(net, half, reservation.vault).filter(({ type }) => type !== 'witness');
          return forgeClaim({}, { extra: [...extra, { type: 'witness', tree: half.tree }] });
        },
      ],
      ['E_LINK CHN-11', 'a body that does not follow', () => forgeClaim({}, { body: { root: random } })],
    ];

    const RELEASES: Row[] = [
      [
        'E_WINDOW RES-5',
        'a window that begins before E + gap',
        () => forgeRelease({ window: { ...releaseWindow(net.network, reservation.terms), from: 0 } }),
      ],
      ['E_CHAIN RES-5', 'another destination than the payer', () => forgeRelease({ to: bob.account })],
      ['E_AMOUNT RES-5', 'more than the rest', () => forgeRelease({ amount: 701n })],
      ['E_AMOUNT RES-5', 'less than the rest', () => forgeRelease({ amount: 1n })],
      ['E_SIGNATURE CHN-12', 'the payee signs the release', () => signRelease(net, { ...reservation }, bob.key)],
      ['E_WINDOW NET-11', 'the date has not come', () => signRelease(net, { ...reservation })],
      [
        'E_RESERVATION RES-5',
        'a claim after the release',
        () => {
          const released = { ...reservation };
          release(net, released);
          const operation = claimOperation(released, 500n);
          return forgeStep(net, released, bob.key, {
            operation: { kind: 'vault', operation },
            edit: showVault,
            signAs: { purpose: 'claim', message: claimMessage(net, reservation.vault, 500n) },
            extra: totalItems(net, half, reservation.vault),
          });
        },
      ],
    ];

    describe.each<[string, Row[]]>([
      ['RES-2 to RES-4: claims', CLAIMS],
      ['RES-5: releases', RELEASES],
    ])('%s', (_, rows) => {
      test.each(rows)('%s: %s', async (code, _what, make) => {
        expect(await refusal(make())).toBe(code);
      });
    });

    test('NET-11: a claim after E, and a release before E + gap, find every clock outside of their windows', async () => {
      const step = signClaim(net, { ...reservation }, half);
      await nodes.setClocks(reservation.terms.until + net.network.deltaMs + 20_000);
      expect(await refusal(step)).toBe('E_WINDOW NET-11');
      expect(await refusal(signRelease(net, { ...reservation }))).toBe('E_WINDOW NET-11');
      await nodes.setClocks(START_MS);
    });

    test('RES-1: a vault that no certified state funds, or that another state funds, is not final', async () => {
      const clone = copyDevice(alice);
      const { operation, terms } = fundOperation(net, clone, bob, meal.token, 50n, START_MS + 2 * DAY_MS);
      signAccount(net, clone, operation);
      const genesis = makeReservation(suite, net.network.id, terms);
      const unfunded: Reservation = {
        ...reservation,
        vault: genesis.body.chain,
        terms,
        claimed: 0n,
        ...genesisOf(genesis),
      };
      expect(await refusal(claimOf(unfunded))).toBe('E_INCOMPLETE BND-2');
      const elsewhere = reservationGenesis(
        { payer: alice.account, payerKey: alice.key.publicKey, index: reservation.terms.fundingIndex },
        { ...operation, amount: 51n },
      );
      const invented = makeReservation(suite, net.network.id, elsewhere);
      const other = { ...unfunded, vault: invented.body.chain, terms: elsewhere, ...genesisOf(invented) };
      expect(await refusal(claimOf(other))).toBe('E_RESERVATION RES-1');
    });

    const genesisOf = ({ body, tree }: ReturnType<typeof makeReservation>) => ({ tip: body, tree });

    /** A claim that is perfect but for the vault that it stands on. */
    function claimOf(vault: Reservation): TestStep {
      const payer = makeHalf(net, alice, bob, `for ${vault.terms.funded}`);
      payOffline(net, payer, vault, 5n);
      const step = signClaim(net, { ...vault }, payer);
      const genesis: BundleItem[] = [{ type: 'operation', operation: { kind: 'vault', operation: vault.terms } }];
      return { ...step, items: [...step.items, ...genesis] };
    }

    test('the same claim without a fault is accepted by all nodes', async () => {
      expect(await refusal(signClaim(net, { ...reservation }, half))).toBe('ok');
      expect(must(editLeaves(suite, half.tree).read(['total', reservation.vault], anyItem))).toBe(500);
    });
  });
}
