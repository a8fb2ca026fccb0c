/** What this device takes from whom, beyond what is certified or reserved. */
import { check, LIMITS, ok, type ChainId, type Result } from '@dsm/core';
import { formatAmount, parseAmount } from '../amount.ts';
import type { Storage } from '../device.ts';
import { guardStore } from '../guard.ts';
import { policyKey, policyRecords, readPolicy, type PolicyRecord } from '../records/policy.ts';

/** Digits in which limits are kept, so that one holds for tokens of any digits. */
const LIMIT_DIGITS: number = LIMITS.decimals;

export interface PolicyFacts {
  /** `none`, `any`, or token units. */
  readonly provisionalMax: string;
  /** Most states in a payer's uncertified run. */
  readonly run: number;
}

/** The rule for a contact, or with null for everybody who has none of its own. */
export const showPolicy = (storage: Storage, contact: ChainId | null): Promise<Result<PolicyFacts>> =>
  guardStore(async () => ok(describePolicy(await readPolicy(storage, contact))));

function describePolicy({ provisional, maxUnits18, run }: PolicyRecord): PolicyFacts {
  if (provisional !== 'limit') return { provisionalMax: provisional === 'any' ? 'any' : 'none', run };
  const text = formatAmount(maxUnits18, LIMIT_DIGITS);
  return { provisionalMax: text.replace(/\.?0+$/, ''), run };
}

export interface PolicyChange {
  /** `any`, `none`, or token units; 0 is none. */
  readonly provisionalMax?: string;
  readonly run?: number;
  readonly contact?: ChainId;
}

/** `E_AMOUNT`, `E_USAGE` for values that are none. */
export const setPolicy = (storage: Storage, change: PolicyChange): Promise<Result<PolicyFacts>> =>
  guardStore(async () => {
    const contact = change.contact ?? null;
    const before = await readPolicy(storage, contact);
    const limit = change.provisionalMax === undefined ? ok(before) : parseLimit(change.provisionalMax);
    if (!limit.ok) return limit;
    const run = change.run ?? before.run;
    const valid = check(
      Number.isInteger(run) && run >= 1 && run <= LIMITS.uncertifiedRun,
      'E_USAGE',
      'WAL-10',
      `a run of 1 to ${LIMITS.uncertifiedRun} states, please`,
    );
    if (!valid.ok) return valid;
    const { provisional, maxUnits18 } = limit.value;
    const after: PolicyRecord = { provisional, maxUnits18, run };
    const committed = await storage.store.commit([policyRecords.put(storage, policyKey(contact), after)]);
    return committed.ok ? ok(describePolicy(after)) : committed;
  });

function parseLimit(text: string): Result<Pick<PolicyRecord, 'provisional' | 'maxUnits18'>> {
  if (text === 'any') return ok({ provisional: 'any', maxUnits18: 0n });
  if (text === 'none' || text === '0') return ok({ provisional: 'refuse', maxUnits18: 0n });
  const max = parseAmount(text, LIMIT_DIGITS);
  return max.ok ? ok({ provisional: 'limit', maxUnits18: max.value }) : max;
}
