/** `dsm anchor`. */
import { fail, ok, toHex } from '@dsm/core';
import { anchor } from '@dsm/wallet';
import { argument, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readHash } from '../home/names.ts';
import { answer } from '../output/answer.ts';
import { bold, dim } from '../output/style.ts';

export const anchorCommand: Command = async (call) => {
  const value = readHash(argument(call, 'hash'));
  if (value === undefined) return fail('E_USAGE', 'CLI-3', 'an anchor is 64 hexadecimal digits');
  return withDevice(call, async (device) => {
    const anchored = await anchor(device, value);
    if (!anchored.ok) return anchored;
    const { chain, index, state } = anchored.value;
    return ok(
      answer(
        { grade: 'certified', chain: toHex(chain), index, hash: toHex(state) },
        `anchored as state ${bold(String(index))} of this account: certified`,
        dim('dsm export writes the proof for anybody'),
      ),
    );
  });
};
