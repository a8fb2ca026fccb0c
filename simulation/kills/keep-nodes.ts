/** The nodes of a run: started, killed when asked for, looked at while they are dead, started again. */
import type { Checks } from './checks.ts';
import type { Violations } from './check/violations.ts';
import type { Progress } from './diary.ts';
import { askHead, checkExtends, startNode } from './nodes.ts';
import type { Process } from './process.ts';
import { sleep, type Random } from './random.ts';

export interface Nodes {
  readonly start: () => Promise<void>;
  /** False when there is nothing to kill. */
  readonly kill: (node: number) => boolean;
  /** All nodes are up again. */
  readonly settled: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Starts nothing any more. */
  readonly abandon: () => void;
}

interface KeepOptions {
  readonly dir: string;
  readonly checks: Checks;
  readonly violations: Violations;
  readonly random: Random;
  readonly progress: Progress;
}

const POLL_MS = 400;
/** How long a node stays down. */
const DOWN = { from: 0, to: 600 } as const;

export function keepNodes({ dir, checks, violations, random, progress }: KeepOptions): Nodes {
  const count = checks.file.network.nodes.length;
  const processes: (Process | undefined)[] = Array.from({ length: count }, () => undefined);
  const recoveries: (Promise<void> | undefined)[] = processes.map(() => undefined);
  const state = { open: true };

  const watch = async (node: number, process: Process): Promise<void> => {
    const { code, signal, stderr } = await process.ended;
    if (state.open && !process.wasKilled()) violations.add(`node ${node + 1} ended (${code ?? signal}): ${stderr}`);
  };

  const start = async (node: number): Promise<boolean> => {
    const up = await startNode(dir, node, (process) => {
      processes[node] = process;
      void watch(node, process);
    });
    return up !== undefined;
  };

  /** From a kill until the node answers again and shows a log that goes on where it was. */
  const recover = async (node: number): Promise<void> => {
    while (state.open) {
      const before = checks.heads.newest(node);
      await processes[node]?.ended;
      await checks.checkNode(node);
      await sleep(random.between(DOWN.from, DOWN.to));
      if (!state.open || !(await start(node))) continue;
      if (await checkExtends(checks.suite, checks.file, node, before, checks.heads, violations)) progress.checks++;
      if (processes[node]?.wasKilled() !== true) return;
    }
  };

  const tend = (node: number): void => {
    recoveries[node] ??= recover(node)
      .catch((thrown: unknown) => violations.add(`node ${node + 1}: ${String(thrown)}`))
      .finally(() => {
        recoveries[node] = undefined;
        // A kill at the very end of the recovery from the one before.
        if (state.open && processes[node]?.wasKilled() === true) tend(node);
      });
  };

  const poll = async (): Promise<void> => {
    while (state.open) {
      await Promise.all(processes.map((_, node) => askHead(checks.file, node, checks.heads)));
      await sleep(POLL_MS);
    }
  };

  const underWay = (): readonly Promise<void>[] => recoveries.filter((one) => one !== undefined);

  const settled = async (): Promise<void> => {
    for (let under = underWay(); under.length > 0; under = underWay()) await Promise.all(under);
  };

  return {
    settled,
    async start() {
      await Promise.all(processes.map((_, node) => start(node)));
      void poll();
    },
    kill(node) {
      const process = processes[node];
      if (!process || process.hasEnded() || process.wasKilled()) return false;
      process.kill();
      tend(node);
      return true;
    },
    async stop() {
      await settled();
      state.open = false;
      const up = processes.filter((process) => process !== undefined);
      for (const ended of await Promise.all(up.map((process) => process.stop()))) {
        if (ended.code !== 0) violations.add(`a node did not end in order: ${ended.code ?? ended.signal}`);
      }
    },
    abandon: () => {
      state.open = false;
    },
  };
}
