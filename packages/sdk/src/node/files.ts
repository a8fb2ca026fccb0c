/** Messages as files in two directories: a stick that is carried, a folder that is shared (rule SDK-13). */
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { done, fail, LIMITS, ok, type Result } from '@dsm/core';
import { aborted, sleepUnless } from '../abort.ts';
import { closed, fits, tooLong, type Link } from '../link/link.ts';

export interface FileLinkOptions {
  /** How often to look for a message. Default: 200. */
  readonly pollMs?: number;
}

const NAME = /^[0-9]{12}-[0-9a-f]{8}\.dsm$/;

/** Reads from `dirIn` and writes to `dirOut`; the other end has them the other way round. Directories are made. */
export async function fileLink(
  dirIn: string,
  dirOut: string,
  { pollMs = 200 }: FileLinkOptions = {},
): Promise<Result<Link>> {
  try {
    for (const dir of [dirIn, dirOut]) await mkdir(dir, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    return refused(thrown);
  }
  let isClosed = false;
  let serial = 0;
  return ok({
    isReliable: true,
    async send(message, { signal } = {}) {
      if (signal?.aborted) return aborted();
      if (isClosed) return closed();
      if (!fits(message)) return tooLong();
      const path = join(dirOut, newName(serial++));
      try {
        await writeFile(`${path}.part`, message, { mode: 0o600, flush: true });
        await rename(`${path}.part`, path);
        return done;
      } catch (thrown) {
        return refused(thrown);
      }
    },
    async receive({ signal } = {}) {
      for (;;) {
        if (signal?.aborted) return aborted();
        if (isClosed) return closed();
        const next = await takeNext(dirIn);
        if (!next.ok) return next;
        if (next.value) return ok(next.value);
        await sleepUnless(pollMs, signal);
      }
    },
    async close() {
      isClosed = true;
    },
  });
}

/** In the order in which they were written; names of two writers never meet. */
function newName(serial: number): string {
  const order = String(Date.now() % 10_000_000_000).padStart(10, '0');
  const writer = (process.pid % 0x1_0000_0000).toString(16).padStart(8, '0');
  return `${order}${String(serial % 100).padStart(2, '0')}-${writer}.dsm`;
}

/** Undefined when there is none. What is too long for a message is removed unread. */
async function takeNext(dir: string): Promise<Result<Uint8Array | undefined>> {
  try {
    const [first] = (await readdir(dir)).filter((name) => NAME.test(name)).toSorted();
    if (first === undefined) return ok(undefined);
    const path = join(dir, first);
    const { size } = await stat(path);
    const message = size <= LIMITS.fileBytes ? new Uint8Array(await readFile(path)) : undefined;
    await unlink(path);
    return message ? ok(message) : await takeNext(dir);
  } catch (thrown) {
    return refused(thrown);
  }
}

const refused = (thrown: unknown): Result<never> =>
  fail('E_STORE', 'SDK-13', `the file system refuses: ${thrown instanceof Error ? thrown.message : 'no reason'}`);
