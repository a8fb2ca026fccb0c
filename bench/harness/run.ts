/** Runs the chosen benches, group by group, and turns what was measured into rows. */
import { openRun, type Bench, type SizeWork, type TimedWork, type Work } from './bench.ts';
import { HURRIED_PACE, sample, timeOnce, timeTogether, USUAL_PACE, type Pace } from './measure.ts';
import { tidyRow, type Row } from './row.ts';
import { groupByPeer, select } from './select.ts';

export interface RunOptions {
  readonly only?: string | undefined;
  readonly pace?: Pace;
  /** Told before each group. */
  readonly onGroup?: (group: readonly Bench[]) => void;
}

/** After that long the rest is measured in a hurry: a whole run stays below three minutes. */
const HURRY_AFTER_MS = 100_000;

interface Figures {
  readonly perSecond?: number;
  readonly p50?: number;
  readonly p99?: number | undefined;
  readonly size?: SizeWork;
}

interface Prepared {
  readonly bench: Bench;
  readonly work: Work;
}

/** The rows of the benches that match, in the order of the list; their peers come along. */
export async function runBenches(
  benches: readonly Bench[],
  { only, pace = USUAL_PACE, onGroup }: RunOptions = {},
): Promise<readonly Row[]> {
  const chosen = select(benches, only);
  const figures = new Map<string, Figures>();
  const run = openRun();
  const startMs = performance.now();
  try {
    for (const group of groupByPeer(chosen)) {
      onGroup?.(group);
      const prepared: Prepared[] = [];
      for (const bench of group) prepared.push({ bench, work: await bench.prepare(run) });
      const isLate = performance.now() - startMs > HURRY_AFTER_MS;
      await measure(prepared, isLate ? HURRIED_PACE : pace, figures);
    }
  } finally {
    await run.close();
  }
  return chosen.map((bench) => rowOf(bench, figures));
}

async function measure(prepared: readonly Prepared[], pace: Pace, figures: Map<string, Figures>): Promise<void> {
  const timed = prepared.filter((one): one is Prepared & { readonly work: TimedWork } => one.work.type === 'timed');
  if (timed.length > 0) {
    const rates = await timeTogether(
      timed.map(({ work }) => work),
      pace,
    );
    for (const [i, perSecond] of rates.entries()) figures.set(timed.at(i)?.bench.name ?? '', { perSecond });
  }
  for (const { bench, work } of prepared) {
    if (work.type === 'size') figures.set(bench.name, { size: work });
    if (work.type === 'single') figures.set(bench.name, { perSecond: await timeOnce(work) });
    if (work.type === 'sampled') figures.set(bench.name, await sample(work, pace));
  }
}

/** Operations faster than this are told by their rate alone. */
const SHORTEST_MS = 0.01;

function rowOf(bench: Bench, figures: ReadonlyMap<string, Figures>): Row {
  const { name, signed, persisted } = bench;
  const { perSecond, p50, p99, size } = figures.get(name) as Figures;
  if (size) {
    const { bytes, floor } = size;
    return tidyRow({ name, bytes, signed, persisted, peer: floor?.text, ratio: floor && bytes / floor.bytes });
  }
  const rate = perSecond as number;
  const peerRate = bench.peer === undefined ? undefined : figures.get(bench.peer)?.perSecond;
  return tidyRow({
    name,
    perSecond: rate,
    ms: 1_000 / rate >= SHORTEST_MS ? 1_000 / rate : undefined,
    p50,
    p99,
    signed,
    persisted,
    peer: bench.peer,
    ratio: peerRate === undefined ? undefined : rate / peerRate,
  });
}
