/** On what a half or a strand stands (spec REL-1): its writer's account, as it was or as it was restored. */
import { equalBytes, type ChainId } from '../bytes.ts';
import { stateHash, type Body, type Tip } from '../chain/body.ts';
import { finalState, verifyAccountGenesis } from '../chain/final.ts';
import type { Context } from '../context.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { equalKeys } from '../crypto/signature.ts';
import { check, checkAll, type Result } from '../result.ts';

export interface Standing {
  readonly owner: ChainId;
  readonly key: PublicKey;
  readonly base: Tip;
}

/** The writer is a verified account, the key is that account's, and the base is final. */
export function verifyStanding(context: Context, standing: Standing): Result<undefined> {
  const account = verifyAccountGenesis(context, standing.owner);
  if (!account.ok) return account;
  return checkAll(
    () =>
      check(equalKeys(account.value.key, standing.key), 'E_CHAIN', 'REL-1', 'the half is not written by its account'),
    () => verifyBase(context, standing),
  );
}

/** The genesis of the writer's account, or a final state by which that was restored. */
function verifyBase(context: Context, { owner, base }: Standing): Result<undefined> {
  const isNamed = (body: Body): Result<undefined> =>
    check(
      equalBytes(base.hash, stateHash(context.suite, body)),
      'E_CHAIN',
      'REL-1',
      'the base is not a state of the account',
    );
  if (base.index === 0) return isNamed(context.evidence.genesis(owner) as Body);
  const final = finalState(context, owner, base.index);
  if (!final.ok) return final;
  const { kind, operation } = final.value.operation;
  return checkAll(
    () => isNamed(final.value.body),
    () =>
      check(
        kind === 'account' && operation.type === 'restored',
        'E_OPERATION',
        'REL-1',
        'a half stands on the genesis of its account or on a restored state',
      ),
  );
}
