/**
 * Which states are final (spec NET-8, IDN-4, RES-1): a state with a Final certificate; a genesis of an identity or an
 * account by its id; a genesis of a vault if the account state that funds it is final.
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import type { Context } from '../context.ts';
import { verifyMessage } from '../crypto/signature.ts';
import { genesisCommitment, type IdentityGenesis } from '../identity/operations.ts';
import { rootOfDevice } from '../identity/devices.ts';
import { verifyCertificate } from '../network/certificate.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import { stateHash, type Body, type ChainKind } from './body.ts';
import { makeGenesis } from './genesis.ts';
import type { Operation, OperationOf } from './operation.ts';

/** The operation of a state, found by its hash, of the kind of its chain. */
export function operationOf(context: Context, body: Body): Result<Operation> {
  const operation = context.evidence.operation(body.op);
  if (!operation) return missing('operation', body.op);
  if (operation.kind !== body.kind) return fail('E_OPERATION', 'CHN-2', 'an operation of another kind of chain');
  return ok(operation);
}

/** The genesis operation of a chain of this kind, after checking that the body follows from it. */
export function verifyGenesis<K extends ChainKind>(
  context: Context,
  body: Body,
  kind: K,
): Result<Extract<OperationOf[K], { type: 'genesis' }>> {
  if (body.kind !== kind) return fail('E_CHAIN', 'CHN-4', `not a chain of kind ${kind}`);
  if (!equalBytes(body.network, context.network.id)) return fail('E_NETWORK', 'NET-1', 'a chain of another network');
  const found = operationOf(context, body);
  if (!found.ok) return found;
  if (found.value.operation.type !== 'genesis') return fail('E_OPERATION', 'CHN-4', 'not a genesis operation');
  const expected = makeGenesis(context.suite, context.network.id, found.value).body;
  if (!equalBytes(stateHash(context.suite, expected), stateHash(context.suite, body))) {
    return fail('E_CHAIN', 'CHN-4', 'the genesis does not follow from its operation');
  }
  return ok(found.value.operation as Extract<OperationOf[K], { type: 'genesis' }>);
}

/** An identity's genesis with the signatures of all its participants (spec IDN-2). */
export function verifyIdentity(context: Context, identity: ChainId): Result<IdentityGenesis> {
  const body = context.evidence.genesis(identity);
  if (!body) return missing('genesis', identity);
  const genesis = verifyGenesis(context, body, 'identity');
  if (!genesis.ok) return genesis;
  const subject = stateHash(context.suite, body);
  const { participants } = genesis.value;
  // All are asked for before one is judged, so that a list of what is missing has every one.
  const given = participants.map((_, position) => context.evidence.signature('genesis', subject, position));
  const signatures = checkAll(
    () => check(genesis.value.k >= 1, 'E_FORMAT', 'CHN-8', 'no checkpoint interval'),
    ...participants.map((participant, position) => () => {
      const { suite } = context;
      if (!equalBytes(participant.commitment, genesisCommitment(suite, participant.key, participant.nonce))) {
        return fail('E_CHAIN', 'IDN-2', `participant ${position} revealed something else than was committed`);
      }
      const signature = given[position];
      if (!signature) return missing('signature genesis', subject, position);
      const message = { network: context.network.id, chain: identity, from: 0, to: 0, hash: subject };
      return verifyMessage(suite, participant.key, 'genesis', message, signature)
        ? done
        : fail('E_SIGNATURE', 'IDN-2', `wrong signature of participant ${position}`);
    }),
  );
  return signatures.ok ? genesis : signatures;
}

/** An account's genesis: a device of an identity whose genesis is verified too (spec IDN-3). */
export function verifyAccountGenesis(
  context: Context,
  account: ChainId,
): Result<Extract<OperationOf['account'], { type: 'genesis' }>> {
  const body = context.evidence.genesis(account);
  if (!body) return missing('genesis', account);
  const genesis = verifyGenesis(context, body, 'account');
  if (!genesis.ok) return genesis;
  const identity = verifyIdentity(context, genesis.value.identity);
  if (!identity.ok) return identity;
  const { device, devices, proof } = genesis.value;
  const root = rootOfDevice(context.suite, genesis.value, device, devices, proof);
  const belongs = checkAll(
    () => check(genesis.value.k >= 1, 'E_FORMAT', 'CHN-8', 'no checkpoint interval'),
    () => check(devices === identity.value.devices, 'E_CHAIN', 'IDN-3', 'another number of devices'),
    () =>
      check(
        root !== undefined && equalBytes(root, identity.value.deviceRoot),
        'E_CHAIN',
        'IDN-3',
        'the device is not one of the identity',
      ),
  );
  return belongs.ok ? genesis : belongs;
}

/** Hash of the final state at this place. Costs the verification of a certificate, or none if known before. */
export function finalHash(context: Context, chain: ChainId, index: number): Result<StateHash> {
  const known = context.evidence.knownFinal(chain, index);
  if (known) return ok(known);
  const certificate = context.evidence.certificate(chain, index);
  if (!certificate) return missing('certificate', chain, index);
  const valid = verifyCertificate(context, certificate);
  return valid.ok ? ok(certificate.hash) : valid;
}

/** The final state at this place and its operation. */
export function finalState(
  context: Context,
  chain: ChainId,
  index: number,
): Result<{ readonly body: Body; readonly operation: Operation }> {
  const hash = finalHash(context, chain, index);
  if (!hash.ok) return hash;
  const body = context.evidence.body(hash.value);
  if (!body) return missing('body', hash.value);
  if (!equalBytes(body.chain, chain) || body.index !== index) {
    return fail('E_CERTIFICATE', 'NET-8', 'the certificate names a state of another place');
  }
  const operation = operationOf(context, body);
  return operation.ok ? ok({ body, operation: operation.value }) : operation;
}

/** A vault's genesis: its terms, and a final account state that funds exactly this vault (spec RES-1). */
function verifyVaultGenesis(context: Context, body: Body): Result<undefined> {
  const terms = verifyGenesis(context, body, 'vault');
  if (!terms.ok) return terms;
  const funding = finalState(context, terms.value.payer, terms.value.fundingIndex);
  if (!funding.ok) return funding;
  const { operation } = funding.value;
  const funds = operation.kind === 'account' && operation.operation.type === 'fund' ? operation.operation : undefined;
  return check(
    funds !== undefined && equalBytes(funds.vault, body.chain),
    'E_RESERVATION',
    'RES-1',
    'the account state does not fund this vault',
  );
}

function verifyGenesisFinal(context: Context, body: Body): Result<undefined> {
  if (body.kind === 'half' || body.kind === 'strand') {
    return fail('E_CHAIN', 'NET-3', 'a chain of a relationship is never certified');
  }
  if (body.kind === 'vault') return verifyVaultGenesis(context, body);
  const shown = context.evidence.genesis(body.chain);
  if (!shown) return missing('genesis', body.chain);
  const valid =
    body.kind === 'account' ? verifyAccountGenesis(context, body.chain) : verifyIdentity(context, body.chain);
  if (!valid.ok) return valid;
  const same = equalBytes(stateHash(context.suite, shown), stateHash(context.suite, body));
  return check(same, 'E_CHAIN', 'CHN-4', 'another genesis of the same chain id');
}

/** That this very state is final. */
export function requireFinal(context: Context, body: Body): Result<undefined> {
  const hash = stateHash(context.suite, body);
  const known = context.evidence.knownFinal(body.chain, body.index);
  if (known === undefined && body.index === 0) {
    return verifyGenesisFinal(context, body);
  }
  const final = finalHash(context, body.chain, body.index);
  if (!final.ok) return final;
  return check(equalBytes(final.value, hash), 'E_CONFLICT', 'NET-8', 'another state is final at this place');
}
