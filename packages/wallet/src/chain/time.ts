/** The newest certified time: a clock that was set back does not bring it back (rule WAL-11). */
import type { Body, Write } from '@dsm/core';
import type { Device } from '../device.ts';
import { SOLE, timeRecords } from '../records/meta.ts';

/**
 * At least one honest clock was not before `from − Δ` when this became final (spec NET-11), so time has come that
 * far whatever this device's clock says.
 */
const reachedMs = (device: Device, { window }: Body): number => window.from - device.network.deltaMs;

export const timeWrites = (device: Device, final: Body): Write[] =>
  reachedMs(device, final) > device.seen.newestMs ? [timeRecords.put(device, SOLE, reachedMs(device, final))] : [];

/** To be called once the writes are durable. */
export function noteTime(device: Device, final: Body): void {
  device.seen.newestMs = Math.max(device.seen.newestMs, reachedMs(device, final));
}
