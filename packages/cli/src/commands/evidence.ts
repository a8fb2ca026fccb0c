/** `dsm evidence list`, `export` and `import`; `verify` needs no wallet and is beside `dsm verify`. */
import { fail, ok, toHex, type Result } from '@dsm/core';
import {
  exportEvidence,
  importEvidence,
  listContacts,
  listEvidence,
  type Device,
  type EvidenceRecord,
} from '@dsm/wallet';
import { argument, option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readInput } from '../input/file.ts';
import { answer } from '../output/answer.ts';
import { writeOutput } from '../output/file.ts';
import { bold, dim } from '../output/style.ts';
import { formatTime, isoTime } from '../output/words.ts';

const toJson = ({ id, fork, device, at }: EvidenceRecord) => ({
  id: toHex(id),
  chain: toHex(fork.chain),
  index: fork.index,
  device: toHex(device),
  at: isoTime(at),
});

export const listEvidenceCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const found = await listEvidence(device);
    if (!found.ok) return found;
    const lines: string[] = [];
    for (const record of found.value) lines.push(...(await describe(device, record)));
    return ok(
      answer({ evidence: found.value.map(toJson) }, ...(lines.length > 0 ? lines : ['no evidence against anybody'])),
    );
  });

async function describe(wallet: Device, { id, fork, device, at }: EvidenceRecord): Promise<readonly string[]> {
  const contacts = await listContacts(wallet);
  const accused = toHex(device);
  const known = contacts.ok ? contacts.value.find((contact) => toHex(contact.device) === accused) : undefined;
  return [
    `${bold(known?.name ?? `device ${accused}`)} signed two states for place ${fork.index} of one chain`,
    dim(`  ${toHex(id)}, chain ${toHex(fork.chain)}, known since ${formatTime(at)}`),
  ];
}

export const exportEvidenceCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const id = await resolveId(device, argument(call, 'id'));
    if (!id.ok) return id;
    const file = await exportEvidence(device, id.value);
    if (!file.ok) return file;
    const out = option(call, 'out') ?? '';
    const written = writeOutput(out, file.value);
    if (!written.ok) return written;
    return ok(
      answer({ id: id.value, bytes: file.value.length }, `${out}: anybody can verify it with the network file`),
    );
  });

/** `newest`, or an id, which may be shortened while it is clear. */
async function resolveId(device: Device, text: string): Promise<Result<string>> {
  const all = await listEvidence(device);
  if (!all.ok) return all;
  const newestFirst = all.value.toSorted((a, b) => b.at - a.at).map(({ id }) => toHex(id));
  const meant = text === 'newest' ? newestFirst.slice(0, 1) : newestFirst.filter((id) => id.startsWith(text));
  const [id] = meant;
  if (id === undefined) return fail('E_NOT_FOUND', 'CLI-3', 'there is no such evidence');
  return meant.length === 1 ? ok(id) : fail('E_USAGE', 'CLI-3', `several pieces of evidence begin with ${text}`);
}

export const importEvidenceCommand: Command = async (call) => {
  const file = readInput(argument(call, 'file'));
  if (!file.ok) return file;
  return withDevice(call, async (device) => {
    const kept = await importEvidence(device, file.value);
    if (!kept.ok) return kept;
    const lines = await describe(device, kept.value);
    return ok(answer(toJson(kept.value), ...lines, 'no new business with that device'));
  });
};
