/** A simulated disk and the store over it: see disk.ts. */
export * from './disk.ts';
export { rotSector, rotValue, type Pick } from './rot.ts';
export { compactDisk, openDisk } from './store.ts';
export * from './content.ts';
