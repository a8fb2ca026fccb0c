/** What a run is doing, on stderr: each phase as it begins and ends, and every other second how far it has come. */

export interface Progress {
  /** Runs a part of the run under its name. */
  readonly phase: <T>(name: string, run: () => T | Promise<T>) => Promise<T>;
  /** How far the phase is; cheap enough to be called after every input. */
  readonly at: (describe: () => string) => void;
  readonly tell: (line: string) => void;
  /** Seconds of each phase that is over. */
  readonly spent: () => readonly (readonly [name: string, seconds: number])[];
}

const EVERY_MS = 2_000;

export function openProgress(write: (line: string) => void): Progress {
  const began = performance.now();
  const over: [string, number][] = [];
  let current = '';
  let told = began;
  const tell = (line: string): void => {
    told = performance.now();
    write(`${((told - began) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  };
  return {
    tell,
    spent: () => over,
    at(describe) {
      if (performance.now() - told >= EVERY_MS) tell(`${current}: ${describe()}`);
    },
    async phase(name, run) {
      const start = performance.now();
      current = name;
      tell(`${name} …`);
      // What is synchronous begins after the line is out.
      await new Promise(setImmediate);
      const result = await run();
      const seconds = (performance.now() - start) / 1_000;
      over.push([name, seconds]);
      tell(`${name}: done in ${seconds.toFixed(1)} s`);
      return result;
    },
  };
}

/** For callers that show nothing. */
export const silent: Progress = openProgress(() => {});
