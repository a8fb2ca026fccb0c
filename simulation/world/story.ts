/** A run as a person reads it. */
import type { RunReport } from './run.ts';

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
};

/** What was done and what went wrong, line by line, and the sentence that was broken. */
export function tellStory({ seed, story, violation }: RunReport): readonly string[] {
  const lines = story.map(({ event, atMs, text }) => `${String(event).padStart(6)}  ${clock(atMs)}  ${text}`);
  if (!violation) return lines;
  return [
    ...lines,
    '',
    `seed ${seed}, event ${violation.event}, ${clock(violation.atMs)}`,
    `invariant "${violation.check}": ${violation.sentence}`,
    `broken: ${violation.what}`,
  ];
}
