/** Wallets, payments and links, without anything of one runtime: `makeOpenWallet` takes what a runtime has. */
export type { Stoppable } from './abort.ts';
export type { Amount } from './amount.ts';
export type { Contact, Contacts } from './contacts.ts';
export type { EventName, Subscribe, WalletEvents } from './events.ts';
export { CALL_ID_BYTES } from './link/call.ts';
export type { Link } from './link/link.ts';
export { memoryLink, type MemoryLinkOptions } from './link/memory.ts';
export { acceptCaller, callListener, type SecureOptions } from './link/secure.ts';
export type {
  Decision,
  Invitation,
  Machines,
  Pending,
  ProposeTerms,
  Shared,
  SharedFacts,
  SharedTerms,
} from './machine.ts';
export { readNetwork, type NetworkSource } from './network.ts';
export { makeOpenWallet, type OpenWallet, type Platform, type WalletOptions } from './open.ts';
export type { AnswerOptions } from './pay/answer.ts';
export type { Pace, RefundTerms, Terms } from './pay/payer.ts';
export type { PaymentRequest, RequestTerms } from './pay/request.ts';
export type { ServeOptions } from './pay/serve.ts';
export type { Asked, Policy } from './pay/turns.ts';
export type { ProvenReceipt, Receipt } from './receipt.ts';
export type { TokenFacts, Tokens, TokenTerms } from './tokens.ts';
export {
  makeVerify,
  type Agreed,
  type AgreedOptions,
  type Verified,
  type VerifiedPayment,
  type Verify,
  type VerifyOptions,
} from './verify.ts';
export type { Reservation, TakeTerms } from './reservations.ts';
export type { Balance, Entry, Evidence } from './view.ts';
export { walletFrom, type Anchored, type Wallet } from './wallet.ts';
export type { Synced, WatchOptions } from './watch.ts';
export { defineMachine, refuse, unchecked, type Machine } from '@dsm/machine';
export { ERROR_CODES, must, type ErrorCode, type Failure, type Result, type Store } from '@dsm/core';
