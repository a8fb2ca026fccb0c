/** The pure protocol: what a wallet, a directory node, an auditor and a simulator share. */
export {
  issueDigest,
  issueMessage,
  issueProposalCodec,
  verifyIssue,
  type IssueFacts,
  type IssueProposal,
} from './account/approvals.ts';
export * from './account/operations.ts';
export * from './account/policy.ts';
export * from './account/rules.ts';
export * from './bundle/evidence.ts';
export * from './bundle/items.ts';
export * from './bundle/loader.ts';
export * from './bundle/verify-once.ts';
export * from './bundle/names.ts';
export * from './bundle/provenance.ts';
export * from './bytes.ts';
export * from './chain/body.ts';
export * from './chain/checkpoints.ts';
export * from './chain/final.ts';
export * from './chain/genesis.ts';
export * from './chain/leaves.ts';
export * from './chain/links.ts';
export * from './chain/operation.ts';
export * from './chain/outputs.ts';
export * from './chain/rules.ts';
export * from './chain/step.ts';
export * from './chain/transition.ts';
export * from './chain/void.ts';
export type * from './context.ts';
export * from './crypto/hash.ts';
export * from './crypto/keys.ts';
export * from './crypto/signature.ts';
export type * from './crypto/suite.ts';
export * from './crypto/suite-acceptance.ts';
export * from './encoding/cbor.ts';
export * from './encoding/schema.ts';
export * from './envelope/channel.ts';
export {
  envelopeId,
  KEM_CIPHERTEXT_BYTES,
  KEM_RANDOM_BYTES,
  openEnvelope,
  sealEnvelope,
  type KemPair,
  type Sealing,
} from './envelope/envelope.ts';
export * from './errors.ts';
export * from './evidence/fork.ts';
export * from './files/backup.ts';
export * from './files/container.ts';
export * from './files/verify.ts';
export * from './identity/devices.ts';
export * from './identity/operations.ts';
export * from './limits.ts';
export { computeStep, findMachine, initialState, type MachineState, type StepResult } from './machine/apply.ts';
export {
  machineContentCodec,
  verifyMachine,
  verifyMachineSignatures,
  type MachineContent,
  type MachineFindings,
  type MachineSignatures,
} from './machine/bundle.ts';
export { mergeSteps, type Merged, type Shown, type StateReader } from './machine/merge.ts';
export { partyOf, stepsContentCodec, verifySteps, type StepsContent } from './machine/message.ts';
export * from './machine/operations.ts';
export type * from './machine/port.ts';
export { PLACE_LEAF, SIGNED_LEAF, strandTermsCodec } from './machine/rules.ts';
export {
  encodeUpgrade,
  machineStateHash,
  stepHash,
  stepRecordCodec,
  UPGRADE,
  type StepRecord,
  type Upgrade,
} from './machine/step.ts';
export {
  entriesOf,
  readStrand,
  verifyStrand,
  type HeldStrand,
  type ReadStrand,
  type StrandEntry,
} from './machine/strand.ts';
export { machineId, machineTermsCodec, type MachineId, type MachineRules, type MachineTerms } from './machine/terms.ts';
export {
  beginView,
  buildsOn,
  cannotExist,
  doesExist,
  findStep,
  partiesThat,
  standOf,
  type Head,
  type KnownStep,
  type MachineView,
  type Stand,
} from './machine/view.ts';
export * from './merkle/log.ts';
export * from './merkle/sparse.ts';
export * from './merkle/witness.ts';
export * from './messages/agreement.ts';
export * from './messages/offer.ts';
export * from './network/certificate.ts';
export * from './network/description.ts';
export * from './network/file.ts';
export * from './network/gather.ts';
export * from './network/rounds.ts';
export * from './network/submission.ts';
export * from './network/unlock.ts';
export * from './network/wire.ts';
export * from './network/wire-rounds.ts';
export type * from './ports/clock.ts';
export * from './ports/memory-store.ts';
export * from './ports/scan-range.ts';
export * from './ports/store-acceptance.ts';
export * from './ports/store-error.ts';
export type * from './ports/store.ts';
export * from './relationship/operations.ts';
export * from './relationship/pairs.ts';
export * from './relationship/rules.ts';
export * from './result.ts';
export * from './vault/operations.ts';
export * from './vault/reservation.ts';
export * from './vault/rules.ts';
