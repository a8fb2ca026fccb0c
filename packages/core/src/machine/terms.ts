/**
 * What the parties of a machine relationship agree on before the first step (spec MCH-1). The relationship's id is the
 * hash of the terms, so that every signature of every party binds all of them.
 */
import { compareBytes, type Branded, type ChainId } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bytes, hash, label, list, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, type Result } from '../result.ts';

export interface MachineRules {
  /** Longest time from the proposal of a step to its expiry, milliseconds. */
  readonly expiryMs: number;
  /** Most steps of the relationship; 0: no end. */
  readonly maxSteps: number;
}

export interface MachineTerms {
  /** Id of the machine. */
  readonly machine: string;
  /** From 1: the version that the relationship begins with. */
  readonly version: number;
  /** Hash of that version's code. */
  readonly code: Uint8Array;
  /** Accounts in ascending order; a party's position here is how steps name it. */
  readonly parties: readonly ChainId[];
  /** What the machine's first state is made from. */
  readonly params: Uint8Array;
  readonly rules: MachineRules;
  /** Tells apart relationships that are otherwise alike. */
  readonly nonce: Uint8Array;
}

/** `H("machine-relationship", terms)`. */
export type MachineId = Branded<'MachineId'>;

const shape: Codec<MachineTerms> = record<MachineTerms>({
  machine: label(LIMITS.nameBytes, 1),
  version: uint(),
  code: hash(),
  parties: list(hash<ChainId>(), LIMITS.machineParties, 2),
  params: bytes(0, LIMITS.machineInputBytes),
  rules: record<MachineRules>({ expiryMs: uint(), maxSteps: uint() }),
  nonce: bytes(16),
});

/** Decoded terms are always usable ones. */
export const machineTermsCodec: Codec<MachineTerms> = {
  toItem: (terms) => shape.toItem(terms),
  fromItem: (item, at) => {
    const terms = shape.fromItem(item, at);
    if (!terms.ok) return terms;
    const valid = checkTerms(terms.value);
    return valid.ok ? terms : valid;
  },
};

const checkTerms = ({ parties, version, rules }: MachineTerms): Result<undefined> =>
  checkAll(
    () =>
      check(
        parties.every((party, i) => i === 0 || compareBytes(parties[i - 1] as ChainId, party) < 0),
        'E_ENCODING',
        'MCH-1',
        'the parties are not in ascending order, each once',
      ),
    () => check(version >= 1 && rules.expiryMs > 0, 'E_FORMAT', 'MCH-1', 'empty terms'),
  );

export const machineId = (suite: CryptoSuite, terms: MachineTerms): MachineId =>
  hashItem<MachineId>(suite, 'machine-relationship', shape.toItem(terms));
