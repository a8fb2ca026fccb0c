/** All checks of a run, in the order of the sentences. */
import { acceptedVerifies } from './accepted.ts';
import { balancesAddUp } from './balances.ts';
import { claimsAreKept } from './claims.ts';
import type { MakeCheck } from './check.ts';
import { intentFirst, noDefects, noFalseAccusation, trueHalves } from './devices.ts';
import { exactCertificates, timelyCommits } from './exact.ts';
import { finalIsTrue, linkedFinals, nodesKeepTheirWord, oneFinal, timelyFinals } from './finality.ts';
import { liesAreRefused } from './lies.ts';
import { oneSignature } from './one-signature.ts';
import { claimsWereSigned, nothingOnOpenSlots } from './payers.ts';
import { verifiesFromGenesis } from './provenance.ts';
import { receiptsSurvive, roundsKeepTheirWord } from './receipts.ts';
import { evidenceSpreads } from './spread.ts';
import { certifiedIsFinal, claimsStand, reservedIsCovered, toldPaymentsSurvive } from './told.ts';
import { value } from './value.ts';

export const CHECKS: readonly MakeCheck[] = [
  oneSignature,
  value,
  balancesAddUp,
  oneFinal,
  finalIsTrue,
  linkedFinals,
  timelyFinals,
  nodesKeepTheirWord,
  noFalseAccusation,
  intentFirst,
  trueHalves,
  liesAreRefused,
  acceptedVerifies,
  verifiesFromGenesis,
  certifiedIsFinal,
  reservedIsCovered,
  toldPaymentsSurvive,
  receiptsSurvive,
  roundsKeepTheirWord,
  claimsAreKept,
  claimsStand,
  claimsWereSigned,
  nothingOnOpenSlots,
  exactCertificates,
  timelyCommits,
  evidenceSpreads,
  noDefects,
];
