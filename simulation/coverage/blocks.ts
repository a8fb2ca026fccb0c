/** Which blocks of a source file have run, from V8's precise coverage. Type stripping keeps every offset in its place. */

export interface CoverageRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface FunctionCoverage {
  readonly functionName: string;
  readonly ranges: readonly CoverageRange[];
  readonly isBlockCoverage: boolean;
}

export interface Block {
  readonly line: number;
  /** The source of the block, in one line. */
  readonly text: string;
}

export interface FileBlocks {
  /** Blocks that V8 tells apart. */
  readonly total: number;
  readonly missed: readonly Block[];
}

/**
 * Whatever is innermost at a place decides whether it has run. V8 counts anew after each look: what has run before any of
 * the looks has run.
 */
export function readBlocks(source: string, looks: readonly (readonly FunctionCoverage[])[]): FileBlocks {
  const counts = new Uint8Array(source.length);
  const known = new Set<string>();
  for (const functions of looks) {
    const ranges = functions.flatMap((one) => one.ranges);
    const own = new Uint8Array(source.length).fill(1);
    const outerFirst = ranges.toSorted(
      (a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset) || a.startOffset - b.startOffset,
    );
    for (const { startOffset, endOffset, count } of outerFirst) own.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    for (const { startOffset, endOffset } of ranges) known.add(`${startOffset} ${endOffset}`);
    for (let at = 0; at < own.length; at++) counts[at] = (counts[at] ?? 0) | (own[at] ?? 0);
  }
  const missed: Block[] = [];
  for (let at = 0; at < source.length;) {
    if (counts[at] === 1) {
      at += 1;
      continue;
    }
    let end = at;
    while (end < source.length && counts[end] === 0) end += 1;
    const text = oneLine(source.slice(at, end));
    if (isWorthNaming(text)) missed.push({ line: lineOf(source, at, end), text });
    at = end;
  }
  return { total: known.size, missed };
}

const oneLine = (text: string): string =>
  text
    .replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Line of the first sign that is not a blank. */
function lineOf(source: string, start: number, end: number): number {
  const first = start + Math.max(0, source.slice(start, end).search(/\S/));
  return source.slice(0, first).split('\n').length;
}

/** Ends of blocks, and failures that are only handed on: the mark is where they arise. */
const isWorthNaming = (text: string): boolean => {
  const plain = text.replaceAll(/^[{}();,\s]+|[{}();,\s]+$/g, '');
  if (plain === '' || plain === 'else' || plain === 'break' || plain === 'continue') return false;
  return !/^(?:return |[?:] ?)?[\w.]+!?(?:\.error)?$/.test(plain);
};
