/** The clock of wallets and nodes: that of the machine, shifted for rehearsals and tests. */
import { ok, type Clock, type Result } from '@dsm/core';
import { systemClock } from '@dsm/platform/node';
import { parseSignedDuration } from './duration.ts';

/** Shifts the clock of every command and of the nodes that `network up` starts: `2d`, `-1h`. */
const CLOCK_OFFSET = 'DSM_CLOCK_OFFSET';

export function openClock(env: NodeJS.ProcessEnv): Result<Clock> {
  const offset = env[CLOCK_OFFSET];
  if (offset === undefined || offset === '') return ok(systemClock);
  const offsetMs = parseSignedDuration(offset, CLOCK_OFFSET);
  return offsetMs.ok ? ok(() => systemClock() + offsetMs.value) : offsetMs;
}
