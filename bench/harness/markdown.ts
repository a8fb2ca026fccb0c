/** docs/performance.md: how to run, what the rows mean, what the design aims at, and the figures of one run. */
import { SECTIONS, type Aim, type Bench } from './bench.ts';
import type { Measured } from './environment.ts';
import type { Row } from './row.ts';
import { bySection, formatCells, formatCount, formatMs, formatRatio } from './table.ts';

const INTRODUCTION = `# Performance

This file is written by \`npm run bench -- --markdown docs/performance.md\`; do not edit it by hand.

## How to run

\`\`\`
npm run bench                                   # everything, below three minutes
npm run bench -- --only merkle                  # rows with these letters in their name; a regular expression works too
npm run bench -- --json figures.json            # the rows as JSON; figures.json.env.json says where they were measured
npm run bench -- --markdown docs/performance.md # this file
\`\`\`

A row that is compared with another is never run without it. All load stays on this machine.

## How to read it

- **Ratios matter, absolute figures do not travel.** Each row stands beside its floor or its peer, which was timed in
  the same run, round by round in turn. \`of peer\` is the row's rate divided by the peer's. A *floor* is the sum of the
  primitive operations that the work cannot avoid: the different hashes that it computes, or its signatures.
- **Rates without signatures and rates with them are never compared.** The column \`signed\` says which is which.
- **\`persisted\`** says whether every operation waits for a disk. Rows in memory leave that out and say so.
- Each row is warmed up, then timed in several rounds; the median round counts. \`p50\` and \`p99\` are of single
  operations; without a hundred of them there is no \`p99\`.
- JSON rows have \`name, perSecond?, ms?, p50?, p99?, bytes?, signed, persisted, peer?, ratio?\`.
`;

const whereMeasured = (env: Measured): string => `
## One run

${env.date.slice(0, 10)}, ${env.cpu}, ${env.cores} cores, ${env.memoryGib} GiB, ${env.platform}, Node ${env.node} (V8 ${env.v8}, OpenSSL ${env.openssl},
SQLite ${env.sqlite}), ${Object.entries(env.packages ?? {})
  .map(([name, version]) => `${name} ${version}`)
  .join(', ')}; ${env.seconds} s in all.

A machine of ${env.cores} cores that others use too: the load was ${env.loadBefore} before the run and ${env.loadAfter} at its end, this run included.
Figures vary by the hour, by a factor of two and more; what lasts are the ratios.
`;

const AIM_HEADINGS = ['row', 'aim', 'measured'] as const;
const ROW_HEADINGS = [
  'row',
  'per second',
  'ms',
  'p50',
  'p99',
  'bytes',
  'signed',
  'persisted',
  'of peer',
  'peer',
] as const;

const table = (headings: readonly string[], lines: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function describeAim(aim: Aim): string {
  if ('perSecondAtLeast' in aim) return `at least ${formatCount(aim.perSecondAtLeast)} a second`;
  if ('ratioAtLeast' in aim) return `at least ${(aim.ratioAtLeast * 100).toFixed(0)} % of the floor`;
  if ('p50BelowMs' in aim) return `p50 below ${aim.p50BelowMs} ms`;
  return `at most ${formatCount(aim.bytesAtMost)} bytes`;
}

/** The figure that the aim is about, and whether it was met. */
function compare(aim: Aim, row: Row): string {
  const verdict = (text: string, isMet: boolean): string => `${text}${isMet ? '' : ' (not met)'}`;
  const { perSecond = 0, ratio = 0, p50 = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = row;
  if ('perSecondAtLeast' in aim)
    return verdict(`${formatCount(perSecond)} a second`, perSecond >= aim.perSecondAtLeast);
  if ('ratioAtLeast' in aim) return verdict(formatRatio(row) ?? '', ratio >= aim.ratioAtLeast);
  if ('p50BelowMs' in aim) return verdict(`${formatMs(p50)} ms`, p50 < aim.p50BelowMs);
  return verdict(`${formatCount(bytes)} bytes`, bytes <= aim.bytesAtMost);
}

function aimTable(rows: readonly Row[], benches: readonly Bench[]): string {
  const lines = rows.flatMap((row) => {
    const aim = benches.find(({ name }) => name === row.name)?.aim;
    return aim ? [[row.name, describeAim(aim), compare(aim, row)]] : [];
  });
  if (lines.length === 0) return '';
  return `
### Aims of the design

Set for two cores before anything was built. No test asserts a time: this table says where work is left.

${table(AIM_HEADINGS, lines)}

A look-up should cost the same in a long chain as in a short one for the same k, and grow with k: compare its rows.
Aims without a row yet come with what they measure: payments in segments of 256 at 80 % of the bound times 256, stream
ticks at 1,000,000 a second each way, a metered HTTP endpoint at 90 % of the unmetered one.
`;
}

const withoutSuite = (name: string): string => name.replace(/, (128f|128s|ml-dsa-44)$/, '');

/** Each explanation once, with the rows that it is about. */
function explain(rows: readonly Row[], benches: readonly Bench[]): string {
  const shown = new Set(rows.map(({ name }) => name));
  const namesByText = new Map<string, Set<string>>();
  for (const { name, about } of benches) {
    if (!shown.has(name)) continue;
    const names = namesByText.get(about) ?? new Set();
    namesByText.set(about, names.add(withoutSuite(name)));
  }
  return [...namesByText]
    .map(([about, names]) => `- ${[...names].map((name) => `*${name}*`).join('; ')}: ${about}`)
    .join('\n');
}

export function printMarkdown(rows: readonly Row[], benches: readonly Bench[], environment: Measured): string {
  const sections = bySection(rows, benches).map(
    ({ section, rows }) =>
      `\n### ${SECTIONS[section]}\n\n${table(ROW_HEADINGS, rows.map(formatCells))}\n\n${explain(rows, benches)}\n`,
  );
  return `${INTRODUCTION}${whereMeasured(environment)}${aimTable(rows, benches)}${sections.join('')}`;
}
