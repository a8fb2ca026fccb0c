/** `dsm id` and `dsm card`. */
import { ok } from '@dsm/core';
import { describeDevice, ownCard } from '@dsm/wallet';
import { option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { answer } from '../output/answer.ts';
import { writeOutput } from '../output/file.ts';
import { bold, dim } from '../output/style.ts';

export const id: Command = (call) =>
  withDevice(call, async (device) => {
    const facts = describeDevice(device);
    const { name, identity, account } = facts;
    return ok(
      answer(
        { ...facts },
        bold(name),
        `identity  ${identity}`,
        `device    ${facts.device}`,
        `account   ${account}`,
        dim(
          `network ${device.network.name}, ${device.network.nodes.length === 1 ? 'one node' : `${device.network.nodes.length} nodes`}`,
        ),
      ),
    );
  });

export const card: Command = (call) =>
  withDevice(call, async (device) => {
    const bytes = await ownCard(device);
    if (!bytes.ok) return bytes;
    const out = option(call, 'out') ?? '';
    const written = writeOutput(out, bytes.value);
    if (!written.ok) return written;
    const { name, account } = describeDevice(device);
    return ok(answer({ name, account, bytes: bytes.value.length }, `card of ${bold(name)} written to ${out}`));
  });
