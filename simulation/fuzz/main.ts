/**
 * `npm run fuzz [-- --seconds S --seed N]`: hostile bytes for every decoder, verifier, handler and parser.
 *
 *     --seconds S    of mutation (default 60); 0 replays the corpus only
 *     --seed N       default: from the clock, printed
 *     --target NAME  only this one (repeatable); with --input HEX or --file PATH: only this input
 *     --skip PART    short (all inputs of up to 3 bytes) or growth (time by size); repeatable
 *     --keep         adds what is found to the committed corpus, as far as it stays small
 *     --json         the summary as one JSON line
 */
import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { fuzz } from './run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true, default: [] },
    input: { type: 'string' },
    file: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: a whole number is expected, not ${text}`);
  return value;
}

function givenInput(): Uint8Array | undefined {
  if (values.file !== undefined) return new Uint8Array(inflateRawSync(readFileSync(values.file)));
  return values.input === undefined ? undefined : Uint8Array.from(Buffer.from(values.input, 'hex'));
}

const failures = await fuzz({
  seconds: wholeNumber(values.seconds, 'seconds'),
  seed: values.seed === undefined ? Date.now() % 2 ** 32 : wholeNumber(values.seed, 'seed'),
  targets: values.target,
  input: givenInput(),
  skip: new Set(values.skip),
  keep: values.keep,
  json: values.json,
});
process.exitCode = failures > 0 ? 1 : 0;
