/**
 * Writing messages: a message carries exactly the items that its verifier uses, found by running that verifier
 * (spec BND-3). Older half states that the peer has named as seen are left out; compact messages leave out everything
 * that the peer is known to hold.
 */
import {
  encodeFile,
  nameOf,
  ok,
  type BundleItem,
  type Context,
  type FileContent,
  type FileKind,
  type Result,
  type StateHash,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { withoutHeld } from './peer-holds.ts';
import type { RelationshipRecord } from './records.ts';
import { loadWithoutSteps, stepsToShow } from './steps.ts';

export interface MessageOptions {
  readonly relationship: RelationshipRecord;
  /** The states of halves that the message is about. */
  readonly states: readonly StateHash[];
  /** Leave out what the peer holds. */
  readonly compact: boolean;
  /** The peer repeats the steps of the halves itself; of an account that it does not hold it cannot. */
  readonly grade: 'reserved' | 'provisional';
  /** Items of a state that is drafted: not stored yet, or stored when others have taken their place since. */
  readonly drafted?: readonly BundleItem[];
}

/** The file of a message whose verifier succeeds over what this device holds. */
export async function writeMessage<K extends FileKind>(
  device: Device,
  kind: K,
  content: FileContent[K],
  verify: (context: Context) => Result<unknown>,
  { relationship, states, compact, grade, drafted = [] }: MessageOptions,
): Promise<Result<Uint8Array>> {
  const overlay = [...(await stepsToShow(device, relationship, states, drafted)), ...drafted];
  const { result, used } = await runAlone(device, overlay, verify, loadWithoutSteps(device));
  if (!result.ok) return result;
  const sent = compact && grade === 'reserved' ? used.filter((item) => item.type !== 'witness') : used;
  const items = compact ? await withoutHeld(device, relationship.peer, sent) : sent;
  return ok(encodeFile(device.suite, kind, content, sortItems(device, items)));
}

const sortItems = ({ suite }: Device, items: readonly BundleItem[]): readonly BundleItem[] =>
  items
    .map((item) => ({ item, name: nameOf(suite, item) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ item }) => item);
