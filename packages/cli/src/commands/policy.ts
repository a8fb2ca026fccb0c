/** `dsm policy show` and `dsm policy set`. */
import { fail, LIMITS, ok, type ChainId, type Result } from '@dsm/core';
import {
  findContact,
  listContacts,
  setPolicy as changePolicy,
  showPolicy as readPolicy,
  type Device,
  type PolicyFacts,
} from '@dsm/wallet';
import { option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { parseWhole } from '../input/number.ts';
import { answer } from '../output/answer.ts';
import { bold } from '../output/style.ts';

export const showPolicy: Command = (call) =>
  withDevice(call, async (device) => {
    const common = await readPolicy(device, null);
    if (!common.ok) return common;
    const special = await listSpecial(device, common.value);
    if (!special.ok) return special;
    return ok(
      answer(
        { ...common.value, contacts: special.value.map(([contact, facts]) => ({ contact, ...facts })) },
        'certified and reserved payments from contacts are accepted',
        describe('everybody', common.value),
        ...special.value.map(([name, facts]) => describe(name, facts)),
      ),
    );
  });

/** Contacts for whom something else holds than for everybody. */
async function listSpecial(
  device: Device,
  common: PolicyFacts,
): Promise<Result<readonly (readonly [string, PolicyFacts])[]>> {
  const contacts = await listContacts(device);
  if (!contacts.ok) return contacts;
  const special: [string, PolicyFacts][] = [];
  for (const { name, account } of contacts.value) {
    const own = await readPolicy(device, account);
    if (!own.ok) return own;
    if (own.value.provisionalMax !== common.provisionalMax || own.value.run !== common.run)
      special.push([name, own.value]);
  }
  return ok(special);
}

function describe(name: string, { provisionalMax, run }: PolicyFacts): string {
  const whom = `provisional payments from ${bold(name)}`;
  if (provisionalMax === 'none') return `${whom}: refused`;
  const much = provisionalMax === 'any' ? 'of any amount' : `up to ${provisionalMax}`;
  return `${whom}: ${much}, at most ${run} not certified yet; they may be taken back`;
}

export const setPolicy: Command = async (call) => {
  const run = readRun(call);
  if (!run.ok) return run;
  const provisionalMax = option(call, 'provisionalMax');
  if (provisionalMax === undefined && run.value === undefined) {
    return fail('E_USAGE', 'CLI-3', 'what is to change? --provisional-max, --run or both');
  }
  return withDevice(call, async (device) => {
    const name = option(call, 'contact');
    const contact = await readContact(device, name);
    if (!contact.ok) return contact;
    const changed = await changePolicy(device, {
      ...(provisionalMax !== undefined && { provisionalMax }),
      ...(run.value !== undefined && { run: run.value }),
      ...(contact.value !== undefined && { contact: contact.value }),
    });
    if (!changed.ok) return changed;
    return ok(
      answer(
        { ...(name !== undefined && { contact: name }), ...changed.value },
        describe(name ?? 'everybody', changed.value),
      ),
    );
  });
};

function readRun(call: Call): Result<number | undefined> {
  const text = option(call, 'run');
  return text === undefined ? ok(undefined) : parseWhole(text, '--run', 1, LIMITS.uncertifiedRun);
}

async function readContact(device: Device, name: string | undefined): Promise<Result<ChainId | undefined>> {
  if (name === undefined) return ok(undefined);
  const contact = await findContact(device, name);
  return contact.ok ? ok(contact.value.account) : contact;
}
