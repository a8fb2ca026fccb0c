/** What a device takes from others as a file. Whatever it refuses must leave its store as it was. */
import {
  backupDigest,
  decodeFileOf,
  encodeFile,
  encodeItem,
  memoryDisk,
  memoryStore,
  must,
  type MemoryDisk,
  type Result,
} from '@dsm/core';
import {
  accept,
  addContact,
  commit,
  importEvidence,
  joinMachine,
  receive,
  restoreWallet,
  submitFile,
  takeAck,
  takeSteps,
  type Device,
} from '@dsm/wallet';
import { deriveSecret } from '../../../packages/wallet/src/keys/derive.ts';
import { START_MS } from '../../../tests/kit/index.ts';
import {
  copyDisk,
  COST,
  countedEntropy,
  PASSPHRASE,
  reopen,
  sameDisk,
  type Handler,
  type Pending,
  type Scene,
} from '../seeds/wallets.ts';
import { counter } from '../seeds/machines.ts';
import type { World } from '../seeds/world.ts';
import { judge, Violation, type Target } from './target.ts';

type Take = (device: Device, bytes: Uint8Array) => Promise<Result<unknown>>;

const HANDLERS: Readonly<Record<Handler, Take>> = {
  accept,
  commit,
  receive,
  takeAck,
  submitFile,
  addContact: (device, file) => addContact(device, { file }),
  importEvidence,
  joinMachine: (device, message) => joinMachine(device, message, [counter]),
  takeSteps: (device, message) => takeSteps(device, message, [counter]),
};

/** Evidence against somebody is kept also where it is the reason for a refusal. */
const EVIDENCE_CODES: ReadonlySet<string> = new Set(['E_FORK', 'E_QUARANTINED']);

function handlerTarget(world: World, { directory }: Scene, handler: Handler, pending: readonly Pending[]): Target {
  const take = async (disk: MemoryDisk, bytes: Uint8Array) => {
    const after = copyDisk(disk);
    const device = await reopen(world.suite, after, directory.transport);
    const opened = copyDisk(after);
    const result = await HANDLERS[handler]({ ...device, store: memoryStore(after) }, bytes);
    if (!result.ok && !EVIDENCE_CODES.has(result.error.code) && !sameDisk(opened, after)) {
      throw new Violation(`refused with ${result.error.code}, and the store is another`);
    }
    return judge(result);
  };
  return {
    name: `wallet.${handler}`,
    input: 'item',
    isSlow: true,
    seeds: pending.map(({ bytes }) => bytes),
    // The first of the disks: a message of a later turn is a stale one there, and each disk sees its own seed mutated.
    run: async (bytes) => {
      const outcomes = [];
      for (const { disk } of pending) outcomes.push(await take(disk, bytes));
      const mark = outcomes.map((outcome) => outcome.mark).join(' | ');
      return { accepted: outcomes.some(({ accepted }) => accepted), mark };
    },
  };
}

/** A backup: the file as it is, and what is sealed in it, sealed anew by somebody who has the words. */
function restoreTargets({ suite }: World, { directory, saved }: Scene): readonly Target[] {
  const content = must(decodeFileOf(suite, 'backup', saved.file)).content;
  const key = deriveSecret(suite, saved.seed, 'backup');
  const bound = encodeItem([content.network, content.account, content.timeMs]);
  const plain = suite.open(key, content.nonce, content.sealed, bound);
  if (!plain) throw new Error('the backup does not open');
  const restore = async (file: Uint8Array) => {
    const disk = memoryDisk();
    const result = await restoreWallet({
      suite,
      file,
      seed: saved.seed,
      store: memoryStore(disk),
      clock: () => START_MS,
      entropy: countedEntropy('restored'),
      transportFor: () => directory.transport,
      passphrase: PASSPHRASE,
      cost: COST,
    });
    if (!result.ok && disk.size > 0) throw new Violation(`refused with ${result.error.code}, and something is written`);
    return judge(result);
  };
  const sealAnew = (inside: Uint8Array): Uint8Array => {
    const sealed = suite.seal(key, content.nonce, inside, bound);
    const { digest: _digest, ...rest } = { ...content, sealed };
    return encodeFile(suite, 'backup', { ...rest, digest: backupDigest(suite, rest) });
  };
  const shared = { input: 'item', isSlow: true } as const;
  return [
    { ...shared, name: 'wallet.restoreWallet', seeds: [saved.file], run: restore },
    { ...shared, name: 'wallet.restoreSealed', seeds: [plain], run: (inside) => restore(sealAnew(inside)) },
  ];
}

export function walletTargets(world: World, scene: Scene): readonly Target[] {
  // Nobody is asked while a message is judged: what a device makes of hostile nodes is fuzzed where it gathers.
  scene.directory.isDown = true;
  const handlers = (Object.keys(HANDLERS) as Handler[]).flatMap((handler) => {
    const own = scene.pending.filter((one) => one.handler === handler);
    return own.length > 0 ? [handlerTarget(world, scene, handler, own)] : [];
  });
  return [...handlers, ...restoreTargets(world, scene)];
}
