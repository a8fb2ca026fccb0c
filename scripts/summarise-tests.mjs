/**
 * Reads vitest's JSON report and prints what failed, what was skipped and, as its last line, `N passed, N failed`.
 *
 *   node scripts/summarise-tests.mjs REPORT [--forbid-skips] [--exit-status N] [--failed-step NAME]...
 *
 * A file that failed to load, a forbidden skip, a missing report, a report without any test, a run whose exit status no
 * test explains and a failed step count as one failure each, so that the last line alone never looks better than the
 * run was. Exits 1 unless nothing failed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    'forbid-skips': { type: 'boolean', default: false },
    // An error outside of any test makes vitest exit with 1, and its report still says success.
    'exit-status': { type: 'string', default: '0' },
    'failed-step': { type: 'string', multiple: true, default: [] },
  },
});

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const report = readReport(positionals[0] ?? '');
const files = report?.testResults ?? [];
const tests = files.flatMap((file) =>
  file.assertionResults.map((test) => ({ name: `${file.name} > ${test.fullName}`, status: test.status })),
);
const passed = tests.filter(({ status }) => status === 'passed').length;
const failedTests = tests.filter(({ status }) => status === 'failed').map(({ name }) => name);
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ name }) => name);
const broken = files
  .filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
  .map((file) => `${file.name} ${file.message ?? ''}`.trim());

const problems = [
  ...values['failed-step'].map((step) => `step failed: ${step}`),
  ...failedTests.map((name) => `test failed: ${name}`),
  ...broken.map((file) => `test file failed: ${file}`),
  ...(values['forbid-skips'] ? skipped.map((name) => `test skipped: ${name}`) : []),
];
if (!report) problems.push('no test report was written');
else if (tests.length === 0) problems.push('no test was run');
else if (values['exit-status'] !== '0' && failedTests.length + broken.length === 0) {
  problems.push(`the test run exited with ${values['exit-status']}`);
}

for (const problem of problems) console.log(problem);
if (!values['forbid-skips']) for (const name of skipped) console.log(`skipped: ${name}`);
console.log(`${passed} passed, ${problems.length} failed`);
process.exitCode = problems.length > 0 ? 1 : 0;
