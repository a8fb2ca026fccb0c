/** The catalogue of what nobody may do, by name. */
import { ACCOUNT_FORGERIES } from './account.ts';
import { CERTIFICATE_FORGERIES } from './certificates.ts';
import type { Forgery } from './kit.ts';
import { ROUND_FORGERIES } from './rounds.ts';
import { VAULT_FORGERIES } from './vault.ts';

export type { Forger, Forgery } from './kit.ts';
export { VAULT_FORGERIES };

export const FORGERIES: Readonly<Record<string, Forgery>> = {
  ...ACCOUNT_FORGERIES,
  ...VAULT_FORGERIES,
  ...CERTIFICATE_FORGERIES,
  ...ROUND_FORGERIES,
};

/** These sign a state that the wallet of the forger knows nothing of, or two for one place: each takes a new device. */
export const SELF_FORKING: ReadonlySet<string> = new Set([
  'payLate',
  'payEarly',
  'payTwice',
  'forkBelow',
  'buildOnOpen',
  'creditMore',
  'inventedAcks',
  'inventedVotes',
  'liarManyTimes',
  'waive',
  'quorumWithLiar',
  'everyAck',
  ...Object.keys(ROUND_FORGERIES),
]);
