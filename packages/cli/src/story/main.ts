/**
 * `npm start`: the main job as a story. Spawns the very commands that it prints, in a fresh directory; exits non-zero
 * when a step does not end as it must.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { endJob, playStory, type Jobs } from './run.ts';
import { STORY } from './steps.ts';

const print = (line: string): void => console.log(line);

const dir = mkdtempSync(join(tmpdir(), 'dsm-story-'));
const dsm = fileURLToPath(new URL('../../bin/dsm', import.meta.url));
const jobs: Jobs = [];
const startMs = performance.now();

const stop = async (): Promise<void> => {
  while (jobs.length > 0) await endJob(jobs);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void stop().finally(() => process.exit(130)));
}

print('DSM: two devices pay each other, offline and through four directory nodes.');
print(`Everything below happens in ${dir}${process.stdout.isTTY ? '' : ', which is removed at the end'}.`);

const succeeded = await playStory({ dir, dsm, print }, STORY, jobs).catch((error: unknown) => {
  print(styleText('red', String(error)));
  return false;
});
await stop();

print('');
print(
  succeeded
    ? `Done in ${((performance.now() - startMs) / 1000).toFixed(1)} s: at most one of the two payments settled, and the fraud is proved.`
    : styleText('red', 'The story did not end as it must.'),
);

if (process.stdout.isTTY && succeeded) {
  print('');
  print('Try next, in that directory, with DSM_PASSPHRASE set:');
  print(`  cd ${dir} && export DSM_PASSPHRASE='correct horse battery staple'`);
  print('  dsm network up --nodes 4 --dir net &     start the nodes again');
  print('  dsm history --home till                  every payment with its grade');
  print('  dsm chain show --home bob                a chain, state by state');
  print('  dsm --help                               everything else');
} else {
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = succeeded ? 0 : 1;
