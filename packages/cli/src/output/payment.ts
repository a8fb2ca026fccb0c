/** Certified payments as they are answered. */
import { toHex } from '@dsm/core';
import type { CertifiedPayment } from '@dsm/wallet';
import type { Answer } from './answer.ts';
import { dim } from './style.ts';
import { explainGrade } from './words.ts';

export const certifiedJson = ({ payment, grade, chain, index, hash, receipts }: CertifiedPayment): Answer['json'] => ({
  payment: toHex(payment),
  grade,
  chain: toHex(chain),
  index,
  hash: toHex(hash),
  receipts,
});

export const certifiedLines = ({ grade, chain, index, receipts }: CertifiedPayment): string[] => [
  explainGrade(grade),
  dim(`state ${index} of ${toHex(chain)}, ${receipts} receipts`),
];
