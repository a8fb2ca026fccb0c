/** Asking the person at the terminal for a secret. */

/**
 * Undefined when nothing is given: cancelled, or the input has ended. A prompt whose terminal was closed is never
 * answered; without a look at that the process would end in the middle of it, with no word of ours.
 */
export async function askSecret(message: string): Promise<string | undefined> {
  const { password, isCancel } = await import('@clack/prompts');
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  const ended = new Promise<undefined>((resolve) => gone.signal.addEventListener('abort', () => resolve(undefined)));
  for (const name of ['end', 'close', 'error']) process.stdin.once(name, leave);
  // Ctrl-D closes the prompt and leaves nothing to wait for.
  process.once('beforeExit', leave);
  try {
    // On stderr: stdout is for the answer alone.
    const typed = await Promise.race([password({ message, output: process.stderr, signal: gone.signal }), ended]);
    return isCancel(typed) ? undefined : typed;
  } finally {
    for (const name of ['end', 'close', 'error']) process.stdin.off(name, leave);
    process.off('beforeExit', leave);
  }
}
