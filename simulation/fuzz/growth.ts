/**
 * How time grows with the size of the input: the exponent e of t ~ size^e for every target and adversarial shape, as the
 * slope of a straight line through the logarithms. Reported, never asserted: a busy machine would make a test of it lie.
 */
import { attempt } from './attempt.ts';
import type { Progress } from './progress.ts';
import { shapesOf } from './shapes.ts';
import type { Shape, Target } from './targets/target.ts';

export interface Growth {
  readonly target: string;
  readonly shape: string;
  /** 0 where the time does not rise above what can be measured. */
  readonly exponent: number;
  readonly largestBytes: number;
  readonly largestMs: number;
}

/** The largest is below the bound on items, also where each byte is one. */
const SIZES: readonly number[] = [1, 16, 64, 256, 1_000].map((kib) => kib * 1_024);

/** Below this the call itself costs more than the size. */
const NOISE_MS = 0.02;
/** A shape whose time does not reach this at the largest size costs nothing that grows. */
const FLAT_MS = 1;
/** Beyond this a larger input tells nothing new. */
const ENOUGH_MS = 800;

interface Point {
  readonly bytes: number;
  readonly ms: number;
}

/** Time of this thread on a processor: what else the machine does is not counted. */
const spentMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

async function timeOnce(target: Target, input: Uint8Array): Promise<number> {
  const began = spentMs();
  await attempt(target, input);
  return spentMs() - began;
}

/** The clock of a thread goes on in steps of up to some milliseconds: short calls are timed together. */
const TOGETHER_MS = 20;
const MOST_CALLS = 1_000;

async function timeTogether(target: Target, input: Uint8Array): Promise<number> {
  const began = spentMs();
  for (let calls = 1; ; calls++) {
    await attempt(target, input);
    const took = spentMs() - began;
    if (took >= TOGETHER_MS || calls === MOST_CALLS) return took / calls;
  }
}

/** The lesser of two: the collector's work for what came before only adds. */
async function timeOf(target: Target, input: Uint8Array): Promise<number> {
  const first = await timeTogether(target, input);
  return first >= ENOUGH_MS ? first : Math.min(first, await timeTogether(target, input));
}

/** Slope of the logarithms by least squares, over what stands out from the noise. */
function slopeOf(points: readonly Point[]): number {
  const clear = points.filter(({ ms }) => ms >= NOISE_MS).slice(-4);
  const last = points.at(-1);
  if (clear.length < 3 || !last || last.ms < FLAT_MS) return 0;
  const xs = clear.map(({ bytes }) => Math.log(bytes));
  const ys = clear.map(({ ms }) => Math.log(ms));
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const over = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] as number) - my), 0);
  const under = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

/** What the target is given of this size; undefined where it is more than anybody hands on. */
function inputOf(target: Target, shape: Shape, size: number): Uint8Array | undefined {
  const input = shape.make(size);
  return input.length > 4 * size + 65_536 || input.length > (target.maxBytes ?? Infinity) ? undefined : input;
}

/** Once, at the largest size that is handed on. */
async function probe(target: Target, shape: Shape): Promise<number | undefined> {
  for (const size of SIZES.toReversed()) {
    const input = inputOf(target, shape, size);
    if (input) return timeOnce(target, input);
  }
  return undefined;
}

async function measureShape(target: Target, shape: Shape): Promise<Growth> {
  const points: Point[] = [];
  for (const size of SIZES) {
    const input = inputOf(target, shape, size);
    if (!input) break;
    const ms = await timeOf(target, input);
    points.push({ bytes: input.length, ms });
    if (ms > ENOUGH_MS) break;
  }
  const last = points.at(-1) ?? { bytes: 0, ms: 0 };
  return {
    target: target.name,
    shape: shape.name,
    exponent: slopeOf(points),
    largestBytes: last.bytes,
    largestMs: last.ms,
  };
}

/** The shape that costs each target most at the largest size: an exponent of a few milliseconds says nothing. */
export async function measureGrowth(targets: readonly Target[], progress: Progress): Promise<readonly Growth[]> {
  const rows: Growth[] = [];
  for (const target of targets) {
    let costliest: { readonly shape: Shape; readonly ms: number } | undefined;
    for (const shape of shapesOf(target)) {
      progress.at(() => `${rows.length} of ${targets.length} targets, now ${target.name}, ${shape.name}`);
      const ms = await probe(target, shape);
      if (ms !== undefined && (!costliest || ms > costliest.ms)) costliest = { shape, ms };
    }
    if (costliest) rows.push(await measureShape(target, costliest.shape));
  }
  return rows.toSorted((a, b) => b.largestMs - a.largestMs);
}
