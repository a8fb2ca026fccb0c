/**
 * A process of its own that commits pairs of records to a store and prints the number of each commit that was
 * acknowledged. Arguments: file, `hold` to stop after the first commit and wait, or `write` to go on.
 */
import { registerHooks } from 'node:module';

// Sources without a build, as the tests themselves see them.
const core = new URL('../../../core/src/index.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) => next(specifier === '@dsm/core' ? core : specifier, context),
});
const { openSqliteStore } = await import('../../src/node/sqlite-store.ts');

const [path = '', mode = ''] = process.argv.slice(2);
const opened = await openSqliteStore({ path, exclusive: true, waitMs: 5_000 });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;

const count = (await store.scan('left')).length;
for (let number = count; ; number++) {
  const key = Uint8Array.of(number >> 16, number >> 8, number);
  const put = new Uint8Array(2_000).fill(number);
  const result = await store.commit([
    { collection: 'left', key, put },
    { collection: 'right', key, put },
  ]);
  process.stdout.write(result.ok ? `${number}\n` : `${result.error.code}\n`);
  if (!result.ok) break;
  if (mode === 'hold') await new Promise(() => setInterval(() => {}, 1_000));
}
await store.close();
