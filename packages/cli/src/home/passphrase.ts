/** The passphrase: from the environment, else from the person at the terminal, else nowhere. */
import { fail, ok, type Result } from '@dsm/core';
import type { Call } from '../call.ts';
import { askSecret } from './ask.ts';

export const PASSPHRASE = 'DSM_PASSPHRASE';

/** `twice` for a new one, so that a slip does not lock the wallet for ever. */
export async function readPassphrase(call: Call, { twice }: { readonly twice: boolean }): Promise<Result<string>> {
  const given = call.env[PASSPHRASE];
  if (given !== undefined && given !== '') return ok(given);
  if (!call.isInteractive) return fail('E_PASSPHRASE', 'CLI-2', `no passphrase: set ${PASSPHRASE}, or use a terminal`);
  return askPassphrase(twice);
}

async function askPassphrase(twice: boolean): Promise<Result<string>> {
  const ask = async (message: string): Promise<string | undefined> => {
    const typed = await askSecret(message);
    return typed === '' ? undefined : typed;
  };
  const passphrase = await ask(twice ? 'Choose a passphrase' : 'Passphrase');
  if (passphrase === undefined) return fail('E_PASSPHRASE', 'CLI-2', 'no passphrase was given');
  if (twice && (await ask('The same again')) !== passphrase) {
    return fail('E_PASSPHRASE', 'CLI-2', 'the two passphrases differ');
  }
  return ok(passphrase);
}
