/**
 * `npm run model`: every reachable state of one slot, for several kinds of slot; then the mutants, each of which must
 * break a property. Last line: a summary. Exit code 1 if the protocol breaks or a mutant does not.
 */
import { readOptions, readWhole } from '../options.ts';
import { BEYOND, MUTANTS, mutantNamed, type Mutant } from './mutants.ts';
import { explore, tryMutant, type Explored, type Tried } from './run.ts';
import { SLOTS, slotNamed, type Slot } from './slots.ts';

const HELP = `npm run model -- [options]
  --config NAME  only this configuration, may be repeated
  --mutant NAME  only this mutant, may be repeated
  --list         names of both
  --quick        rounds 0 and 1 only
  --plain        leaves nothing out of the states
  --limit N      gives up after N states of one configuration, which is a failure (120000000)
  --json         one object on stdout`;

const args = readOptions(
  {
    config: { type: 'string', multiple: true },
    mutant: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    limit: { type: 'string', default: '120000000' },
    list: { type: 'boolean', default: false },
  },
  HELP,
);

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const tellProgress = (line: string): void => void process.stderr.write(`${line}\n`);
const count = (n: number): string => n.toLocaleString('en-US');
/** Of this process so far. */
const memoryMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
const seconds = (ms: number): string => (ms / 1000).toFixed(1);

function chosen(): { readonly slots: readonly Slot[]; readonly mutants: readonly Mutant[] } {
  const all = !args.config && !args.mutant;
  return {
    slots: all ? SLOTS : (args.config ?? []).map(slotNamed),
    mutants: all
      ? [...MUTANTS, BEYOND].filter(({ far }) => !(far && args.quick))
      : (args.mutant ?? []).map(mutantNamed),
  };
}

function printExplored(explored: readonly Explored[]): void {
  if (explored.length === 0) return;
  print('configuration          states         steps   depth  seconds  result');
  for (const { slot, states, steps, depth, ms, broken, complete } of explored) {
    const result = broken ?? (complete ? 'holds' : 'holds as far as it went');
    print(
      `${slot.name.padEnd(20)} ${count(states).padStart(11)} ${count(steps).padStart(13)} ${String(depth).padStart(7)} ${seconds(ms).padStart(8)}  ${result}`,
    );
  }
  print('');
}

function printTried(tried: readonly Tried[]): void {
  if (tried.length === 0) return;
  print('mutant                     configuration        breaks          steps     states');
  for (const { mutant, states, story } of tried) {
    const property = story?.property ?? 'NOTHING';
    print(
      `${mutant.name.padEnd(26)} ${mutant.slot.name.padEnd(20)} ${property.padEnd(14)} ${String(story?.steps.length ?? 0).padStart(6)} ${count(states).padStart(10)}`,
    );
  }
  for (const { mutant, story } of tried) {
    if (!story) continue;
    print(`\n${mutant.name}: ${mutant.what}. Breaks: ${story.says}.`);
    story.steps.forEach((step, i) => print(`  ${String(i + 1).padStart(2)}. ${step}`));
    print(`  So: ${story.end}.`);
    if (story.equivocators.length > 0) {
      print(`  Signed for both in one round: ${story.equivocators.join(', ')}.`);
    }
  }
  print('');
}

function main(): number {
  if (args.list) {
    for (const { name, what } of [...SLOTS, ...MUTANTS, BEYOND]) print(`${name.padEnd(28)} ${what}`);
    return 0;
  }
  const { slots, mutants } = chosen();
  const limit = readWhole('limit', args.limit, 1);
  const options = { quick: args.quick, plain: args.plain, limit, progress: tellProgress };
  const explored = slots.map((slot) => explore(slot, options));
  const tried = mutants.map((mutant) => tryMutant(mutant, options));
  const states = explored.reduce((sum, one) => sum + one.states, 0);
  const holding = explored.filter(({ broken, complete }) => broken === null && complete).length;
  const breaking = tried.filter(({ story }) => story !== null).length;
  const ok = holding === explored.length && breaking === tried.length;
  if (args.json) {
    print(JSON.stringify({ ok, states, explored: explored.map(plain), mutants: tried.map(plainTried) }, undefined, 2));
    return ok ? 0 : 1;
  }
  printExplored(explored);
  for (const { slot, story } of explored) {
    if (!story) continue;
    print(`${slot.name} is broken: ${story.says}.`);
    story.steps.forEach((step, i) => print(`  ${String(i + 1).padStart(2)}. ${step}`));
    print(`  So: ${story.end}.\n`);
  }
  printTried(tried);
  print(
    `model: ${count(states)} states, ${count(memoryMb())} MB at most, ${holding}/${explored.length} configurations hold, ${breaking}/${tried.length} mutants broken: ${ok ? 'ok' : 'FAILED'}`,
  );
  return ok ? 0 : 1;
}

const plain = ({ slot, ...rest }: Explored): object => ({ configuration: slot.name, what: slot.what, ...rest });
const plainTried = ({ mutant, ...rest }: Tried): object => ({
  mutant: mutant.name,
  what: mutant.what,
  configuration: mutant.slot.name,
  ...rest,
});

try {
  process.exitCode = main();
} catch (error) {
  // A name that is not there, or more states than the tables hold.
  tellProgress(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
