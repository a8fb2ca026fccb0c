/** CLI-2, CLI-28: a prompt that nobody can answer any more. */
import { expect, test, vi } from 'vitest';
import type { Call } from '../src/call.ts';
import { readPassphrase } from '../src/home/passphrase.ts';
import { readWords } from '../src/home/words.ts';

// As a prompt does whose terminal was closed.
vi.mock('@clack/prompts', () => ({ password: () => new Promise(() => {}), isCancel: () => false }));

const call = { env: {}, isInteractive: true } as unknown as Call;

/** Once the prompt listens. */
async function emit(name: string, from: NodeJS.EventEmitter): Promise<void> {
  const before = from.listenerCount(name);
  await vi.waitUntil(() => from.listenerCount(name) > before);
  from.emit(name);
}

test.each([
  ['CLI-2: the passphrase', 'end', process.stdin, () => readPassphrase(call, { twice: true })],
  ['CLI-2: the passphrase, by Ctrl-D', 'beforeExit', process, () => readPassphrase(call, { twice: false })],
  ['CLI-28: the words', 'end', process.stdin, () => readWords(call)],
] as const)('%s: E_PASSPHRASE when the input ends at the prompt', async (_, name, from, ask) => {
  const emitted = emit(name, from);
  const [result] = await Promise.all([ask(), emitted]);
  expect(result).toMatchObject({ ok: false, error: { code: 'E_PASSPHRASE' } });
});
