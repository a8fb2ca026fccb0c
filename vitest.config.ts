import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests read the sources, so that they need no build; only the `dsm` processes that tests spawn run from dist.
    alias: [
      { find: /^@dsm\/core$/, replacement: source('core/src') },
      { find: /^@dsm\/machine$/, replacement: source('machine/src') },
      { find: /^@dsm\/machine\/testing$/, replacement: source('machine/src/testing') },
      { find: /^@dsm\/machine\/worker$/, replacement: source('machine/src/worker') },
      { find: /^@dsm\/platform\/browser$/, replacement: source('platform/src/browser') },
      { find: /^@dsm\/platform\/node$/, replacement: source('platform/src/node') },
      { find: /^@dsm\/platform\/portable$/, replacement: source('platform/src/portable') },
      { find: /^@dsm\/wallet$/, replacement: source('wallet/src') },
      { find: /^@dsm\/sdk$/, replacement: source('sdk/src/node') },
      { find: /^@dsm\/sdk\/node$/, replacement: source('sdk/src/node') },
      { find: /^@dsm\/directory$/, replacement: source('directory/src') },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts', 'bench/**/*.test.ts', 'simulation/**/*.test.ts'],
    environment: 'node',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Signatures are slow and machines are shared: a slow test is not a failing one.
    slowTestThreshold: 2_000,
  },
});
