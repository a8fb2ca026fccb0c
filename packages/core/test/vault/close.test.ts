/** Early release: the payee gives the rest back before E. */
import {
  claimWindow,
  outputsOf,
  releaseWindow,
  vaultOperationCodec,
  verifyTransition,
  type BundleItem,
  type Close,
  type Operation,
  type VaultOperation,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  claim,
  claimOperation,
  close,
  contextOf,
  createToken,
  forgeStep,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  signClose,
  totalItems,
  type Reservation,
} from '../../../../tests/kit/index.ts';
import { codeOf } from '../support/results.ts';

const net = makeNetwork();
const { network } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const other = createToken(net, canteen, { symbol: 'OTHER' }).token;
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
const half = makeHalf(net, alice, bob);
const reservation = fund(net, alice, bob, token, 1_000n);
const { terms, vault } = reservation;
payOffline(net, half, reservation, 300n);
claim(net, reservation, half);
payOffline(net, half, reservation, 100n);

const honest: Close = { type: 'close', window: claimWindow(terms), to: alice.account, token, amount: 700n };

const forge = (operation: VaultOperation, own: readonly BundleItem[] = [], of: Reservation = reservation): string => {
  const wrapped = { kind: 'vault', operation } as Operation;
  const forged = forgeStep(net, of, bob.key, { operation: wrapped, witness: (tree) => tree });
  return codeOf(verifyTransition(contextOf(net, [...forged.items, ...own]), forged.body));
};

describe('RES-7: the payee gives the rest back before E', () => {
  test('the operation is [2, window, to, token, amount] and pays the payer', () => {
    const { from, until } = honest.window;
    expect(vaultOperationCodec.toItem(honest)).toEqual([2, [from, until], alice.account, token, 700n]);
    expect(outputsOf({ kind: 'vault', operation: honest })).toEqual([{ to: alice.account, token, amount: 700n }]);
  });

  test('a step of the payee verifies, and after it nothing is appended', () => {
    const closed = { ...reservation };
    expect(close(net, closed).operation.operation).toEqual(honest);
    expect(forge(honest, [], closed)).toBe('E_RESERVATION RES-5');
    expect(forge(claimOperation(reservation, 400n), totalItems(net, half, vault), closed)).toBe('E_RESERVATION RES-5');
    const back: VaultOperation = { ...honest, type: 'release', window: releaseWindow(network, terms) };
    expect(forge(back, [], closed)).toBe('E_RESERVATION RES-5');
  });

  test('without a flaw a forged one is refused for its root alone', () => {
    expect(forge(honest)).toBe('E_LINK CHN-11');
  });

  test.each<[string, Partial<Close>, string]>([
    ['of another token', { token: other }, 'E_TOKEN RES-2'],
    ['in the window of a release', { window: releaseWindow(network, terms) }, 'E_WINDOW RES-7'],
    ['beyond E', { window: { from: 0, until: terms.until + 1 } }, 'E_WINDOW RES-7'],
    ['to the payee', { to: bob.account }, 'E_CHAIN RES-7'],
    ['to a third account', { to: canteen.account }, 'E_CHAIN RES-7'],
    ['of more than the rest', { amount: 701n }, 'E_AMOUNT RES-7'],
    ['of less than the rest', { amount: 699n }, 'E_AMOUNT RES-7'],
    ['of everything, in spite of the claims', { amount: 1_000n }, 'E_AMOUNT RES-7'],
  ])('refused: %s', (_, change, expected) => {
    expect(forge({ ...honest, ...change })).toBe(expected);
  });

  test('the payer, who may not shorten what it has promised, cannot sign it', () => {
    const step = signClose(net, { ...reservation }, alice.key);
    expect(codeOf(verifyTransition(contextOf(net, step.items), step.body))).toBe('E_SIGNATURE CHN-12');
  });

  test('nothing goes back where everything is claimed', () => {
    const whole = fund(net, alice, bob, token, 5n);
    payOffline(net, half, whole, 5n);
    claim(net, whole, half);
    expect(() => signClose(net, whole)).toThrow('E_AMOUNT (RES-7): nothing is left');
  });
});
