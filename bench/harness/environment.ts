/** Where and with what the figures were measured. */
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export interface Environment {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  readonly openssl: string;
  readonly sqlite: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Processes that wanted a core in the minute before: more than a few tenths, and others were at work. */
  readonly loadBefore: number;
}

export interface Measured extends Environment {
  /** What the whole run took. */
  readonly seconds: number;
  /** Processes that wanted a core in its last minute, those of the run among them. */
  readonly loadAfter: number;
}

const PACKAGES = ['@dsm/core', 'blake3-jit', 'cborg', '@noble/post-quantum'] as const;

const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  // A package need not export its package.json; it stands in one of these folders.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { readonly version: string }).version;
    } catch {
      // Not here.
    }
  }
  return 'unknown';
}

export const currentLoad = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

export function describeEnvironment(): Environment {
  const { node, v8, openssl, sqlite } = process.versions;
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node,
    v8,
    openssl,
    sqlite: String(sqlite),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    loadBefore: currentLoad(),
  };
}
