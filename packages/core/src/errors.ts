/**
 * Every error code, with what it means. Codes are stable: scripts rely on them. Each has a line in `spec/errors.md`
 * and a test that provokes it.
 */
export const ERROR_CODES = {
  // Encoding
  E_ENCODING: 'The bytes are not the one deterministic encoding of any value.',
  E_FORMAT: 'The value does not have the shape that this place requires.',
  E_VERSION: 'The version is not one that this software understands.',
  E_LIMIT: 'A size or count is over its limit.',
  E_ALGORITHM: 'The key names an algorithm that is unknown or not allowed here.',
  // Chains
  E_NETWORK: 'The object belongs to another network.',
  E_CHAIN: 'The object belongs to another chain, or the chain id is not the hash of its genesis.',
  E_LINK: 'The state does not follow from its predecessor.',
  E_SIGNATURE: 'A signature is missing or does not verify.',
  E_OPERATION: 'The operation is not allowed here.',
  E_WITNESS: 'The proof about the state root does not hold or does not cover exactly what is needed.',
  E_WINDOW: 'The time window is wrong for this operation or is not open now.',
  E_INCOMPLETE: 'Something needed for the verification is missing.',
  E_SURPLUS: 'The object carries something that nothing in it needs.',
  // Value
  E_AMOUNT: 'The amount is zero, too large, or has too many digits.',
  E_BALANCE: 'The balance does not cover the amount.',
  E_TOKEN: 'The token is unknown, ambiguous or its policy forbids this.',
  E_CAP: 'More would be minted than the token allows.',
  E_CREDITED: 'This debit has been credited already.',
  E_SELF: 'Payer and payee are the same.',
  // Reservations and relationships
  E_RESERVATION: 'The reservation does not allow this.',
  E_TOTAL: 'The cumulative total is not what the reservation admits.',
  E_EXPIRED: 'The date is past.',
  E_TOO_EARLY: 'The date is not reached yet.',
  E_OPEN: 'Another payment with this peer is still open.',
  E_STATE: 'The payment is not in a state that allows this.',
  E_MISMATCH: 'The message does not belong to what was agreed.',
  E_STALE: 'The message builds on an older state than the newest one known.',
  E_VOID: 'The payment does not count.',
  // Directory
  E_CERTIFICATE: 'The certificate does not prove what it must.',
  E_CONFLICT: 'Another state holds this place.',
  E_PARENT: 'The predecessor is not final yet.',
  E_FORK: 'The device signed two different states for one place.',
  E_PENDING: 'Not enough directory nodes have answered yet.',
  E_UNREACHABLE: 'A directory node does not answer.',
  E_NOT_FOUND: 'There is no such thing.',
  // Machines
  E_MACHINE: 'The machine broke its contract.',
  E_REFUSED: "The machine's own rules refuse this.",
  E_CODE: 'The code of the machine is not the one agreed on, or is not here.',
  E_STEP: 'The step is not one that follows from what was agreed.',
  // Wallet and command line
  E_POLICY: 'The acceptance policy refuses this payment.',
  E_QUARANTINED: 'There is evidence against this device; no new business with it.',
  E_CONTACT: 'The contact is unknown or the name is taken.',
  E_PASSPHRASE: 'The passphrase is wrong or missing.',
  E_DAMAGED: 'The stored data is damaged; nothing was changed.',
  E_EXISTS: 'It exists already and is not overwritten.',
  E_BUSY: 'Another process is using this home.',
  E_STORE: 'The storage refused the write.',
  E_ENVELOPE: 'The envelope or frame is not for this key, is damaged, or is not the next one.',
  E_ABORTED: 'The caller has stopped the call.',
  E_USAGE: 'The command was called wrongly.',
  E_INTERNAL: 'A defect in this software.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
