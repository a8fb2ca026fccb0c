/**
 * Planted bugs: each changes one line of shipped logic. The checks know nothing of this list; what finds a bug is what
 * looks after every run. `hunt` says where the search begins, as a seed does: runs of the world, or crash workloads.
 */
import type { Patch } from '../load/patch.ts';
import type { PresetName } from '../world/presets.ts';

export interface Bug extends Patch {
  readonly id: string;
  /** What is wrong now, in words. */
  readonly what: string;
  readonly hunt: Hunt;
}

export type Hunt =
  | 'runs'
  | { readonly crashes: readonly string[] }
  /** `whole`: short runs, each to its end, where nothing may be left undone. */
  | { readonly presets: readonly PresetName[]; readonly whole?: boolean };

const ACCOUNT = 'packages/core/src/account/rules.ts';
const VAULT = 'packages/core/src/vault/rules.ts';
const CERTIFICATE = 'packages/core/src/network/certificate.ts';
const SUBMISSION = 'packages/core/src/network/submission.ts';
const ROUNDS = 'packages/core/src/network/rounds.ts';
const OFFER = 'packages/core/src/messages/offer.ts';
const AGREEMENT = 'packages/core/src/messages/agreement.ts';
const HALF = 'packages/core/src/relationship/rules.ts';
const SLOT = 'packages/directory/src/slot.ts';
const NODE_ROUNDS = 'packages/directory/src/rounds.ts';
const SETTLE = 'packages/directory/src/admission/settle.ts';
const FINALS = 'packages/directory/src/store/finals.ts';
const APPEND = 'packages/wallet/src/chain/append.ts';

/** The check is there and says yes. */
const waved = (file: string, test: string): Patch => ({ file, find: `check(${test},`, replace: 'check(true,' });

const bug = (id: string, what: string, patch: Patch, hunt: Hunt = 'runs'): Bug => ({ id, what, ...patch, hunt });

const crashes = (...names: string[]): Hunt => ({ crashes: names });
const near = (...presets: PresetName[]): Hunt => ({ presets });
const whole: Hunt = { presets: ['table'], whole: true };

export const BUGS: readonly Bug[] = [
  // Value
  bug('nullifier-skipped', 'a debit is credited again', {
    file: ACCOUNT,
    find: 'if (credited.value !== undefined) return fail(',
    replace: 'if (credited.value === undefined && parent.index < 0) return fail(',
  }),
  bug('minted-over-cap', 'more is minted than the token allows', waved(ACCOUNT, 'minted <= policy.value.cap')),
  bug(
    'payment-for-nothing',
    'a payment leaves the balance of the payer as it was',
    {
      file: ACCOUNT,
      find: 'leaves.write(balanceLeaf(operation.token), amount, held - value)',
      replace: 'leaves.write(balanceLeaf(operation.token), amount, held)',
    },
    whole,
  ),
  bug(
    'credited-amount',
    'a credit may be of another amount than the debit',
    waved(ACCOUNT, 'output!.amount === operation.amount'),
  ),
  bug(
    'credited-by-another',
    'a credit may name another destination',
    waved(ACCOUNT, 'equalBytes(output!.to, parent.chain)'),
  ),
  bug('claim-above-funding', 'more is claimed than was set aside', waved(VAULT, 'operation.total <= terms.funded')),
  bug('release-of-everything', 'the payer takes back what was claimed too', {
    file: VAULT,
    find: "check(operation.amount === terms.funded - before, 'E_AMOUNT'",
    replace: "check(operation.amount <= terms.funded, 'E_AMOUNT'",
  }),
  bug('unsigned-totals', 'a claim shows a total that nobody signed', {
    file: VAULT,
    find: "verifyMessage(suite, terms.payerKey, 'state', stateMessage(context, body.chain, body.index, hash), signature)",
    replace: 'signature.length > 0',
  }),
  bug(
    'claim-after-e',
    'a claim may say that it is good after E',
    waved(VAULT, 'sameWindow(operation.window, claimWindow(terms))'),
  ),
  bug(
    'total-jumps',
    'the running total of a half grows by more than was paid',
    waved(HALF, 'operation.total === (total.value ?? 0n) + operation.amount'),
    near('liars'),
  ),
  // Certificates
  bug('final-with-q-votes', 'a quorum of votes passes for a Final', {
    file: CERTIFICATE,
    find: 'return verifyReceipts(context, certificate, certificate.receipts, network.nodes.length);',
    replace:
      'return verifyReceipts(context, certificate, certificate.receipts, Math.max(network.quorum, certificate.receipts.length));',
  }),
  bug(
    'surplus-receipts',
    'a certificate may carry a receipt too many',
    waved(CERTIFICATE, 'receipts.length === count'),
  ),
  bug('one-node-many-times', 'receipts of one node count several times', waved(CERTIFICATE, 'ascending')),
  bug('unsigned-heads', 'the signature of a tree head is not looked at', {
    file: CERTIFICATE,
    find: "return verifyMessage(suite, key, 'head', message, receipt.head.signature)",
    replace: "return verifyMessage(suite, key, 'head', message, receipt.head.signature) || message.to > 0",
  }),
  bug('open-parent', 'a node votes for a state upon one that is not final', {
    file: SUBMISSION,
    find: 'return parent.ok ? transition : parent;',
    replace: 'return parent.ok || transition.ok ? transition : parent;',
  }),
  bug('late-votes', 'a node votes after the window', {
    file: SUBMISSION,
    find: 'nowMs >= window.from - network.deltaMs && nowMs <= window.until + network.deltaMs',
    replace: 'nowMs >= window.from - network.deltaMs',
  }),
  bug('waiver-of-f', 'f votes waive the clock, which may be those of liars', {
    file: SUBMISSION,
    find: 'verifyReceipts(context, statement, votes, context.network.faults + 1)',
    replace: 'verifyReceipts(context, statement, votes, Math.min(votes.length, context.network.faults))',
  }),
  // Slots
  bug('two-votes', 'a node votes for two states of one slot', {
    file: SLOT,
    find: 'const given = markOf(record.votes, 0);\n  if (given) {',
    replace: 'const given = markOf(record.votes, 0);\n  if (given && equalBytes(given.hash, hash)) {',
  }),
  bug('vote-not-kept', 'a vote is answered and not written down', {
    file: SETTLE,
    find: 'if (record !== before) writeSlot(batch, place, record);',
    replace: '',
  }),
  bug('ack-after-promise', 'a node acks below the round that it promised', {
    file: SLOT,
    find: 'if (round < record.promise) {\n    const late',
    replace: 'if (round < record.promise - 64) {\n    const late',
  }),
  bug('promise-not-kept', 'a report is given and its promise is not written down', {
    file: NODE_ROUNDS,
    find: 'return reported({ ...seen, promise: round, report }, report);',
    replace: 'return reported(seen, report);',
  }),
  bug('no-forced-votes', 'a proposal ignores what f+1 nodes voted for', {
    file: ROUNDS,
    find: "return strong.length > 0 ? { type: 'forced', hashes: byBytes(strong) } : { type: 'free' };",
    replace: "return strong.length < 0 ? { type: 'forced', hashes: byBytes(strong) } : { type: 'free' };",
  }),
  bug('locks-without-quorum', 'a report may invent its lock', {
    file: ROUNDS,
    find: '() => (lock === null ? done : verifyQuorum(context, lock)),',
    replace: '() => (lock === null || slot.round > 0 ? done : verifyQuorum(context, lock)),',
  }),
  bug('reports-unchecked', 'a proposal brings reports that nobody signed', {
    file: ROUNDS,
    find: 'return checkAll(...reports.map((report) => () => verifyReport(context, proposal, report)));',
    replace:
      'return reports.length > 0 ? done : checkAll(...reports.map((report) => () => verifyReport(context, proposal, report)));',
  }),
  bug(
    'credits-overwritten',
    'all credits of a payee have one cursor',
    {
      file: FINALS,
      find: 'const cursor = (count ? readNumber(count) : 0) + 1;',
      replace: 'const cursor = (count ? 0 : 0) + 1;',
    },
    whole,
  ),
  // Devices
  bug(
    'sign-before-persist',
    'a state is signed before its intent is durable',
    {
      file: APPEND,
      find: 'const written = await writeIntent(device, draft.value, options);',
      replace:
        'const { authority, hash } = draft.value.transition; if (authority) signMessage(device.suite, device.key.secretKey, authority.purpose, authority.message(hash)); const written = await writeIntent(device, draft.value, options);',
    },
    near('table'),
  ),
  bug(
    'journal-closed-early',
    'a Final that nobody was told of counts as delivered',
    {
      file: 'packages/wallet/src/directory/certify.ts',
      find: 'const recorded = await recordFinal(device, final, { delivered: false });',
      replace: 'const recorded = await recordFinal(device, final, { delivered: true });',
    },
    crashes('online'),
  ),
  bug(
    'credit-skipped',
    'the cursor moves on before the credit is noted',
    {
      file: 'packages/wallet/src/sync/credits.ts',
      find: 'const noted = final.ok ? await noteCredit(device, credit, final.value) : done;',
      replace: 'const noted = final.ok && credit.cursor < 2 ? await noteCredit(device, credit, final.value) : done;',
    },
    whole,
  ),
  bug(
    'total-not-kept',
    'a payee tells of a payment and does not keep the total',
    {
      file: 'packages/wallet/src/exchange/receive.ts',
      find: '...(counts ? await totalWrites(device, offer, used) : []),',
      replace: '',
    },
    whole,
  ),
  bug(
    'never-claims',
    'a sync passes over what is not claimed yet',
    {
      file: 'packages/wallet/src/sync/claims.ts',
      find: 'if (reservation.until > untilMs || ',
      replace: 'if (reservation.until > 0 || ',
    },
    whole,
  ),
  bug(
    'evidence-not-fetched',
    'a sync asks for no evidence against those whom the device deals with',
    {
      file: 'packages/wallet/src/sync/evidence.ts',
      find: 'for (const account of await knownAccounts(device)) {',
      replace: 'for (const account of (await knownAccounts(device)).slice(0, 0)) {',
    },
    whole,
  ),
  bug(
    'total-paid-twice',
    'a payee takes a total that it has seen before',
    {
      file: 'packages/wallet/src/exchange/judge.ts',
      find: 'if (facts.pay.total - seen !== facts.pay.amount) {',
      replace: 'if (facts.pay.total < 0n) {',
    },
    near('liars'),
  ),
  bug(
    'reserved-for-another',
    'an offer comes out of a reservation for somebody else',
    waved(OFFER, 'equalBytes(terms.value.payee, half.peer)'),
    near('liars'),
  ),
  bug(
    'graded-under-another-key',
    'a payment is graded although its reservation names another key of the payee, who cannot claim it',
    { file: AGREEMENT, find: 'equalKeys(payeeKey, accept.half.key),', replace: 'payeeKey.bytes.length > 0,' },
    near('liars'),
  ),
  bug(
    'appended-to-a-restored-half',
    'a restored device goes on with the halves of before',
    { file: HALF, find: 'base.index < restoredAt;', replace: 'base.index < 0 * restoredAt;' },
    near('restores'),
  ),
  bug(
    'restored-too-soon',
    'a restored device signs while what the lost one has signed can still be final',
    {
      file: 'packages/wallet/src/restore/date.ts',
      find: 'restoredAtMs + settleMs + gapMs + deltaMs',
      replace: 'restoredAtMs + 0 * settleMs + gapMs + deltaMs',
    },
    near('restores'),
  ),
  bug(
    'graded-too-late',
    'a payee takes a commit after E − margin as reserved',
    {
      file: 'packages/wallet/src/exchange/receive.ts',
      find: 'const counts = device.clock() < offer.goodUntil;',
      replace: 'const counts = device.clock() > 0;',
    },
    near('forgers'),
  ),
  bug(
    'commit-after-expiry',
    'a payer commits after the accept has expired',
    {
      file: 'packages/wallet/src/exchange/agreement.ts',
      find: 'if (now > accept.operation.window.until) return',
      replace: 'if (now < 0) return',
    },
    near('liars', 'hostile'),
  ),
  bug(
    'offer-above-funding',
    'an offer may be of more than was set aside',
    waved(OFFER, 'operation.total <= terms.value.funded'),
    near('liars'),
  ),
  bug('built-on-an-open-slot', 'an operation is begun upon one that is not final', {
    file: 'packages/wallet/src/chain/own.ts',
    find: '  const settled = await settleOwn(device);\n  if (!settled.ok) return explainUnsettled(settled);',
    replace:
      '  const settled = await settleOwn(device);\n  if (!settled.ok && settled.error.code === "E_DAMAGED") return explainUnsettled(settled);',
  }),
];
