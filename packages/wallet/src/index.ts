/** A DSM device: keys, journal, payments, sync and policy. */
export * from './amount.ts';
export type * from './device.ts';
export { guardStore } from './guard.ts';
export type * from './ports.ts';
export * from './transport/http.ts';
export { createWallet, type Created, type CreateOptions } from './wallet/create.ts';
export * from './wallet/open.ts';
