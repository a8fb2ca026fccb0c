/** What no run of a world does: bytes that nobody sends, commands that people give wrongly, files that are none. */
import { replayCorpus } from './odd/corpus.ts';

/** Answers what went wrong, which is nothing. */
export async function doOddThings(): Promise<readonly string[]> {
  return replayCorpus();
}
