/**
 * `npm run bench [-- --only PATTERN] [--json FILE] [--markdown FILE]`: one table on stdout; the rows as JSON, with
 * what they were measured on in FILE.env.json; docs/performance.md as text. Progress goes to stderr.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench } from './harness/bench.ts';
import { currentLoad, describeEnvironment, type Measured } from './harness/environment.ts';
import { printMarkdown } from './harness/markdown.ts';
import { runBenches } from './harness/run.ts';
import { printTable } from './harness/table.ts';
import { BENCHES } from './rows/index.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
  },
});

/** Sizes take no time to speak of. */
function announce(group: readonly Bench[]): void {
  const [first, ...rest] = group.filter(({ section }) => section !== 'bytes');
  if (first) process.stderr.write(`${first.name}${rest.length > 0 ? ` and ${rest.length} beside it` : ''}\n`);
}

const before = describeEnvironment();
const startMs = performance.now();
const rows = await runBenches(BENCHES, {
  only: values.only,
  onGroup: announce,
});
const environment: Measured = {
  ...before,
  seconds: Math.round((performance.now() - startMs) / 1_000),
  loadAfter: currentLoad(),
};

if (rows.length === 0) {
  process.stderr.write(
    `nothing is called like ${values.only}; the names are:\n${BENCHES.map(({ name }) => `  ${name}\n`).join('')}`,
  );
  process.exitCode = 1;
} else {
  process.stdout.write(`\n${printTable(rows, BENCHES)}\n`);
  process.stdout.write(
    `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, ${environment.seconds} s\n`,
  );
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
    writeFileSync(`${values.json}.env.json`, `${JSON.stringify(environment, null, 2)}\n`);
  }
  if (values.markdown !== undefined) writeFileSync(values.markdown, printMarkdown(rows, BENCHES, environment));
}
