/** Contacts: who may be paid by name. */
import {
  cardCodec,
  equalBytes,
  fail,
  fromHex,
  HASH_BYTES,
  indexItems,
  isLabel,
  LIMITS,
  evidenceFrom,
  ok,
  pathTo,
  recordFinder,
  toHex,
  verifyAccountGenesis,
  type BundleItem,
  type ChainId,
  type Result,
} from '@dsm/core';
import { contextOf, type Device, type Storage } from '../device.ts';
import { askAll } from '../directory/client.ts';
import { guardStore } from '../guard.ts';
import { contactRecords, listContactRecords, type ContactRecord } from '../records/contact.ts';
import { putItems } from '../records/item.ts';
import { openCardFile, verifyCard, type CardFacts } from './card.ts';

/** A card file, which works offline, or the id of an account or identity in hexadecimal, which is asked for. */
export type ContactSource = { readonly file: Uint8Array } | { readonly id: string };

/**
 * Adds a contact under `as`, or under the name that its card gives. Adding it again renames it. `E_CONTACT`: the name
 * is taken. `E_SELF`: the own card. `E_NOT_FOUND`, `E_UNREACHABLE`: nobody could show the genesis of that id.
 */
export const addContact = (device: Device, source: ContactSource, as?: string): Promise<Result<ContactRecord>> =>
  guardStore(async () => {
    const card = 'file' in source ? openCardFile(device, source.file) : await fetchCard(device, source.id);
    return card.ok ? keepContact(device, card.value, as) : card;
  });

async function keepContact(device: Device, card: CardFacts, as: string | undefined): Promise<Result<ContactRecord>> {
  const { account, identity } = card;
  if (equalBytes(account, device.account)) return fail('E_SELF', 'WAL-9', 'that is the card of this very wallet');
  const known = await contactRecords.read(device, account);
  const name = as ?? known?.name ?? card.name;
  if (!isLabel(name, LIMITS.nameBytes, 1)) return fail('E_CONTACT', 'WAL-9', 'not a name for a contact');
  const namesake = (await listContactRecords(device)).find((contact) => contact.name === name);
  if (namesake && !equalBytes(namesake.account, account)) {
    return fail('E_CONTACT', 'WAL-9', `there is another contact called ${name}; choose a name for this one`);
  }
  const contact = { account, identity, device: card.device, name, at: known?.at ?? device.clock() };
  const committed = await device.store.commit(
    [contactRecords.put(device, account, contact), ...putItems(device, card.items)],
    [contactRecords.isUnchanged(device, account, known)],
  );
  return committed.ok ? ok(contact) : committed;
}

/** Asks all nodes; the first card that verifies and is about this id will do. */
async function fetchCard(device: Device, text: string): Promise<Result<CardFacts>> {
  const id = fromHex(text);
  if (id?.length !== HASH_BYTES) return fail('E_CONTACT', 'WAL-9', 'neither a card file nor an id');
  const answers = await askAll(device, pathTo.card(id as ChainId), null, cardCodec(device.suite));
  for (const answer of answers) {
    if (!answer.ok) continue;
    for (const account of answer.value.accounts) {
      const card = cardOf(device, account, answer.value.items);
      if (card.ok && (equalBytes(account, id) || equalBytes(card.value.identity, id))) return card;
    }
  }
  return answers.every((answer) => !answer.ok && answer.error.code === 'E_UNREACHABLE')
    ? fail('E_UNREACHABLE', 'NET-13', 'no node answers')
    : fail('E_NOT_FOUND', 'NET-13', 'no node knows that id');
}

/** One account of a card that may be about several. */
function cardOf(device: Device, account: ChainId, items: readonly BundleItem[]): Result<CardFacts> {
  const byName = indexItems(device.suite, items);
  const recorder = recordFinder((name) => byName.get(name));
  const valid = verifyAccountGenesis(contextOf(device, evidenceFrom(recorder.find)), account);
  return valid.ok ? verifyCard(device, account, recorder.used()) : valid;
}

export const listContacts = (storage: Storage): Promise<Result<readonly ContactRecord[]>> =>
  guardStore(async () => {
    const contacts = await listContactRecords(storage);
    return ok(contacts.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  });

/** By name; else by the id of account or identity in hexadecimal. `E_CONTACT` if there is none. */
export const findContact = (storage: Storage, text: string): Promise<Result<ContactRecord>> =>
  guardStore(async () => {
    const contacts = await listContactRecords(storage);
    const found =
      contacts.find(({ name }) => name === text) ??
      contacts.find(({ account, identity }) => toHex(account) === text || toHex(identity) === text);
    return found ? ok(found) : fail('E_CONTACT', 'WAL-9', `there is no contact ${text}`);
  });
