/** A directory node: its store claimed for it, its sequencer, its HTTP server (spec NET-19). */
import {
  decodeItem,
  encodeItem,
  equalBytes,
  fail,
  keyId,
  ok,
  signMessage,
  StoreError,
  verifyMessage,
  treeHeadMessage,
  ZERO_HASH,
  type Clock,
  type CryptoSuite,
  type Network,
  type PublicKey,
  type Result,
  type SecretKey,
  type Store,
} from '@dsm/core';
import { serve, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Node } from './admission/settle.ts';
import type { Logger, NodeContext } from './context.ts';
import { createApp } from './http.ts';
import { startSequencer } from './sequencer.ts';
import { COLLECTIONS, textKey } from './store/keys.ts';

export interface NodeOptions {
  readonly network: Network;
  /** Position in the description, from 0. */
  readonly nodeIndex: number;
  readonly secretKey: SecretKey;
  /** Closed with the node. */
  readonly store: Store;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly log?: Logger;
  /**
   * What an empty store means. `claim`: this node begins its life with it. `refuse`: the node has run before, so its
   * store is lost, and it never signs with that key again.
   */
  readonly emptyStore: 'claim' | 'refuse';
  /** Lets the requests that have arrived by now join a batch. Default: the next turn of the event loop. */
  readonly waitForOthers?: () => Promise<void>;
}

export interface OpenNode {
  readonly node: Node;
  readonly app: Hono;
  /** Finishes what was asked for and closes the store. */
  readonly close: () => Promise<void>;
}

export interface ServerOptions extends NodeOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

export interface RunningNode {
  readonly port: number;
  /** Takes no new requests, answers those that it has, closes the store. */
  readonly close: () => Promise<void>;
}

const IDENTITY = textKey('identity');
/** 2: slots keep the report of a round. */
const STORE_VERSION = 2;
/** Requests that are still being sent by then are cut off. */
const CLOSE_MS = 5_000;

/** The node without a server: everything answers through `app.request`. */
export async function openNode(options: NodeOptions): Promise<Result<OpenNode>> {
  const { network, nodeIndex, secretKey, store, suite, clock, log = () => {}, emptyStore, waitForOthers } = options;
  const context: NodeContext = { network, nodeIndex, secretKey, store, suite, clock, log };
  const key = requireKey(context);
  if (!key.ok) return key;
  const claimed = await claimStore(context, key.value, emptyStore);
  if (!claimed.ok) return claimed;
  const node: Node = { ...context, sequencer: startSequencer(context, waitForOthers) };
  return ok({
    node,
    app: createApp(node),
    async close() {
      await node.sequencer.drain();
      await store.close();
    },
  });
}

/** The secret key belongs to the key that the description names. */
function requireKey(context: NodeContext): Result<PublicKey> {
  const { network, nodeIndex, secretKey, suite } = context;
  const key = network.nodes[nodeIndex];
  if (!key) return fail('E_NETWORK', 'NET-19', `the network has no node ${nodeIndex}`);
  if (key.algorithm !== secretKey.algorithm) return fail('E_ALGORITHM', 'NET-19', 'the key is of another algorithm');
  // The head of an empty log; it leaves this function no more than the signature over it does.
  const message = treeHeadMessage(suite, network, nodeIndex, { size: 0, root: ZERO_HASH, timeMs: 0 });
  const signature = signMessage(suite, secretKey, 'head', message);
  return verifyMessage(suite, key, 'head', message, signature)
    ? ok(key)
    : fail('E_NETWORK', 'NET-19', `the secret key is not that of node ${nodeIndex}`);
}

/** A store belongs to one node for ever. */
async function claimStore(
  { suite, network, nodeIndex, store }: NodeContext,
  key: PublicKey,
  emptyStore: NodeOptions['emptyStore'],
): Promise<Result<undefined>> {
  const identity = encodeItem([STORE_VERSION, network.id, nodeIndex, keyId(suite, key)]);
  try {
    const found = await store.get(COLLECTIONS.node, IDENTITY);
    if (found !== undefined) return sameIdentity(found, identity);
    if (emptyStore === 'refuse') {
      return fail('E_DAMAGED', 'NET-19', 'the store of this node is lost: its key must not be used again');
    }
    const claimed = await store.commit(
      [{ collection: COLLECTIONS.node, key: IDENTITY, put: identity }],
      [{ collection: COLLECTIONS.node, key: IDENTITY, is: 'absent' }],
    );
    return claimed;
  } catch (thrown) {
    if (thrown instanceof StoreError) return { ok: false, error: thrown.failure };
    throw thrown;
  }
}

function sameIdentity(found: Uint8Array, expected: Uint8Array): Result<undefined> {
  if (equalBytes(found, expected)) return ok(undefined);
  const item = decodeItem(found);
  const version = item.ok && Array.isArray(item.value) ? item.value[0] : undefined;
  return version === STORE_VERSION
    ? fail('E_NETWORK', 'NET-19', 'the store belongs to another node')
    : fail('E_VERSION', 'NET-19', 'the store is of another version of this software');
}

/** Opens the node and listens. `E_BUSY` when the port is taken. */
export async function startNode(options: ServerOptions): Promise<Result<RunningNode>> {
  const opened = await openNode(options);
  if (!opened.ok) return opened;
  const { node, app, close } = opened.value;
  const listening = await listen(app, options.port, options.host ?? '127.0.0.1');
  if (!listening.ok) {
    await close();
    return listening;
  }
  const { server, port } = listening.value;
  node.log({ atMs: node.clock(), level: 'info', event: 'started', detail: { port, node: node.nodeIndex } });
  return ok({
    port,
    async close() {
      await closeServer(server);
      await close();
      node.log({ atMs: node.clock(), level: 'info', event: 'stopped' });
    },
  });
}

function listen(
  app: Hono,
  port: number,
  hostname: string,
): Promise<Result<{ readonly server: ServerType; readonly port: number }>> {
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port, hostname }, (info) => resolve(ok({ server, port: info.port })));
    server.once('error', (error: Error) =>
      resolve(fail('E_BUSY', 'NET-19', `cannot listen on ${hostname}:${port}: ${error.message}`)),
    );
  });
}

function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), CLOSE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}
