/** Payments through four directory nodes: `dsm network up`, HTTP on loopback, a database file each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type SignatureAlgorithm } from '@dsm/core';
import { openSqliteStore } from '@dsm/platform/node';
import { payOnline } from '@dsm/wallet';
import { makeKey } from '../../tests/kit/index.ts';
import { openProcessNodes, type Directory } from '../fixtures/nodes.ts';
import { signBeforehand } from '../fixtures/submissions.ts';
import { endow, makeIssuer, makeWallet, type Issuer } from '../fixtures/wallets.ts';
import type { Bench, Run } from '../harness/bench.ts';
import { importRaw, requireValid, shortName, signRaw, verifyRaw } from './signatures.ts';

const certified = { section: 'certified', signed: true } as const;

interface Network {
  readonly directory: Directory;
  readonly issuer: Issuer;
}

const openNetwork = (run: Run): Promise<Network> =>
  run.share('network', async (run) => {
    const directory = await openProcessNodes(run);
    return { directory, issuer: await makeIssuer(directory) };
  });

const floorName = (algorithm: SignatureAlgorithm): string =>
  `floor: sign, then 4 verify on two cores, ${shortName(algorithm)}`;

/** Fewer where each of them takes a third of a second. */
const SAMPLES: Readonly<Record<SignatureAlgorithm, number>> = {
  'slh-dsa-sha2-128f': 100,
  'slh-dsa-sha2-128s': 10,
  'ml-dsa-44': 100,
};

const latencyBench = (algorithm: SignatureAlgorithm): Bench => ({
  ...certified,
  persisted: true,
  name: `certified payment, four node processes, one client, ${shortName(algorithm)}`,
  about:
    'From the command to the certificate recorded: drafted, journalled, signed, voted by all four nodes, verified, ' +
    'told to all nodes. The processes of `dsm network up` and the client share the cores; all five write to SQLite files.',
  peer: floorName(algorithm),
  ...(algorithm === 'slh-dsa-sha2-128f' && { aim: { p50BelowMs: 60 } }),
  prepare: async (run) => {
    const { directory, issuer } = await openNetwork(run);
    const dir = mkdtempSync(join(tmpdir(), 'dsm-bench-wallet-'));
    run.defer(() => rmSync(dir, { recursive: true, force: true }));
    const store = must(await openSqliteStore({ path: join(dir, 'wallet.sqlite'), exclusive: true }));
    run.defer(() => store.close());
    const client = await makeWallet(directory, 'alice', algorithm, store);
    await endow(issuer, client);
    const payment = { to: issuer.device.account, token: issuer.token, amount: 1n };
    return { type: 'sampled', samples: SAMPLES[algorithm], once: async () => must(await payOnline(client, payment)) };
  },
});

const latencyFloor = (algorithm: SignatureAlgorithm): Bench => ({
  ...certified,
  persisted: false,
  name: floorName(algorithm),
  about: 'The payer signs, four nodes verify: two verifications one after the other on each of two cores.',
  prepare: () => {
    const raw = importRaw(makeKey('bench', algorithm));
    const once = (): void => {
      const signature = signRaw(raw);
      requireValid(verifyRaw(raw, signature));
      requireValid(verifyRaw(raw, signature));
    };
    return { type: 'timed', once };
  },
});

const throughputFloorName = (algorithm: SignatureAlgorithm): string =>
  `floor: 4 verify on two cores, ${shortName(algorithm)}`;

const ACCOUNTS = 8;
const PAYMENTS = 20;
const WARM_UP = 6;

const throughputBench = (algorithm: SignatureAlgorithm): Bench => ({
  ...certified,
  persisted: true,
  name: `certified payments, four node processes, ${ACCOUNTS} accounts at once, pre-signed, ${shortName(algorithm)}`,
  about:
    `${ACCOUNTS} accounts with ${PAYMENTS} signed payments each; every one submitted to all nodes with the proof of its ` +
    'parent, the four votes verified. What the nodes bear; the client, on the same cores, keeps nothing.',
  peer: throughputFloorName(algorithm),
  aim: { ratioAtLeast: 0.5 },
  prepare: async (run) => {
    const directory = await openProcessNodes(run);
    const signed = await signBeforehand(directory, {
      algorithm,
      accounts: ACCOUNTS,
      payments: PAYMENTS,
      warmUp: WARM_UP,
    });
    return { type: 'single', once: signed.submitAll, units: signed.count };
  },
});

const throughputFloor = (algorithm: SignatureAlgorithm): Bench => ({
  ...certified,
  persisted: false,
  name: throughputFloorName(algorithm),
  about: 'Each of four nodes verifies the signature of the payment, two cores share that: 2 / (4 x verify).',
  prepare: () => {
    const raw = importRaw(makeKey('bench', algorithm));
    const signature = signRaw(raw);
    const once = (): void => {
      requireValid(verifyRaw(raw, signature));
      requireValid(verifyRaw(raw, signature));
    };
    return { type: 'timed', once };
  },
});

const LATENCIES: readonly SignatureAlgorithm[] = ['slh-dsa-sha2-128f', 'slh-dsa-sha2-128s', 'ml-dsa-44'];

/** Signing 128s beforehand would take longer than all the rest. */
const THROUGHPUTS: readonly SignatureAlgorithm[] = ['slh-dsa-sha2-128f', 'ml-dsa-44'];

export const certifiedBenches: readonly Bench[] = [
  ...LATENCIES.flatMap((algorithm) => [latencyBench(algorithm), latencyFloor(algorithm)]),
  ...THROUGHPUTS.flatMap((algorithm) => [throughputBench(algorithm), throughputFloor(algorithm)]),
];
