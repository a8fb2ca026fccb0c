/** Reading what the user names: a regular file of a bounded size. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { fail, LIMITS, ok, type Result } from '@dsm/core';
import { describeSystemError } from './system-error.ts';

/** One more byte than allowed is enough to know. A file that grows while it is read stays bounded. */
function readBounded(descriptor: number, maxBytes: number): Uint8Array | undefined {
  const { size } = fstatSync(descriptor);
  if (size > maxBytes) return undefined;
  const buffer = new Uint8Array(size + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.slice(0, length);
    length += count;
  }
  return undefined;
}

/** `E_NOT_FOUND` when it is not there or cannot be read, `E_LIMIT` when it is too large. */
export function readInput(path: string, maxBytes: number = LIMITS.fileBytes): Result<Uint8Array> {
  let descriptor: number | undefined;
  try {
    // Not blocking: a pipe without a writer must not hang the command.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile()) return fail('E_NOT_FOUND', 'CLI-4', `${path} is not a file`);
    const bytes = readBounded(descriptor, maxBytes);
    return bytes === undefined ? fail('E_LIMIT', 'CLI-4', `${path} is larger than ${maxBytes} bytes`) : ok(bytes);
  } catch (thrown) {
    return fail('E_NOT_FOUND', 'CLI-4', `${path} cannot be read: ${describeSystemError(thrown)}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
