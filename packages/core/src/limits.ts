/** Every bound on work or memory that a peer can cause, with its reason (spec/limits.md). */
export const LIMITS = {
  /** One file or message: a long relationship with its certificates stays below; a phone can still hold it. */
  fileBytes: 16_777_216,
  /** An envelope or a frame with one message in it. */
  envelopeBytes: 16_781_312,
  /** What somebody unknown may send before it has shown who it is: a card with three signatures of 17 KB, and keys. */
  helloBytes: 131_072,
  /** One submission to a node: the largest operation carries a receive with a source certificate, about 40 KB. */
  submissionBytes: 524_288,
  /** One request with reports, each of q with a quorum of q receipts: 21 nodes with 128f, 28 with 128s, 43 with ML-DSA. */
  roundBytes: 4_194_304,
  /** Items in one file, message or request, arrays and what is in them: five times the longest chain's, 200 MB decoded. */
  items: 1_048_576,
  /** Arrays within arrays: three times what a file needs; a bound set by the stack would differ between machines. */
  nesting: 32,
  /** A bignum: twice an amount, so that one that is too large is told apart from one that is no number. */
  bignumBytes: 32,
  /** Items of one bundle: bounds the hashing before a signature is looked at. */
  bundleItems: 20_000,
  /** Nodes of one witness: 256 levels for each of a few touched leaves. */
  witnessNodes: 4_096,
  /** Value of one leaf of a state root. */
  leafBytes: 4_096,
  /** Directory nodes of one network: a certificate carries a receipt of each. */
  networkNodes: 64,
  /** Any of the times of a network, in milliseconds: a hundred years, so that sums of them stay exact. */
  networkMs: 3_155_760_000_000,
  /** Inclusion proof length of a log: more leaves than any node can write. */
  logProof: 64,
  /** Participants of one identity genesis. */
  genesisParticipants: 16,
  /** Keys that approve what is minted of one token: a signature of each may come along. */
  approvers: 16,
  /** Devices of one identity: proof of 10 hashes. */
  deviceProof: 10,
  /** Names, symbols, order references, in UTF-8 bytes. */
  nameBytes: 64,
  symbolBytes: 12,
  orderBytes: 64,
  /** Digits after the point: 10^18 base units a unit, as the finest tokens in use. */
  decimals: 18,
  /** A run of states under one signature (DESIGN 3.1). */
  segmentStates: 4_096,
  /** States that a payer may stack without a certificate; the payee's policy is usually far lower. */
  uncertifiedRun: 64,
  /** Outcomes that one half state records. */
  outcomes: 64,
  /** Distance of two checkpoints, and the default. */
  maxSkip: 65_536,
  defaultSkip: 64,
  /** Parties of one machine relationship: each signs every step that all must sign. */
  machineParties: 8,
  /** State of a machine: every party applies and hashes it at every step. */
  machineStateBytes: 65_536,
  /** Input of one operation, and parameters: every input is kept and shown to whoever verifies; a thousand fit a file. */
  machineInputBytes: 16_384,
  /** Lists and objects within each other in a state or input: half of `nesting`, beyond what applications need. */
  machineDepth: 16,
  /** Steps of one message or bundle: with small inputs they take a tenth of a file. */
  machineSteps: 4_096,
  /** Strands of one relationship: eight parties, each restored a few times. */
  machineStrands: 64,
  /** Attempts at one step: each but the last was declined by somebody. */
  stepAttempts: 256,
  /** Rounds of one slot: the wait grows exponentially, so more never open. */
  rounds: 1_024,
  /** A network file: the keys of 64 nodes in hexadecimal take 170 KB. */
  networkFileBytes: 1_048_576,
  /** Address of a node. */
  endpointBytes: 256,
  /** Entries of one answer of a node; further ones are asked for with a cursor. */
  pageEntries: 256,
  /** Rule and message of a failure that a node answers. */
  ruleBytes: 16,
  messageBytes: 1_024,
} as const;

/** Unsigned 128-bit (spec ENC-4). */
export const MAX_AMOUNT: bigint = (1n << 128n) - 1n;

/** The largest time and index: 2^53 - 1, exact in every implementation. */
export const MAX_TIME: number = Number.MAX_SAFE_INTEGER;
