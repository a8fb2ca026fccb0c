/** Marks that nothing hits, by reason. A mark is named by its file and how its text begins. */

export interface Exception {
  readonly at: string;
  readonly text: string;
  readonly reason: string;
}

type Named = readonly (readonly [at: string, text: string])[];

interface Group {
  readonly reason: string;
  readonly marks: Named;
}

const GROUPS: readonly Group[] = [
  {
    reason:
      'records of one store that contradict each other: a disk refuses what has rotted as a whole, so only a defect of this software leaves them',
    marks: [
      ['packages/wallet/src/account/payment.ts', 'E_INTERNAL WAL-7 a payment without its state'],
      ['packages/wallet/src/chain/bury.ts', "throw damaged('a proof of the account is missing');"],
      ['packages/wallet/src/chain/bury.ts', "throw damaged('a state of the account is missing');"],
      ['packages/wallet/src/chain/bury.ts', "throw damaged('the leaves of the account cannot be taken back');"],
      ['packages/wallet/src/chain/bury.ts', ': []'],
      ['packages/wallet/src/chain/draft.ts', "throw damaged('the newest state of a chain is missing');"],
      ['packages/wallet/src/chain/own.ts', 'E_DAMAGED WAL-1 a state of the account is missing'],
      ['packages/wallet/src/chain/own.ts', 'E_DAMAGED WAL-1 the account of this wallet is missing'],
      ['packages/wallet/src/exchange/accept.ts', 'E_STATE REL-15 this payment has not been accepted'],
      ['packages/wallet/src/exchange/agreement.ts', 'E_STATE REL-18 this payment has not been committed'],
      ['packages/wallet/src/exchange/judge.ts', '?? facts.policy'],
      ['packages/wallet/src/exchange/relationship.ts', 'E_DAMAGED WAL-1 the genesis of the own account is missing'],
      ['packages/wallet/src/exchange/request.ts', ': ok([])'],
      ['packages/wallet/src/exchange/request.ts', 'E_STATE REL-17 the halves of this relationship are not known'],
      ['packages/wallet/src/exchange/totals.ts', ': []'],
      ['packages/wallet/src/exchange/totals.ts', 'return [];'],
      ['packages/wallet/src/restore/adopt.ts', "throw damaged('a final state of the account is missing');"],
      ['packages/wallet/src/restore/adopt.ts', "throw damaged('the account of this wallet is missing');"],
      ['packages/wallet/src/restore/finish.ts', "throw damaged('the account of this wallet is missing');"],
      ['packages/wallet/src/restore/slot.ts', "throw damaged('the account of this wallet is missing');"],
      ['packages/wallet/src/sync/journal.ts', "throw damaged('a final state is missing');"],
      ['packages/wallet/src/sync/claims.ts', '?? []'],
      ['packages/wallet/src/sync/claims.ts', '?? before'],
      ['packages/wallet/src/unlock/slots.ts', ': []'],
      ['packages/wallet/src/unlock/slots.ts', "return fail('E_NOT_FOUND', 'WAL-13', 'there is no signed state"],
      ['packages/wallet/src/unlock/slots.ts', 'E_DAMAGED WAL-1 the state below is missing'],
      ['packages/wallet/src/unlock/unlock.ts', 'E_DAMAGED WAL-1 the certificate of a final state is missing'],
      ['packages/wallet/src/vault/record.ts', "throw damaged('a reservation does not have the root of its state');"],
      ['packages/wallet/src/vault/record.ts', "throw damaged('the newest state of a reservation is missing');"],
    ],
  },
  {
    reason: 'a defect of this software only: nothing that is read from outside leads here',
    marks: [
      ['packages/core/src/network/unlock.ts', 'return goOn(context, unlocking);'],
      ['packages/directory/src/admission/settle.ts', '?? []'],
      ['packages/directory/src/admission/settle.ts', 'E_INTERNAL NET-17 the certificate of a final state is not there'],
      ['packages/directory/src/admission/settle.ts', 'E_INTERNAL NET-18 a vote without a receipt'],
      ['packages/directory/src/admission/settle.ts', "throw new Error('not a failure');"],
      ['packages/directory/src/admission/start.ts', '?? null'],
      ['packages/wallet/src/exchange/agreement.ts', 'E_STALE REL-16 the agreed state does not follow from this chain'],
      ['packages/wallet/src/exchange/judge.ts', 'E_RESERVATION RES-2 not a payment out of a reservation'],
      ['packages/wallet/src/exchange/receive.ts', 'E_INTERNAL REL-18 a reserved payment without its half'],
      ['packages/wallet/src/restore/open.ts', 'throw new Error(`a seed has ${SEED_BYTES} bytes`);'],
    ],
  },
];

export const EXCEPTIONS: readonly Exception[] = GROUPS.flatMap(({ reason, marks }) =>
  marks.map(([at, text]) => ({ at, text, reason })),
);
