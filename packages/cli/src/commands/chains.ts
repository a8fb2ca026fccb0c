/** `dsm export`, `dsm chain show` and `dsm chain get`. */
import { ok, toHex, type ChainId, type CryptoSuite, type Result } from '@dsm/core';
import { exportChain, getState, showChain, type ChainState, type Device } from '@dsm/wallet';
import { argument, option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readChainId } from '../home/names.ts';
import { parseWhole } from '../input/number.ts';
import { answer } from '../output/answer.ts';
import { writeOutput } from '../output/file.ts';
import { bold, dim } from '../output/style.ts';
import { alignRows } from '../output/table.ts';
import { isoTime } from '../output/words.ts';

function readChain(call: Call, device: Device): Result<ChainId> {
  const text = option(call, 'chain');
  return text === undefined ? ok(device.account) : readChainId(text, '--chain');
}

export const exportCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const chain = readChain(call, device);
    if (!chain.ok) return chain;
    const file = await exportChain(device, chain.value);
    if (!file.ok) return file;
    const out = option(call, 'out') ?? '';
    const written = writeOutput(out, file.value);
    if (!written.ok) return written;
    const id = toHex(chain.value);
    return ok(
      answer({ chain: id, bytes: file.value.length }, `chain ${id} with everything that proves it written to ${out}`),
    );
  });

export const showChainCommand: Command = async (call) => {
  const from = readIndex(call, 'from');
  if (!from.ok) return from;
  const to = readIndex(call, 'to');
  if (!to.ok) return to;
  return withDevice(call, async (device) => {
    const chain = readChain(call, device);
    if (!chain.ok) return chain;
    const states = await showChain(device, {
      chain: chain.value,
      ...(from.value !== undefined && { from: from.value }),
      ...(to.value !== undefined && { to: to.value }),
    });
    if (!states.ok) return states;
    const id = toHex(chain.value);
    return ok(
      answer(
        { chain: id, states: states.value.map(toJson) },
        dim(`chain ${id}`),
        ...alignRows(states.value.map(toRow), [0]),
      ),
    );
  });
};

function readIndex(call: Call, name: string): Result<number | undefined> {
  const text = option(call, name);
  return text === undefined ? ok(undefined) : parseWhole(text, `--${name}`, 0, Number.MAX_SAFE_INTEGER);
}

const typeOf = ({ operation }: ChainState): string => operation?.operation.type ?? 'unknown';

const toJson = (state: ChainState) => ({
  index: state.index,
  hash: toHex(state.hash),
  status: state.status,
  operation: typeOf(state),
  prev: toHex(state.body.prev),
  root: toHex(state.body.root),
  window: { from: isoTime(state.body.window.from), until: isoTime(state.body.window.until) },
});

const toRow = (state: ChainState): string[] => [
  String(state.index),
  bold(typeOf(state)),
  state.status,
  dim(toHex(state.hash)),
];

export const getStateCommand: Command = async (call) => {
  const index = parseWhole(argument(call, 'n'), 'n', 0, Number.MAX_SAFE_INTEGER);
  if (!index.ok) return index;
  return withDevice(call, async (device) => {
    const chain = readChain(call, device);
    if (!chain.ok) return chain;
    const counter = countHashes(device.suite);
    const found = await getState({ ...device, suite: counter.suite }, index.value, chain.value);
    if (!found.ok) return found;
    const state = toHex(found.value.hash);
    const hashes = counter.count();
    return ok(
      answer(
        { index: index.value, state, hashes },
        `state ${bold(String(index.value))}: ${state}`,
        dim(`found and verified with ${hashes} ${hashes === 1 ? 'hash' : 'hashes'}`),
      ),
    );
  });
};

/** Of the chain: the checks that every record of the store carries are about the disk, not about the chain. */
const RECORD_TAG = 'wallet-record';

function countHashes(suite: CryptoSuite): { readonly suite: CryptoSuite; readonly count: () => number } {
  let count = 0;
  return {
    count: () => count,
    suite: {
      ...suite,
      hash(tag, message) {
        if (tag !== RECORD_TAG) count++;
        return suite.hash(tag, message);
      },
    },
  };
}
