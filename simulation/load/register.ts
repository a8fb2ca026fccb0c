/**
 * Resolves `@dsm/*` to the sources, so that a run speaks of source lines: `node --import ./simulation/load/register.ts
 * FILE`. With `DSM_PATCHES`, a JSON array of patches, the named lines of the sources are other ones in this process.
 */
import { registerHooks } from 'node:module';
import { applyPatch, readPatches } from './patch.ts';

const root = new URL('../../', import.meta.url);
const FACES: Readonly<Record<string, string>> = {
  '@dsm/core': 'packages/core/src/index.ts',
  '@dsm/machine': 'packages/machine/src/index.ts',
  '@dsm/platform/node': 'packages/platform/src/node/index.ts',
  '@dsm/platform/portable': 'packages/platform/src/portable/index.ts',
  '@dsm/wallet': 'packages/wallet/src/index.ts',
  '@dsm/directory': 'packages/directory/src/index.ts',
};

const patches = readPatches(process.env['DSM_PATCHES']);
const waiting = new Set(patches);

registerHooks({
  resolve: (specifier, context, next) => {
    const face = FACES[specifier];
    return face ? { url: new URL(face, root).href, shortCircuit: true } : next(specifier, context);
  },
  load: (url, context, next) => {
    const loaded = next(url, context);
    const own = patches.filter(({ file }) => new URL(file, root).href === url);
    if (own.length === 0) return loaded;
    const source =
      typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source ?? undefined);
    for (const patch of own) waiting.delete(patch);
    return { ...loaded, source: own.reduce(applyPatch, source) };
  },
});

// A patch of a file that nothing loads would find nothing, and be taken for a bug that nobody found.
process.on('exit', (code) => {
  if (waiting.size === 0 || code !== 0) return;
  console.error(`not loaded, hence not patched: ${[...waiting].map(({ file }) => file).join(', ')}`);
  process.exitCode = 3;
});
