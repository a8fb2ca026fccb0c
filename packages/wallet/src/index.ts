/** A DSM device: keys, journal, payments, sync and policy. */
export {
  approveIssue,
  gatherApprovals,
  openIssue,
  proposeIssue,
  type Approval,
  type OpenedIssue,
} from './account/approvals.ts';
export { anchor, type Anchored } from './account/anchor.ts';
export { payOnline, type OnlinePayment } from './account/payment.ts';
export type { Received } from './account/receive.ts';
export type { CertifiedPayment } from './account/records.ts';
export { releaseExpired, reserve, type Released, type Reserved, type ReserveOptions } from './account/reserve.ts';
export {
  burn,
  createToken,
  findToken,
  learnToken,
  listTokens,
  mint,
  type Token,
  type TokenOptions,
} from './account/token.ts';
export * from './amount.ts';
export { findKemKey, openCardFile, ownCard, type CardFacts } from './contacts/card.ts';
export { addContact, findContact, listContacts, type ContactSource } from './contacts/contacts.ts';
export { setPolicy, showPolicy, type PolicyChange, type PolicyFacts } from './contacts/policy.ts';
export type * from './device.ts';
export { certify } from './directory/certify.ts';
export { publishCard } from './directory/publish.ts';
export { submitFile } from './directory/submit-file.ts';
export * from './exchange/index.ts';
export { guardStore } from './guard.ts';
export * from './machine/index.ts';
export type * from './ports.ts';
export { commandKey, commandRecords, type CommandRecord } from './records/command.ts';
export type { ContactRecord } from './records/contact.ts';
export type { EvidenceRecord } from './records/evidence.ts';
export { readPayment, type PaymentKind, type PaymentRecord, type PaymentStatus } from './records/payment.ts';
export { listReservations, type ReservationRecord } from './records/reservation.ts';
export { buildClaim, type Claimed } from './sync/claims.ts';
export { restoreWallet, verifyBackupFile, type BackupOptions, type RestoreOptions } from './restore/open.ts';
export { showRestore, type RestoreFacts } from './restore/view.ts';
export { closeReservations, type Closed } from './vault/close.ts';
export { dueClaims, keepClaimed, type DueClaim, type Tick } from './sync/schedule.ts';
export { sync, type SyncOptions, type SyncReport } from './sync/sync.ts';
export * from './transport/http.ts';
export type { OpenFailure } from './sync/notes.ts';
export type { PaceOptions, WaitingSlot } from './unlock/pace.ts';
export { unlock, type UnlockedSlot, type UnlockOptions, type UnlockReport } from './unlock/unlock.ts';
export { backup } from './view/backup.ts';
export { balances, type Balance } from './view/balances.ts';
export { exportChain, getState, showChain, type ChainState } from './view/chain.ts';
export { exportEvidence, importEvidence, listEvidence } from './view/evidence.ts';
export { history, type HistoryEntry } from './view/history.ts';
export { createWallet, type Created, type CreateOptions } from './wallet/create.ts';
export * from './wallet/open.ts';
