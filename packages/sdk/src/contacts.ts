/** Whom a wallet knows, and what it calls them. */
import { ok, toHex, type Result } from '@dsm/core';
import { addContact, findContact, listContacts, type ContactRecord } from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import { run, type Core } from './core.ts';

export interface Contact {
  readonly name: string;
  /** Hexadecimal. */
  readonly account: string;
  readonly identity: string;
}

export interface Contacts {
  /** From a card, which works offline, or by the id of an account or identity, which the nodes are asked for. */
  add(card: Uint8Array | string, options?: Stoppable & { readonly as?: string }): Promise<Result<Contact>>;
  list(): Promise<Result<readonly Contact[]>>;
  /** By name or id. `E_CONTACT` when there is none. */
  find(name: string): Promise<Result<Contact>>;
}

const describe = ({ name, account, identity }: ContactRecord): Contact => ({
  name,
  account: toHex(account),
  identity: toHex(identity),
});

const described = (found: Result<ContactRecord>): Result<Contact> => (found.ok ? ok(describe(found.value)) : found);

export const contactsOf = (core: Core): Contacts => ({
  add: (card, { as, signal } = {}) =>
    run(core, { signal }, async (device) =>
      described(await addContact(device, typeof card === 'string' ? { id: card } : { file: card }, as)),
    ),
  list: () =>
    run(core, {}, async (device) => {
      const all = await listContacts(device);
      return all.ok ? ok(all.value.map(describe)) : all;
    }),
  find: (name) => run(core, {}, async (device) => described(await findContact(device, name))),
});
