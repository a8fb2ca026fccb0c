/**
 * Every signed state that was ever seen, in any store or file: there must never be two for one place of a chain with
 * one writer. And every final state: never two for one place of any chain.
 */
import {
  bundleItemCodec,
  decodeItem,
  decodeWith,
  itemNames,
  stateHash,
  toHex,
  verifyCertificate,
  type BundleItem,
  type Certificate,
  type CryptoSuite,
  type Network,
  type StateHash,
  type Store,
} from '@dsm/core';
import type { HeadBook } from './heads.ts';
import type { Violations } from './violations.ts';

export interface StateBook {
  readonly suite: CryptoSuite;
  readonly network: Network;
  readonly heads: HeadBook;
  readonly violations: Violations;
  /** `kind chain index` → hash. Kind: `signed` or `final`. */
  readonly places: Map<string, string>;
  /** Hashes whose place is known. */
  readonly placed: Set<string>;
  /** Certificates that were verified. */
  readonly verified: Map<string, string>;
  /** Places that a round above 0 has decided. */
  readonly byRounds: Set<string>;
  /** Whether this chain is one that was forked on purpose: there only the nodes' word counts. */
  readonly isCheat: (chain: string) => boolean;
  /** Called for every entry that is new, so that it outlives this process. */
  readonly onNew: (key: string, hash: string) => void;
}

export function openStateBook(
  fixed: Pick<StateBook, 'suite' | 'network' | 'heads' | 'violations'>,
  onNew: StateBook['onNew'] = () => {},
  isCheat: StateBook['isCheat'] = () => false,
): StateBook {
  return { ...fixed, onNew, isCheat, places: new Map(), placed: new Set(), verified: new Map(), byRounds: new Set() };
}

export function notePlace(
  book: StateBook,
  kind: 'signed' | 'final',
  chain: string,
  index: number,
  hash: string,
  where: string,
): void {
  if (kind === 'signed' && book.isCheat(chain)) return;
  const key = `${kind} ${chain} ${index}`;
  const known = book.places.get(key);
  if (known === undefined) {
    book.places.set(key, hash);
    book.onNew(key, hash);
  } else if (known !== hash) {
    book.violations.add(`two ${kind} states for place ${index} of chain ${chain}: ${known}, and ${hash} in ${where}`);
  }
}

/** The certificate holds, its place has one final state, and its tree heads are noted. */
export function noteCertificate(book: StateBook, certificate: Certificate, where: string): void {
  const { chain, index, hash } = certificate;
  const place = `${toHex(chain)} ${index}`;
  notePlace(book, 'final', toHex(chain), index, toHex(hash), where);
  if (certificate.round > 0) book.byRounds.add(place);
  for (const receipt of certificate.receipts) book.heads.note(receipt.node, receipt.head, where);
  // Signatures are checked once a place; where several holders have other receipts, the heads are checked all the same.
  if (book.verified.has(place)) return;
  book.verified.set(place, toHex(hash));
  const valid = verifyCertificate({ suite: book.suite, network: book.network }, certificate);
  if (!valid.ok) book.violations.add(`the certificate of ${place} in ${where} does not hold: ${valid.error.message}`);
}

const SIGNATURE = 'signature state ';
const CERTIFICATE = 'certificate ';

/** How an item of evidence lies in a store: bare with the nodes, sealed with its check in a wallet. */
export type Wrapping = 'bare' | 'sealed';

function unwrap(bytes: Uint8Array, wrapping: Wrapping): Uint8Array | undefined {
  if (wrapping === 'bare') return bytes;
  const item = decodeItem(bytes, 2 * bytes.length);
  const content = item.ok && Array.isArray(item.value) ? (item.value[1] as unknown) : undefined;
  return content instanceof Uint8Array ? content : undefined;
}

export function readStoredItem(suite: CryptoSuite, bytes: Uint8Array, wrapping: Wrapping): BundleItem | undefined {
  const content = unwrap(bytes, wrapping);
  const item = content && decodeWith(bundleItemCodec(suite), content, 'item');
  return item?.ok === true ? item.value : undefined;
}

const textKey = (text: string): Uint8Array => new TextEncoder().encode(text);
const keyText = (key: Uint8Array): string => new TextDecoder().decode(key);

/** Takes in what one store holds. Answers how many signed states were new. */
export async function harvestStore(book: StateBook, store: Store, wrapping: Wrapping, where: string): Promise<number> {
  let found = 0;
  for (const { key } of await store.scan('item', { prefix: textKey(SIGNATURE) })) {
    const hash = keyText(key).slice(SIGNATURE.length).split(' ')[0] as string;
    if (book.placed.has(hash)) continue;
    const body = await store.get('item', textKey(`body ${hash}`));
    const item = body && readStoredItem(book.suite, body, wrapping);
    if (item?.type !== 'body') continue;
    found++;
    notePlaced(book, item, where);
  }
  for (const { key, value } of await store.scan('item', { prefix: textKey(CERTIFICATE) })) {
    const place = keyText(key).slice(CERTIFICATE.length);
    const seen = `${where} ${place}`;
    if (book.placed.has(seen)) continue;
    book.placed.add(seen);
    const item = readStoredItem(book.suite, value, wrapping);
    if (item?.type === 'certificate') noteCertificate(book, item.certificate, where);
    else book.violations.add(`the certificate of ${place} in ${where} cannot be read`);
  }
  return found;
}

/** Several may append to a vault: there only final states are unique. */
function notePlaced(book: StateBook, item: Extract<BundleItem, { type: 'body' }>, where: string): void {
  const { body } = item;
  const hash = toHex(stateHash(book.suite, body));
  book.placed.add(hash);
  if (body.kind !== 'vault') notePlace(book, 'signed', toHex(body.chain), body.index, hash, where);
}

/** Takes in what one file shows. */
export function harvestItems(book: StateBook, items: readonly BundleItem[], where: string): void {
  const bodies = new Map<string, Extract<BundleItem, { type: 'body' }>>();
  for (const item of items) {
    if (item.type === 'body') bodies.set(toHex(stateHash(book.suite, item.body)), item);
  }
  for (const item of items) {
    if (item.type === 'certificate') noteCertificate(book, item.certificate, where);
    if (item.type !== 'signature' || item.purpose !== 'state') continue;
    const body = bodies.get(toHex(item.subject));
    if (body) notePlaced(book, body, where);
  }
}

export const certificateKey = (chain: string, index: number): Uint8Array => textKey(`${CERTIFICATE}${chain} ${index}`);
export const bodyName = (hash: StateHash): string => itemNames.body(hash);
