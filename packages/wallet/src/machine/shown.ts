/** Strands as others show them: read from what is held, adopted only as far as a signature covers. */
import {
  encodeFile,
  encodeWith,
  bundleItemCodec,
  entriesOf,
  equalBytes,
  fail,
  indexItems,
  itemNames,
  nameOf,
  ok,
  orderFork,
  partyOf,
  readStrand,
  stateHash,
  verifyFork,
  type Body,
  type BundleItem,
  type Condition,
  type Err,
  type MachineId,
  type ReadStrand,
  type Result,
  type StateHash,
  type StepsContent,
  type StrandEntry,
  type Write,
} from '@dsm/core';
import { openChain, readBody, type HeldChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runAlone, runWith } from '../evidence/run-with.ts';
import { keepEvidence } from '../evidence/store.ts';
import { chainUnchanged, putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { finalRecords } from '../records/final.ts';
import { putItems, readItem } from '../records/item.ts';
import { putLeaves } from '../records/leaf.ts';
import { readRestoredIndex, restoredRecords } from '../records/restore.ts';
import { readState, stateRecords } from '../records/state.ts';
import { isWritten, strandOf } from './own-strand.ts';
import type { KnownStrand, MachineRecord } from './records.ts';

/** What is new in the strands of a message. */
export interface ShownStrands {
  readonly entries: readonly { readonly party: number; readonly entry: StrandEntry }[];
  /** Strands that were not known before. */
  readonly strands: readonly KnownStrand[];
  readonly writes: readonly Write[];
  readonly conditions: readonly Condition[];
}

export async function readStrands(
  device: Device,
  id: MachineId,
  record: MachineRecord,
  content: StepsContent,
  items: readonly BundleItem[],
): Promise<Result<ShownStrands>> {
  const read: { strand: ReadStrand; held: HeldChain | undefined; party: number }[] = [];
  const used: BundleItem[] = [];
  const chains = new Set<string>();
  for (const tip of content.strands) {
    const found = await readOne(device, record, tip, items);
    if (!found.ok) return found;
    if (found.value === undefined) continue;
    const { strand, held } = found.value;
    const party = partyOf(id, record.terms, strand.terms);
    if (!party.ok) return party;
    const chain = strand.chain.join();
    if (chains.has(chain)) return fail('E_SURPLUS', 'MCH-12', 'a strand is there twice');
    chains.add(chain);
    const single = requireSingle([...record.strands, ...fresh(read)], strand, party.value);
    if (!single.ok) return single;
    read.push({ strand, held, party: party.value });
    used.push(...found.value.used);
  }
  const surplus = await requireNeeded(device, content, items, used);
  if (!surplus.ok) return surplus;
  const writes: Write[] = [...putItems(device, used)];
  for (const { strand, held } of read) writes.push(...adopt(device, strand, held), ...(await learn(device, strand)));
  return ok({
    entries: read.flatMap(({ strand, party }) => entriesOf(strand.steps).map((entry) => ({ party, entry }))),
    strands: fresh(read).filter(({ chain }) => !strandOf(record, chain)),
    writes,
    conditions: read.map(({ strand, held }) => chainUnchanged(device, strand.chain, held?.record)),
  });
}

const fresh = (read: readonly { readonly strand: ReadStrand; readonly party: number }[]): readonly KnownStrand[] =>
  read.map(({ strand: { chain, terms }, party }) => ({ chain, party, base: terms.base.index }));

interface Found {
  readonly strand: ReadStrand;
  readonly held: HeldChain | undefined;
  readonly used: readonly BundleItem[];
}

/** One strand, or undefined if nothing of it is new. */
async function readOne(
  device: Device,
  record: MachineRecord,
  tip: StateHash,
  items: readonly BundleItem[],
): Promise<Result<Found | undefined>> {
  const body = await shownBody(device, items, tip);
  if (!body)
    return fail('E_INCOMPLETE', 'MCH-12', 'missing: the newest state of a strand', { missing: [itemNames.body(tip)] });
  if (body.kind !== 'strand') return fail('E_CHAIN', 'MCH-2', 'not a strand');
  const known = await readState(device, body.chain, body.index);
  if (known && equalBytes(known.hash, tip)) return ok(undefined);
  const own = equalBytes(body.chain, record.strand) ? strandOf(record, body.chain) : undefined;
  if (own && (await isWritten(device, own))) {
    return fail('E_FORK', 'MCH-25', 'the own strand has states that this device has not written; a copy of it exists');
  }
  const held = await openChain(device, body.chain);
  const { result, used } = await runWith(device, items, (context) =>
    readStrand(context, tip, held && { body: held.tip, tree: held.tree }),
  );
  if (result.ok) return ok({ strand: result.value, held, used });
  const isOther = result.error.code === 'E_FORK' || (result.error.code === 'E_STALE' && held !== undefined);
  return isOther && held ? accuse(device, held, body, tip, items, result) : result;
}

async function shownBody(device: Device, items: readonly BundleItem[], hash: StateHash): Promise<Body | undefined> {
  const item = indexItems(device.suite, items).get(itemNames.body(hash));
  return item?.type === 'body' ? item.body : readBody(device, hash);
}

/** The strand shown is not the one held: its writer has signed two states at one index, and this is the proof. */
async function accuse(
  device: Device,
  held: HeldChain,
  shown: Body,
  tip: StateHash,
  items: readonly BundleItem[],
  refusal: Err,
): Promise<Err> {
  let body: Body | undefined = shown;
  while (body && body.index > 1) {
    const below = await readState(device, body.chain, body.index - 1);
    if (below && equalBytes(below.hash, body.prev)) break;
    body = await shownBody(device, items, body.prev);
  }
  if (!body) return refusal;
  const fork = orderFork(held.chain, body.index, tip, held.record.tip.hash);
  const { result, used } = await runAlone(device, items, (context) => verifyFork(context, fork));
  if (!result.ok) return refusal;
  const evidence = encodeFile(device.suite, 'evidence', fork, used);
  const kept = await keepEvidence(device, evidence);
  if (!kept.ok) return kept;
  return fail('E_FORK', 'MCH-13', 'a party has signed two states at one index of its strand', { evidence });
}

/** A party has one strand on each base (spec MCH-16). */
const requireSingle = (
  strands: readonly KnownStrand[],
  { chain, terms }: ReadStrand,
  party: number,
): Result<undefined> =>
  strands.some((one) => one.party === party && one.base === terms.base.index && !equalBytes(one.chain, chain))
    ? fail('E_MISMATCH', 'MCH-16', 'a party shows another strand than before, without having been restored')
    : ok(undefined);

/** Everything that came along was used, or is held just so, or signs a state that is known already. */
async function requireNeeded(
  device: Device,
  { strands }: StepsContent,
  items: readonly BundleItem[],
  used: readonly BundleItem[],
): Promise<Result<undefined>> {
  const { suite } = device;
  const names = new Set(used.map((item) => nameOf(suite, item)));
  const codec = bundleItemCodec(suite);
  for (const item of items) {
    const name = nameOf(suite, item);
    if (names.has(name)) continue;
    if (item.type === 'signature' && strands.some((tip) => equalBytes(tip, item.subject))) continue;
    const known = await readItem(device, name);
    if (!known || !equalBytes(encodeWith(codec, known), encodeWith(codec, item))) {
      return fail('E_SURPLUS', 'BND-3', `nothing needs this: ${name}`);
    }
  }
  return ok(undefined);
}

/** Rows that make the states read the newest ones held. */
function adopt(
  device: Device,
  { chain, steps, tip, tree, terms }: ReadStrand,
  held: HeldChain | undefined,
): readonly Write[] {
  const first = steps[0];
  if (!first) return [];
  const genesis = { index: 0, hash: stateHash(device.suite, first.parent) };
  const touched = held ? steps.flatMap((step) => step.touched) : undefined;
  return [
    ...putLeaves(device, chain, tree, touched),
    ...steps.map(({ body, hash }) =>
      stateRecords.put(device, placeKey(chain, body.index), { hash, status: 'held', mode: 'online', attached: [] }),
    ),
    putChain(device, chain, {
      kind: 'strand',
      k: held?.record.k ?? terms.k,
      tip: { index: tip.index, hash: stateHash(device.suite, tip) },
      certifiedTip: held?.record.certifiedTip ?? genesis,
    }),
  ];
}

/** A strand on a higher base tells that its writer was restored. */
async function learn(device: Device, { terms: { owner, base } }: ReadStrand): Promise<readonly Write[]> {
  if (base.index === 0) return [];
  const isNew = base.index > (await readRestoredIndex(device, owner));
  return [
    ...(isNew ? [restoredRecords.put(device, owner, base)] : []),
    finalRecords.put(device, placeKey(owner, base.index), base.hash),
  ];
}
