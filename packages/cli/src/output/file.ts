/**
 * Writing what the user asked for: whole or not at all, and never over anything else. The draft is linked into its
 * place, so that even a file that appears meanwhile survives.
 */
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { done, equalBytes, fail, type Result } from '@dsm/core';
import { readInput } from '../input/file.ts';
import { describeSystemError, systemCode } from '../input/system-error.ts';

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const exists = (path: string): Result<never> =>
  fail('E_EXISTS', 'CLI-5', `${path} exists already and holds something else; nothing was overwritten`);

/**
 * Whether the file could be written, asked before anything is moved: the directory is there and the place is free, or
 * `mayRepeat` says that this very command has written before.
 */
export function checkOutput(path: string, mayRepeat: boolean): Result<undefined> {
  const folder = statSync(dirname(resolve(path)), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) return fail('E_NOT_FOUND', 'CLI-5', `${dirname(path)} is not a directory`);
  return isThere(path) && !mayRepeat ? exists(path) : done;
}

/** The same bytes there already are as good as written. `E_EXISTS` for anything else that is there. */
export function writeOutput(path: string, bytes: Uint8Array): Result<undefined> {
  if (isThere(path)) {
    const present = readInput(path, bytes.length);
    return present.ok && equalBytes(present.value, bytes) ? done : exists(path);
  }
  try {
    writeNew(path, bytes);
    return done;
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return exists(path);
    return fail('E_STORE', 'CLI-5', `${path} cannot be written: ${describeSystemError(thrown)}`);
  }
}

function writeNew(path: string, bytes: Uint8Array): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  writeDraft(draft, bytes, 0o666);
  try {
    linkOrRename(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(path));
}

/** Replaces what this program itself keeps, in one step. */
export function replaceFile(path: string, bytes: Uint8Array, mode: number): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  writeDraft(draft, bytes, mode);
  try {
    renameSync(draft, path);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  }
  syncFolder(dirname(path));
}

function writeDraft(draft: string, bytes: Uint8Array, mode: number): void {
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', mode);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  } finally {
    closeSync(descriptor);
  }
}

function linkOrRename(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') throw thrown;
    // A file system without hard links: a moment between the look and the rename remains.
    if (isThere(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
    renameSync(draft, path);
  }
}

/** The name is durable with its directory. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
