/** Encrypted links over TCP: on a local network, or anywhere that TCP reaches (rule SDK-12, spec ENV-5 to ENV-8). */
import { createServer, connect as connectSocket, type Server, type Socket } from 'node:net';
import { fail, ok, type Result } from '@dsm/core';
import { aborted, anySignal, unlessAborted, type Stoppable } from '../abort.ts';
import type { Link } from '../link/link.ts';
import { acceptCaller, callListener, type SecureOptions } from '../link/secure.ts';
import type { Wallet } from '../wallet.ts';
import { streamLink } from './stream.ts';

export interface ListenOptions extends Pick<SecureOptions, 'introduce' | 'signal'> {
  readonly wallet: Wallet;
  /** Default: any that is free. */
  readonly port?: number;
  /** Default: this machine only. `0.0.0.0` for the local network. */
  readonly host?: string;
  /** Each link that has shown who is at its other end. It is closed when this ends. */
  readonly onLink: (link: Link, peer: string) => Promise<unknown>;
  /** Callers that were not let in, and why. */
  readonly onRefused?: (why: Result<never>) => void;
  /** Links at a time, those included that have not shown who calls. Default: 64. */
  readonly maxLinks?: number;
  /** A link on which nothing comes or goes for so long is closed. Default: ten minutes. */
  readonly idleMs?: number;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Ends all links and frees the port. */
  close(): Promise<void>;
}

/** For all three messages of the opening. */
const HANDSHAKE_MS = 10_000;
const IDLE_MS = 600_000;

/** Waits for callers. `E_BUSY`: the port is taken. Ends with the signal too. */
export async function listen(options: ListenOptions): Promise<Result<Listener>> {
  const { port = 0, host = '127.0.0.1', signal, maxLinks = 64 } = options;
  if (signal?.aborted) return aborted();
  const sockets = new Set<Socket>();
  const stop = new AbortController();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void welcome(socket, options, anySignal(stop.signal, signal));
  });
  server.maxConnections = maxLinks;
  const bound = await bind(server, port, host);
  if (!bound.ok) return bound;
  const close = async (): Promise<void> => {
    stop.abort();
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await ended;
  };
  signal?.addEventListener('abort', () => void close(), { once: true });
  return ok({ host, port: bound.value, close });
}

function bind(server: Server, port: number, host: string): Promise<Result<number>> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const code = error.code === 'EADDRINUSE' ? 'E_BUSY' : 'E_UNREACHABLE';
      resolve(fail(code, 'SDK-12', `nothing listens on ${host}:${port}: ${error.message}`));
    };
    server.once('error', failed);
    try {
      server.listen(port, host, () => {
        server.off('error', failed);
        server.on('error', () => {});
        const address = server.address();
        resolve(ok(typeof address === 'object' && address !== null ? address.port : port));
      });
    } catch (thrown) {
      resolve(fail('E_USAGE', 'SDK-12', thrown instanceof Error ? thrown.message : 'not a port'));
    }
  });
}

async function welcome(
  socket: Socket,
  { wallet, introduce, onLink, onRefused, idleMs = IDLE_MS }: ListenOptions,
  signal: AbortSignal,
): Promise<void> {
  const raw = streamLink(socket);
  const inTime = anySignal(signal, AbortSignal.timeout(HANDSHAKE_MS));
  const called = await acceptCaller(wallet, raw, { signal: inTime, introduce });
  if (!called.ok) {
    socket.destroy();
    onRefused?.(called);
    return;
  }
  raw.trust();
  socket.setTimeout(idleMs, () => socket.destroy());
  const { link, peer } = called.value;
  try {
    await onLink(link, peer);
  } finally {
    await link.close();
  }
}

export interface ConnectOptions extends Stoppable {
  readonly wallet: Wallet;
  readonly host: string;
  readonly port: number;
  /** The contact who must be at the other end. */
  readonly peer: string;
}

/** Calls a listener. `E_UNREACHABLE`: nobody listens there; `E_ENVELOPE`: somebody else does. */
export async function connect({ wallet, host, port, peer, signal }: ConnectOptions): Promise<Result<Link>> {
  if (signal?.aborted) return aborted();
  const opened = await openSocket(host, port, signal);
  if (!opened.ok) return opened;
  const raw = streamLink(opened.value);
  raw.trust();
  const inTime = anySignal(signal, AbortSignal.timeout(HANDSHAKE_MS));
  const link = await callListener(wallet, raw, peer, { signal: inTime });
  if (link.ok) return link;
  opened.value.destroy();
  const isLate = link.error.code === 'E_ABORTED' && signal?.aborted !== true;
  return isLate ? fail('E_UNREACHABLE', 'SDK-12', `${host}:${port} does not answer in time`) : link;
}

async function openSocket(host: string, port: number, signal: AbortSignal | undefined): Promise<Result<Socket>> {
  let socket: Socket;
  try {
    socket = connectSocket({ host, port, timeout: HANDSHAKE_MS });
  } catch (thrown) {
    return fail('E_USAGE', 'SDK-12', thrown instanceof Error ? thrown.message : 'not an address');
  }
  const opened = new Promise<Result<Socket>>((resolve) => {
    const failed = (why: string): void => {
      socket.destroy();
      resolve(fail('E_UNREACHABLE', 'SDK-12', `nobody answers at ${host}:${port}: ${why}`));
    };
    socket.once('error', (error) => failed(error.message));
    socket.once('timeout', () => failed('it takes too long'));
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(ok(socket));
    });
  });
  const first = await unlessAborted(opened, signal);
  if (first) return first;
  socket.destroy();
  return aborted();
}
