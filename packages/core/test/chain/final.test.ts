import {
  evidenceFrom,
  finalState,
  itemNames,
  requireFinal,
  stateHash,
  type Body,
  type BundleItem,
  type Certificate,
  type Context,
  type StateHash,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certify,
  contextOf,
  copyDevice,
  createToken,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  seed,
  signTransfer,
  transfer,
} from '../../../../tests/kit/index.ts';
import { bodyMutations } from '../support/chains.ts';
import { codeOf, expectFailure, expectOk } from '../support/results.ts';

const net = makeNetwork();
const { suite } = net;
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
const half = makeHalf(net, alice, bob);
const paid = transfer(net, alice, bob.account, token, 250n);
const carol = makeFundedDevice(net, 'carol', canteen, token, 10n);
const unpaid = signTransfer(net, carol, bob.account, token, 1n);

const certificateItem = (certificate: Certificate): BundleItem => ({ type: 'certificate', certificate });
const bodyOf = (name: string): Body => {
  const item = net.items.get(name);
  if (item?.type !== 'body') throw new Error(`no ${name}`);
  return item.body;
};
const standing = (body: Body, own: readonly BundleItem[] = []): string =>
  codeOf(requireFinal(contextOf(net, own), body));

/** The same evidence, without the named items, and with what is known already. */
function contextWithout(names: readonly string[], known?: StateHash): Context {
  const find = (name: string) => (names.includes(name) ? undefined : net.items.get(name));
  return { suite, network: net.network, evidence: evidenceFrom(find, () => known) };
}

describe('NET-8: what is final', () => {
  test('a state with a Final certificate', () => {
    expect(standing(paid.body)).toBe('ok');
    expect(expectOk(finalState(contextOf(net), alice.account, paid.body.index)).body).toEqual(paid.body);
  });

  test('a state without one is asked for its certificate', () => {
    const { missing } = expectFailure(requireFinal(contextOf(net), unpaid.body));
    expect(missing).toEqual([itemNames.certificate(unpaid.body.chain, unpaid.body.index)]);
  });

  test('another state at the place of a final one is E_CONFLICT', () => {
    const other = { ...paid.body, root: seed('root') };
    expect(standing(other)).toBe('E_CONFLICT NET-8');
  });

  test('a certificate that names a state of another place proves nothing about this one', () => {
    const { chain, index } = unpaid.body;
    const elsewhere = certificateItem(certify(net, { chain, index, hash: paid.hash }));
    expect(codeOf(finalState(contextOf(net, [elsewhere]), chain, index))).toBe('E_CERTIFICATE NET-8');
    const misplaced = certificateItem(certify(net, { chain: bob.account, index, hash: paid.hash }));
    expect(codeOf(finalState(contextOf(net, [misplaced]), bob.account, index))).toBe('E_CERTIFICATE NET-8');
  });

  test('what the holder has verified before needs no certificate', () => {
    const name = itemNames.certificate(paid.body.chain, paid.body.index);
    expect(codeOf(requireFinal(contextWithout([name]), paid.body))).toBe('E_INCOMPLETE BND-2');
    expect(codeOf(requireFinal(contextWithout([name], paid.hash), paid.body))).toBe('ok');
    expect(codeOf(requireFinal(contextWithout([name], unpaid.hash), paid.body))).toBe('E_CONFLICT NET-8');
  });
});

describe('IDN-4: a genesis is final by its id', () => {
  test.each([
    ['account', itemNames.genesis(alice.account)],
    ['identity', itemNames.genesis(alice.identity)],
  ])('of an %s', (_, name) => {
    const body = bodyOf(name);
    expect(standing(body)).toBe('ok');
    for (const [field, changed] of bodyMutations(body)) expect(standing(changed), field).not.toBe('ok');
    expect(standing({ ...body, skip: stateHash(suite, body) })).toBe('E_CHAIN CHN-4');
    expect(codeOf(requireFinal(contextWithout([name]), body))).toBe('E_INCOMPLETE BND-2');
  });

  test('no certificate makes a genesis final', () => {
    const certificate = certify(net, {
      chain: alice.account,
      index: 0,
      hash: stateHash(suite, bodyOf(itemNames.genesis(alice.account))),
    });
    expect(codeOf(finalState(contextOf(net, [certificateItem(certificate)]), alice.account, 0))).toBe(
      'E_CERTIFICATE NET-8',
    );
  });

  test('NET-3: a half is never certified', () => {
    expect(standing(half.tip)).toBe('E_CHAIN NET-3');
  });
});

describe('RES-1: the genesis of a vault is final exactly if its funding is', () => {
  const payer = copyDevice(alice);
  const reservation = fund(net, payer, bob, token, 500n);
  const funding = itemNames.certificate(payer.account, reservation.funding.body.index);

  test('a final account state that funds this vault', () => {
    expect(standing(reservation.tip)).toBe('ok');
  });

  test('a funding state without certificate, body or operation is incomplete', () => {
    const { body, hash } = reservation.funding;
    for (const name of [
      funding,
      itemNames.body(hash),
      itemNames.operation(body.op),
      itemNames.operation(reservation.tip.op),
    ]) {
      expect(expectFailure(requireFinal(contextWithout([name]), reservation.tip)).missing).toEqual([name]);
    }
  });

  test('another final state in the place of the funding: the account does not fund this vault', () => {
    const rival = transfer(net, copyDevice(alice), bob.account, token, 3n);
    expect(rival.body.index).toBe(reservation.funding.body.index);
    const instead = [certificateItem(rival.certificate), ...rival.items];
    expect(standing(reservation.tip, instead)).toBe('E_RESERVATION RES-1');
  });

  test('a state that funds another vault does not fund this one', () => {
    const other = fund(net, copyDevice(alice), bob, token, 501n);
    expect(standing(reservation.tip, [certificateItem(other.funding.certificate)])).toBe('E_RESERVATION RES-1');
    expect(standing(other.tip, [certificateItem(other.funding.certificate)])).toBe('ok');
    expect(standing(other.tip, [certificateItem(reservation.funding.certificate)])).toBe('E_RESERVATION RES-1');
  });
});
