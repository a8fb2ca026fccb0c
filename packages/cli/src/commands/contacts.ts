/** `dsm contact add` and `dsm contact list`. */
import { existsSync } from 'node:fs';
import { ok, toHex, type Result } from '@dsm/core';
import { addContact, listContacts, type ContactRecord, type Device } from '@dsm/wallet';
import { argument, option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readInput } from '../input/file.ts';
import { answer } from '../output/answer.ts';
import { bold } from '../output/style.ts';

export const addContactCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const added = await add(call, device);
    if (!added.ok) return added;
    const { name, account } = added.value;
    return ok(answer(toJson(added.value), `${bold(name)} is a contact now: account ${toHex(account)}`));
  });

const ID = /^[0-9a-f]{64}$/;

/** A file of that name comes first: it works offline. */
function add(call: Call, device: Device): Promise<Result<ContactRecord>> {
  const who = argument(call, 'who');
  const as = option(call, 'as');
  if (!existsSync(who) && ID.test(who)) return addContact(device, { id: who }, as);
  const file = readInput(who);
  return file.ok ? addContact(device, { file: file.value }, as) : Promise.resolve(file);
}

export const listContactsCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const contacts = await listContacts(device);
    if (!contacts.ok) return contacts;
    const lines = contacts.value.map(({ name, account }) => `${bold(name.padEnd(16))} ${toHex(account)}`);
    return ok(answer({ contacts: contacts.value.map(toJson) }, ...(lines.length > 0 ? lines : ['no contacts yet'])));
  });

const toJson = ({ name, account, identity, device }: ContactRecord) => ({
  name,
  account: toHex(account),
  identity: toHex(identity),
  device: toHex(device),
});
