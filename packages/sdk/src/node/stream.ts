/** Messages over a TCP connection: each behind its length, and no length believed beyond its limit (spec ENV-8). */
import type { Socket } from 'node:net';
import { done, fail, LIMITS, type Result } from '@dsm/core';
import { aborted, unlessAborted } from '../abort.ts';
import { closed, type Link } from '../link/link.ts';
import { makeQueue } from '../link/queue.ts';

const HEAD_BYTES = 4;
/** Messages that have come and nobody has taken; further ones wait in the network. */
const MOST_WAITING = 4;

export interface StreamLink extends Link {
  /** The other end has shown who it is: longer messages may come. */
  trust(): void;
}

export function streamLink(socket: Socket): StreamLink {
  let mostBytes: number = LIMITS.helloBytes;
  /** How many messages are read ahead: of somebody unknown none, so that its first long one is measured rightly. */
  let wanted = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const queue = makeQueue(() => read());

  const drop = (why?: Result<never>): void => {
    parts = [];
    size = 0;
    queue.end(why);
    socket.destroy();
  };

  /** Takes whole messages off what has come, and says whether more may come. */
  const read = (): void => {
    while (wanted > 0 && queue.size < MOST_WAITING && size >= HEAD_BYTES) {
      const length = lengthAhead();
      if (length > mostBytes) {
        drop(fail('E_LIMIT', 'ENV-8', 'the other end announces a message that is too long'));
        return;
      }
      if (size < HEAD_BYTES + length) break;
      // Joined once a message is whole: else a long one would be copied with every part of it.
      const whole = Buffer.concat(parts);
      parts = [whole.subarray(HEAD_BYTES + length)];
      size -= HEAD_BYTES + length;
      wanted -= 1;
      queue.put(new Uint8Array(whole.subarray(HEAD_BYTES, HEAD_BYTES + length)));
    }
    const isFull = queue.size >= MOST_WAITING || (wanted === 0 && size > mostBytes);
    if (isFull) socket.pause();
    else socket.resume();
  };

  const lengthAhead = (): number => {
    if ((parts[0] as Buffer).length < HEAD_BYTES) parts = [Buffer.concat(parts)];
    return (parts[0] as Buffer).readUInt32BE(0);
  };

  socket.setNoDelay(true);
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    read();
  });
  socket.on('error', () => drop());
  socket.on('close', () => queue.end());

  return {
    isReliable: true,
    trust: () => {
      mostBytes = LIMITS.envelopeBytes;
      wanted = Infinity;
      read();
    },
    async send(message, { signal } = {}) {
      if (signal?.aborted) return aborted();
      if (socket.destroyed || socket.writableEnded) return closed();
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(message.length);
      socket.write(head);
      const written = new Promise<Result<undefined>>((resolve) => {
        socket.write(message, (error) => resolve(error ? closed() : done));
      });
      // A message that was begun is sent to its end: a part of one would end the connection.
      return (await unlessAborted(written, signal)) ?? aborted();
    },
    receive: (options) => {
      const taken = queue.take(options);
      wanted += 1;
      read();
      return taken;
    },
    async close() {
      queue.end();
      if (socket.destroyed) return;
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.end();
        // The other end may never end its half.
        setTimeout(() => socket.destroy(), 500).unref();
      });
    },
  };
}
