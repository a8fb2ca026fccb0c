import { verifySubmission, verifyCertificate, verifyTransition, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyByAcks,
  claim,
  contextOf,
  copyDevice,
  createToken,
  fund,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  receive,
  release,
  signTransfer,
  stepContext,
  strictContext,
  submissionOf,
  transfer,
} from './index.ts';

const expectOk = <T>(result: Result<T>): T => {
  if (!result.ok) expect.fail(`${result.error.code} ${result.error.rule} ${result.error.message}`);
  return result.value;
};

describe('the test kit', () => {
  const net = makeNetwork();
  const canteen = makeDevice(net, 'canteen');
  const { token } = createToken(net, canteen);
  const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
  const bob = makeDevice(net, 'bob');

  test('makes payments that verify from nothing but their submission', () => {
    const payment = transfer(net, alice, bob.account, token, 250n);
    const submission = submissionOf(net, payment);
    expectOk(verifySubmission(strictContext(net, submission.items), payment.hash));
    expectOk(verifyCertificate(net, payment.certificate));
    const credit = receive(net, bob, payment);
    expectOk(verifyTransition(stepContext(net, credit), credit.body));
  });

  test('makes both forms of certificate', () => {
    const clone = copyDevice(alice);
    const step = signTransfer(net, clone, bob.account, token, 1n);
    const certificate = certifyByAcks(net, { chain: step.body.chain, index: step.body.index, hash: step.hash });
    expectOk(verifyCertificate(net, certificate));
    expect(certificate.receipts).toHaveLength(3);
  });

  test('makes reservations, claims and releases that verify', () => {
    const reservation = fund(net, alice, bob, token, 2_000n, net.nowMs + 48 * HOUR_MS);
    const half = makeHalf(net, alice, bob);
    payOffline(net, half, reservation, 300n);
    payOffline(net, half, reservation, 450n);
    const claimed = claim(net, reservation, half);
    expectOk(verifySubmission(strictContext(net, submissionOf(net, claimed).items), claimed.hash));
    expect(reservation.claimed).toBe(750n);
    const back = release(net, reservation);
    expectOk(verifySubmission(contextOf(net, back.items), back.hash));
    receive(net, bob, claimed);
    receive(net, alice, back);
  });
});
