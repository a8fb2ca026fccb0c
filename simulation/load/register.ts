/** Resolves `@dsm/*` to the sources, so that a run speaks of source lines: `node --import ./simulation/load/register.ts FILE`. */
import { registerHooks } from 'node:module';

const root = new URL('../../', import.meta.url);
const FACES: Readonly<Record<string, string>> = {
  '@dsm/core': 'packages/core/src/index.ts',
  '@dsm/platform/node': 'packages/platform/src/node/index.ts',
  '@dsm/platform/portable': 'packages/platform/src/portable/index.ts',
  '@dsm/wallet': 'packages/wallet/src/index.ts',
  '@dsm/directory': 'packages/directory/src/index.ts',
};

registerHooks({
  resolve: (specifier, context, next) => {
    const face = FACES[specifier];
    return face ? { url: new URL(face, root).href, shortCircuit: true } : next(specifier, context);
  },
});
