/** Worlds of one kind or another. */
import type { RunOptions } from './run.ts';

export type Preset = Omit<RunOptions, 'seed' | 'events'>;

export const PRESETS = {
  /** Four wallets and four nodes, of which one may lie. */
  table: {},
  /** More nodes, two of which may lie. */
  seven: { nodes: 7, devices: 5 },
  /** A hundred devices. */
  swarm: { devices: 100, exchanges: 3 },
  /** One device is so far away that a message takes forty minutes. */
  distance: {
    distantMs: 2_400_000,
    times: { settleMs: 86_400_000, marginMs: 7_200_000, gapMs: 60_000, deltaMs: 10_000, roundMs: 5_000 },
    lasting: 60,
  },
  /** Reservations, offers and decisions end close to each other. */
  boundary: { close: true },
  /** Homes are lost in the middle of something and restored, with little else going on. */
  restores: { restores: true, devices: 2 },
  /** Half of what happens is somebody's cheating, and a node lies. */
  hostile: { cheatShare: 500, badNodes: 1, devices: 6 },
  /** Payers and payees with modified clients who newly sign what is not true. */
  liars: { only: 'lie', cheatShare: 500, badNodes: 0 },
  /** The catalogue of what nobody may do, one entry after the other. */
  forgers: { only: 'attempt', cheatShare: 500, badNodes: 1, devices: 6 },
} satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;
