/** Payments between two devices by messages (DESIGN section 4). */
export { accept, type AcceptOptions } from './accept.ts';
export { cancel, refund, type RefundOptions } from './closing.ts';
export { commit, type CommitOptions } from './commit.ts';
export type { Exchanged } from './common.ts';
export { offer, type OfferOptions } from './offer.ts';
export { acknowledge, receive, takeAck } from './receive.ts';
export { listRelationships, type RelationshipRecord, type Turn } from './records.ts';
export { request, type RequestOptions } from './request.ts';
export { heldPayments, heldRuns, totalProof, unclaimedTotals, type HeldRun, type UnclaimedTotal } from './totals.ts';
