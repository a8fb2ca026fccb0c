/** Mutations of text: tokens are cut out, doubled, exchanged and replaced by what parsers stumble over. */
import type { Random } from '../../world/random.ts';

const WORDS: readonly string[] = [
  '',
  '0',
  '-1',
  '1e400',
  '1e21',
  '0x10',
  '00',
  '.',
  '1.',
  '.5',
  '9'.repeat(40),
  '9007199254740993',
  'null',
  'true',
  '{}',
  '[]',
  '"__proto__"',
  '"constructor"',
  '{"__proto__":{"x":1}}',
  '\u0000',
  '\u00A0',
  '\u0661',
  '\uFEFF',
  '\u2212',
  'e\u0301',
  '\uD800',
  '1d',
  '1h',
  'ms',
  'T00:00:00Z',
  '+00:00',
  '24:00',
  '2027-02-30',
  '275760-09-14',
  '%',
  '%2e%2e',
  '/',
  '\n',
  '?after=',
];

const tokensOf = (text: string): string[] => text.match(/[A-Za-z]+|\d+|"[^"]{0,80}"|\s+|./gsu) ?? [];

export function mutateText(random: Random, text: string, other: string): string {
  let tokens = tokensOf(text.slice(0, 40_000));
  const count = 1 + random.below(4);
  for (let i = 0; i < count; i++) {
    const at = random.below(tokens.length + 1);
    const word = random.below(4) === 0 ? random.pick([...tokensOf(other), '']) : random.pick(WORDS);
    switch (random.below(6)) {
      case 0:
        tokens = tokens.toSpliced(at, 1 + random.below(3));
        break;
      case 1:
        tokens = tokens.toSpliced(at, 0, word);
        break;
      case 2:
        tokens = tokens.toSpliced(at, 0, ...tokens.slice(at, at + 1 + random.below(6)));
        break;
      case 3: {
        const one = tokens[at];
        const place = random.below(tokens.length + 1);
        const two = tokens[place];
        if (one !== undefined && two !== undefined) {
          tokens[at] = two;
          tokens[place] = one;
        }
        break;
      }
      default:
        tokens = tokens.toSpliced(at, 1, word);
    }
  }
  return tokens.join('');
}
