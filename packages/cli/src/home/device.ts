/** The device in a home, opened for one command. */
import type { Result } from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import { dueClaims, httpTransport, openWallet, type Device } from '@dsm/wallet';
import type { Call } from '../call.ts';
import { openClock } from '../input/clock.ts';
import { describeDue } from '../output/due.ts';
import { alarm } from '../output/style.ts';
import { closing, openHome, requireWallet } from './home.ts';
import { readPassphrase } from './passphrase.ts';

/** Opens the wallet of this call, runs with it, and closes it. */
export async function withDevice<T>(call: Call, run: (device: Device) => Promise<Result<T>>): Promise<Result<T>> {
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const present = requireWallet(call.home);
  if (!present.ok) return present;
  // Asked before the file is held: a person who thinks must not lock it.
  const passphrase = await readPassphrase(call, { twice: false });
  if (!passphrase.ok) return passphrase;
  return closing(await openHome(call.home), async (store) => {
    const device = await openWallet({
      store,
      suite: nodeCryptoSuite(),
      clock: clock.value,
      entropy: systemEntropy,
      transportFor: (endpoints) => httpTransport(endpoints),
      passphrase: passphrase.value,
    });
    if (!device.ok) return device;
    const result = await run(device.value);
    if (result.ok && !call.json) await warnOfDue(call, device.value);
    return result;
  });
}

/** Money that is lost unless somebody acts is said whatever was asked. */
async function warnOfDue(call: Call, device: Device): Promise<void> {
  const due = await dueClaims(device);
  for (const claim of due.ok ? due.value : []) {
    if (claim.urgency === 'urgent') call.notify(alarm(describeDue(claim, device.clock())));
  }
}
