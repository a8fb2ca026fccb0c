/**
 * The runs behind the coverage report, in a process that counts: V8 must count before the sources are loaded, and
 * `fail` must tell what arises, for which this process is started with a patch. Progress on stderr.
 */
import { Session } from 'node:inspector';
import { parseArgs } from 'node:util';
import type { FunctionCoverage } from './blocks.ts';
import type { Exception } from './exceptions.ts';
import type { Mark } from './marks.ts';

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

const session = new Session();
session.connect();
const post = <T>(method: string, params: object = {}): Promise<T> =>
  new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as T)));
  });
await post('Profiler.enable');
await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '8' },
    events: { type: 'string', default: '3000' },
    json: { type: 'boolean', default: false },
  },
});

const failures = new Set<string>();
/** Numbers and ids differ from run to run. */
const plain = (text: string): string => text.replaceAll(/[0-9a-f]{16,}/g, 'ID').replaceAll(/\d+/g, '9');
Object.assign(globalThis, {
  dsmFailed: (code: string, rule: string, message: string) => {
    if (failures.size < 20_000) failures.add(`${code}\t${rule}\t${message.length > 300 ? plain(message) : message}`);
  },
});

const { PRESETS } = await import('../world/presets.ts');
const { runWorld } = await import('../world/run.ts');
const { doOddThings } = await import('./oddities.ts');
const { judgeMarks } = await import('./marks.ts');
const { EXCEPTIONS } = await import('./exceptions.ts');

const faults = new Set<string>();
const presets = ['hostile', 'table', 'boundary', 'hostile', 'seven'] as const;
let violations = 0;
for (const what of await doOddThings()) {
  console.error(what);
  violations += 1;
}
console.error(`odd things: ${(process.cpuUsage().user / 1e6).toFixed(1)} s of CPU`);
for (let i = 0; i < Number(values.runs); i++) {
  const name = presets[i % presets.length] ?? 'table';
  const seed = Number(values.seed) + i;
  const report = await runWorld({ ...PRESETS[name], seed, events: Number(values.events) });
  for (const kind of Object.keys(report.faults)) faults.add(kind);
  if (report.violation) violations += 1;
  console.error(`${name} ${seed}: ${report.events} events${report.violation ? `, ${report.violation.what}` : ''}`);
}

const root = new URL('../../', import.meta.url);
const { result } = await post<{ result: readonly ScriptCoverage[] }>('Profiler.takePreciseCoverage');
const coverage = new Map<string, readonly FunctionCoverage[]>();
for (const { url, functions } of result) {
  if (url.startsWith(root.href)) coverage.set(url.slice(root.href.length), functions);
}
const { total, missed } = judgeMarks(root, { coverage, failures, faults });

const excuses = ({ at, text }: Exception, mark: Mark): boolean => mark.at === at && mark.text.startsWith(text);
const left = missed.filter((mark) => !EXCEPTIONS.some((exception) => excuses(exception, mark)));
const needless = EXCEPTIONS.filter((exception) => !missed.some((mark) => excuses(exception, mark)));
for (const { kind, at, line, text } of left)
  console.log(`${at}${line ? `:${line}` : ''} ${kind}: ${text.slice(0, 160)}`);
for (const { at, text } of needless) console.error(`hit, and still an exception: ${at} ${text}`);
console.log(
  `${total} marks, ${total - missed.length} hit, ${missed.length - left.length} excepted with a reason, ${left.length} not hit, ${violations} violations`,
);
process.exit(left.length > 0 || violations > 0 ? 1 : 0);
