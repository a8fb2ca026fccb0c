import { entropyFromWords as portable, wordsFromEntropy as portableWords } from '@dsm/platform/portable';
import { entropyFromWords, systemEntropy, wordsFromEntropy } from '@dsm/platform/node';
import { describe, expect, test } from 'vitest';

// Vectors of BIP39 (github.com/trezor/python-mnemonic/blob/master/vectors.json), 256 bits.
const VECTORS = [
  ['00'.repeat(32), `${'abandon '.repeat(23)}art`],
  [
    'f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f',
    'void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold',
  ],
] as const;

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('FIL-4: the 24 words', () => {
  test.each(VECTORS)('of %s are those of BIP39', (hex, words) => {
    expect(wordsFromEntropy(bytes(hex))).toBe(words);
    expect(entropyFromWords(words)).toEqual({ ok: true, value: bytes(hex) });
  });

  test('are alike on every platform and lead back to the seed', () => {
    const seed = systemEntropy(32);
    expect(portableWords(seed)).toBe(wordsFromEntropy(seed));
    expect(portable(wordsFromEntropy(seed))).toEqual({ ok: true, value: seed });
  });

  test('may be typed in any case and spacing', () => {
    const typed = `  ${VECTORS[1][1].toUpperCase().replaceAll(' ', '\n\t')} `;
    expect(entropyFromWords(typed)).toEqual({ ok: true, value: bytes(VECTORS[1][0]) });
  });

  test.each([
    ['nothing', ''],
    ['12 words', `${'abandon '.repeat(11)}about`],
    ['a word of another list', VECTORS[1][1].replace('void', 'leer')],
    ['a wrong checksum', `${'abandon '.repeat(23)}abandon`],
    ['two words exchanged', VECTORS[1][1].replace('void come', 'come void')],
  ])('refuse %s', (_, words) => {
    expect(entropyFromWords(words)).toMatchObject({ ok: false, error: { code: 'E_FORMAT', rule: 'FIL-4' } });
  });

  test('take 32 bytes and no other number', () => {
    expect(() => wordsFromEntropy(new Uint8Array(16))).toThrow('32 bytes');
  });
});
