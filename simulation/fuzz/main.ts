/** `npm run fuzz -- [options]`: hostile bytes for every decoder, verifier, handler and parser. */
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { readOptions, readWhole, refuseOptions } from '../options.ts';
import { fuzz } from './run.ts';

const HELP = `npm run fuzz -- [options]
  --seconds S    of mutation (60), beside the fixed phases, which take minutes: see --skip; 0 replays what is known
  --seed N       of the mutations; from the clock by default, printed
  --target NAME  only this one, may be repeated; with --input HEX or --file PATH: only this input
  --skip PART    short (all inputs of up to 3 bytes) or growth (time by size), may be repeated
  --keep         writes the committed corpus anew from everything that is known
  --json         the summary as one line of JSON`;

const values = readOptions(
  {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true, default: [] },
    input: { type: 'string' },
    file: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  HELP,
);

const PARTS = ['short', 'growth'];

function readFile(path: string): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(readFileSync(path)));
  } catch (error) {
    return refuseOptions(`--file: ${path} is no entry of the corpus (${String(error)})`);
  }
}

function givenInput(): Uint8Array | undefined {
  if (values.file !== undefined) return readFile(values.file);
  if (values.input === undefined) return undefined;
  if (!/^([0-9a-f]{2})*$/i.test(values.input)) return refuseOptions('--input: hexadecimal digits are expected');
  return Uint8Array.from(Buffer.from(values.input, 'hex'));
}

const part = values.skip.find((name) => !PARTS.includes(name));
if (part !== undefined) refuseOptions(`--skip: ${PARTS.join(' or ')} is expected, not "${part}"`);

const failures = await fuzz({
  seconds: readWhole('seconds', values.seconds),
  seed: values.seed === undefined ? Date.now() % 2 ** 32 : readWhole('seed', values.seed),
  targets: values.target,
  input: givenInput(),
  skip: new Set(values.skip),
  keep: values.keep,
  json: values.json,
});
process.exitCode = failures > 0 ? 1 : 0;
