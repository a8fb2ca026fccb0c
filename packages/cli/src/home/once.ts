/**
 * Commands that write a file: done once, repeated with the same answer and the same bytes. A file that this very
 * command did not write is refused before anything moves.
 */
import { resolve } from 'node:path';
import { hashItem, ok, type Item, type Result } from '@dsm/core';
import { commandKey, commandRecords, type Device } from '@dsm/wallet';
import { checkOutput, writeOutput } from '../output/file.ts';

export interface Once {
  readonly name: string;
  /** What makes it the same command, beside where it writes. */
  readonly parameters: readonly Item[];
  readonly out: string;
}

/** The path goes in by its hash only: a home knows nothing about the machine that it is on. */
function keyOf({ suite }: Device, { name, parameters, out }: Once): Uint8Array {
  return commandKey(suite, name, [...parameters, hashItem(suite, 'command', resolve(out))]);
}

export interface Written<T> {
  readonly value: T;
  readonly file: Uint8Array;
  readonly payments: readonly Uint8Array[];
}

/** For what repeats itself: `run` gets the key of the command and answers the same when that was used before. */
export async function writeOnce<T>(
  device: Device,
  once: Once,
  run: (command: Uint8Array) => Promise<Result<Written<T>>>,
): Promise<Result<T>> {
  const command = keyOf(device, once);
  const earlier = await commandRecords.read(device, command);
  const free = checkOutput(once.out, earlier !== undefined);
  if (!free.ok) return free;
  const done = await run(command);
  if (!done.ok) return done;
  const { value, file, payments } = done.value;
  if (!earlier) {
    const noted = await note(device, command, NOTHING, payments);
    if (!noted.ok) return noted;
  }
  const written = writeOutput(once.out, file);
  return written.ok ? ok(value) : written;
}

/** For what would be other bytes each time, as signatures are: the file is kept and given again. */
export async function writeKept(
  device: Device,
  once: Once,
  make: () => Promise<Result<Uint8Array>>,
): Promise<Result<Uint8Array>> {
  const command = keyOf(device, once);
  const earlier = await commandRecords.read(device, command);
  const free = checkOutput(once.out, earlier !== undefined);
  if (!free.ok) return free;
  const file = earlier ? ok(earlier.file) : await make();
  if (!file.ok) return file;
  if (!earlier) {
    const noted = await note(device, command, file.value, []);
    if (!noted.ok) return noted;
  }
  const written = writeOutput(once.out, file.value);
  return written.ok ? file : written;
}

const NOTHING = new Uint8Array();

const note = (
  device: Device,
  command: Uint8Array,
  file: Uint8Array,
  payments: readonly Uint8Array[],
): Promise<Result<undefined>> =>
  device.store.commit([commandRecords.put(device, command, { answer: '', file, payments })]);
