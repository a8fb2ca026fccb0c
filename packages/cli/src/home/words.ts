/** The 24 words: from the environment, else from the person at the terminal, else nowhere. */
import { fail, type Result } from '@dsm/core';
import { entropyFromWords } from '@dsm/platform/node';
import type { Call } from '../call.ts';
import { askSecret } from './ask.ts';

export const WORDS = 'DSM_WORDS';

/** The 32 bytes behind them. `E_FORMAT` when they are not 24 words of the list. */
export async function readWords(call: Call): Promise<Result<Uint8Array>> {
  const given = call.env[WORDS];
  if (given !== undefined && given !== '') return entropyFromWords(given);
  if (!call.isInteractive) return fail('E_PASSPHRASE', 'CLI-28', `no words: set ${WORDS}, or use a terminal`);
  // Not shown: whoever reads them over a shoulder has the money.
  const typed = await askSecret('The 24 words, in one line');
  return typed === undefined ? fail('E_PASSPHRASE', 'CLI-28', 'no words were given') : entropyFromWords(typed);
}
