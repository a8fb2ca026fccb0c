/** Anchors: 32 bytes of an application's own on the account, certified in their order (spec VAL-10). */
import { fail, HASH_BYTES, ok, type ChainId, type Result, type StateHash } from '@dsm/core';
import { operateOnline, windowFrom } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';

/** Where the anchor stands, certified. */
export interface Anchored {
  readonly chain: ChainId;
  readonly index: number;
  readonly state: StateHash;
}

/** `E_FORMAT` for anything but 32 bytes; `E_PENDING`: signed, too few nodes answered; `sync` finishes it. */
export const anchor = (device: Device, value: Uint8Array): Promise<Result<Anchored>> =>
  guardStore(async () => {
    if (value.length !== HASH_BYTES) return fail('E_FORMAT', 'VAL-10', `an anchor is ${HASH_BYTES} bytes`);
    const window = windowFrom(device);
    if (!window.ok) return window;
    const made = await operateOnline(device, { operation: { type: 'anchor', window: window.value, value } });
    if (!made.ok) return made;
    const { body, hash } = made.value.transition;
    return ok({ chain: body.chain, index: body.index, state: hash });
  });
