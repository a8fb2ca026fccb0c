/** `dsm keep`: stays, claims what was received before its date, and warns when it cannot. */
import { ok, type Result } from '@dsm/core';
import { keepClaimed, type Tick } from '@dsm/wallet';
import type { Call, Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { requireWallet } from '../home/home.ts';
import { PASSPHRASE, readPassphrase } from '../home/passphrase.ts';
import { openClock } from '../input/clock.ts';
import { answer } from '../output/answer.ts';
import { describeDue } from '../output/due.ts';
import { alarm } from '../output/style.ts';

/** Another command holds the wallet; it is not for long. */
const BUSY_SLEEP_MS = 1_000;

export const keep: Command = async (call) => {
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const present = requireWallet(call.home);
  if (!present.ok) return present;
  const passphrase = await readPassphrase(call, { twice: false });
  if (!passphrase.ok) return passphrase;
  // Asked once; the wallet is closed between two looks, so that other commands find it free.
  const again: Call = { ...call, env: { ...call.env, [PASSPHRASE]: passphrase.value } };
  const stop = listenForStop();
  call.notify('claims what was received, as long as this runs; end it with Ctrl-C');
  let looks = 0;
  let warned = 0;
  try {
    while (!stop.signal.aborted) {
      const tick = await look(again);
      if (!tick.ok) return tick;
      looks++;
      warned += tick.value.warnings.length;
      for (const due of tick.value.warnings) call.notify(alarm(describeDue(due, clock.value())));
      for (const { code, message } of tick.value.failures) call.notify(`open: ${message} (${code})`);
      await sleep(tick.value.sleepMs, stop.signal);
    }
  } finally {
    stop.release();
  }
  return ok(answer({ looks, warnings: warned }));
};

async function look(call: Call): Promise<Result<Tick>> {
  const tick = await withDevice(call, (device) => keepClaimed(device));
  return !tick.ok && tick.error.code === 'E_BUSY' ? ok({ warnings: [], failures: [], sleepMs: BUSY_SLEEP_MS }) : tick;
}

function listenForStop(): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController();
  const listener = (): void => stop.abort();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, listener);
  return {
    signal: stop.signal,
    release: () => {
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(name, listener);
    },
  };
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
