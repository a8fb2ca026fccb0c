/** What a thread of Node begins with: loads the developer's module and serves its machine. */
import type { Machine } from '../define.ts';
import { readEntryData } from './node.ts';
import { findParent, serveMachine } from './serve.ts';

const { moduleUrl, exportName } = readEntryData();
try {
  const module = (await import(moduleUrl)) as Readonly<Record<string, Machine | undefined>>;
  const machine = module[exportName];
  if (machine?.definition === undefined) throw new TypeError(`${moduleUrl} exports no machine as ${exportName}`);
  serveMachine(machine);
} catch (error) {
  findParent().postMessage({ kind: 'broken', message: String(error) });
}
