/** `dsm backup`. */
import { ok } from '@dsm/core';
import { backup } from '@dsm/wallet';
import { option, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { answer } from '../output/answer.ts';
import { checkOutput, writeOutput } from '../output/file.ts';

export const backupCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const out = option(call, 'out') ?? '';
    const free = checkOutput(out, false);
    if (!free.ok) return free;
    const file = await backup(device);
    if (!file.ok) return file;
    const written = writeOutput(out, file.value);
    if (!written.ok) return written;
    return ok(
      answer(
        { bytes: file.value.length },
        `${out}: encrypted, opened by the 24 words with dsm restore; what happens from now on is not in it`,
      ),
    );
  });
