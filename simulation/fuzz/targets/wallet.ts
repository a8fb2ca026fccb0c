/** What a device takes from others as a file. Whatever it refuses must leave its store as it was. */
import { memoryStore, type MemoryDisk, type Result } from '@dsm/core';
import { accept, addContact, commit, importEvidence, receive, submitFile, takeAck, type Device } from '@dsm/wallet';
import { copyDisk, reopen, sameDisk, type Handler, type Pending, type Scene } from '../seeds/wallets.ts';
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

export function walletTargets(world: World, scene: Scene): readonly Target[] {
  // Nobody is asked while a message is judged: what a device makes of hostile nodes is fuzzed where it gathers.
  scene.directory.isDown = true;
  return (Object.keys(HANDLERS) as Handler[]).flatMap((handler) => {
    const own = scene.pending.filter((one) => one.handler === handler);
    return own.length > 0 ? [handlerTarget(world, scene, handler, own)] : [];
  });
}
