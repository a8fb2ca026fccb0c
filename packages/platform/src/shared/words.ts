/** The master seed as 24 words a person can write down: BIP39 with the English list (spec FIL-4). */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fail, ok, type Result } from '@dsm/core';

/** 24 words carry 256 bits and a checksum of 8. */
const ENTROPY_BYTES = 32;

/** 24 words for 32 bytes. Throws for any other length, which would be a defect of the caller. */
export function wordsFromEntropy(entropy: Uint8Array): string {
  if (entropy.length !== ENTROPY_BYTES) throw new Error(`${ENTROPY_BYTES} bytes make 24 words, not ${entropy.length}`);
  return entropyToMnemonic(entropy, wordlist);
}

/** The 32 bytes behind 24 words, typed in any case and spacing; `E_FORMAT` when a word or the checksum is wrong. */
export function entropyFromWords(words: string): Result<Uint8Array> {
  const typed = words.trim().toLowerCase().split(/\s+/);
  try {
    if (typed.length === 24) return ok(Uint8Array.from(mnemonicToEntropy(typed.join(' '), wordlist)));
  } catch {
    // The library's words name neither the rule nor the word.
  }
  return fail('E_FORMAT', 'FIL-4', 'not 24 words of the list, in their order');
}
