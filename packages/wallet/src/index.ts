/** A DSM device: keys, journal, payments, sync and policy. */
export type * from './device.ts';
export type * from './ports.ts';
export { guardStore } from './guard.ts';
