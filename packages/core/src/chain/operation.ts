/** The operations of all kinds of chain under one roof: codec and hash by kind. */
import { accountOperationCodec, type AccountOperation } from '../account/operations.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import type { Codec } from '../encoding/schema.ts';
import { identityOperationCodec, type IdentityOperation } from '../identity/operations.ts';
import { halfOperationCodec, type HalfOperation } from '../relationship/operations.ts';
import { strandOperationCodec, type StrandOperation } from '../machine/operations.ts';
import { fail, type Result } from '../result.ts';
import { vaultOperationCodec, type VaultOperation } from '../vault/operations.ts';
import { kindCodec, type ChainKind } from './body.ts';

export interface OperationOf {
  readonly identity: IdentityOperation;
  readonly account: AccountOperation;
  readonly half: HalfOperation;
  readonly vault: VaultOperation;
  readonly strand: StrandOperation;
}

/** An operation together with the kind of chain that it belongs to. */
export type Operation = {
  readonly [K in ChainKind]: { readonly kind: K; readonly operation: OperationOf[K] };
}[ChainKind];

const CODECS: { readonly [K in ChainKind]: Codec<OperationOf[K]> } = {
  identity: identityOperationCodec,
  account: accountOperationCodec,
  half: halfOperationCodec,
  vault: vaultOperationCodec,
  strand: strandOperationCodec,
};

/** `[kind, operation]`. */
export const operationCodec: Codec<Operation> = {
  toItem: ({ kind, operation }) => [
    kindCodec.toItem(kind),
    (CODECS[kind] as Codec<typeof operation>).toItem(operation),
  ],
  fromItem: (item, at): Result<Operation> => {
    if (!Array.isArray(item) || item.length !== 2)
      return fail('E_FORMAT', 'ENC-3', `${at}: [kind, operation] expected`);
    const kind = kindCodec.fromItem(item[0] as Item, at);
    if (!kind.ok) return kind;
    const operation = (CODECS[kind.value] as Codec<unknown>).fromItem(item[1] as Item, at);
    return operation.ok
      ? { ok: true, value: { kind: kind.value, operation: operation.value } as Operation }
      : operation;
  },
};

/** `H("op", operation)` as it stands in the body. The kind is in the body beside it. */
export const hashOperation = (suite: CryptoSuite, operation: Operation): Uint8Array =>
  hashItem(suite, 'op', (operationCodec.toItem(operation) as readonly Item[])[1] as Item);
