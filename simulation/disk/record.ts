/** The payload of a record: the writes of one commit. */
import type { Write } from '@dsm/core';

const utf8 = new TextEncoder();
const text = new TextDecoder();
const REMOVED = 0xffff_ffff;

export function encodeWrites(writes: readonly Write[]): Uint8Array {
  const parts = writes.map((write) => ({ name: utf8.encode(write.collection), write }));
  const bytes = parts.reduce(
    (sum, { name, write }) => sum + 12 + name.length + write.key.length + ('put' in write ? write.put.length : 0),
    0,
  );
  const payload = new Uint8Array(bytes);
  const view = new DataView(payload.buffer);
  let at = 0;
  const add = (part: Uint8Array, length = part.length): void => {
    view.setUint32(at, length);
    payload.set(part, at + 4);
    at += 4 + part.length;
  };
  for (const { name, write } of parts) {
    add(name);
    add(write.key);
    if ('put' in write) add(write.put);
    else add(new Uint8Array(0), REMOVED);
  }
  return payload;
}

/** Copies nothing: the answer shares the memory of the payload. */
export function decodeWrites(payload: Uint8Array): Write[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const writes: Write[] = [];
  let at = 0;
  const take = (): Uint8Array | undefined => {
    const length = view.getUint32(at);
    at += 4;
    if (length === REMOVED) return undefined;
    at += length;
    return payload.subarray(at - length, at);
  };
  while (at < payload.length) {
    const collection = text.decode(take());
    const key = take() as Uint8Array;
    const put = take();
    writes.push(put ? { collection, key, put } : { collection, key, remove: true });
  }
  return writes;
}
