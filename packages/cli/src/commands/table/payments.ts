/** Commands that move value. */
import { NETWORK, OUT, type CommandSpec, type Section, type OptionSpec } from '../../spec.ts';

const ORDER: OptionSpec = { flags: '--order <ref>', description: 'your reference, at most 64 bytes' };
const EXPIRES: OptionSpec = { flags: '--expires <duration>', description: 'how long it stays open (default 24h)' };
const COMPACT: OptionSpec = { flags: '--compact', description: 'leave out what the other side holds already' };
const PAYEE = { name: 'a contact', amount: 'in token units, as 7.50', symbol: 'a token, as MEAL or MEAL@1f0c…' };

const SPECS: readonly CommandSpec[] = [
  {
    usage: 'token create <symbol>',
    summary: 'Create a token that this wallet, and nobody else, issues.',
    example: 'dsm token create MEAL --decimals 2 --max 100000',
    args: { symbol: '1 to 12 of A-Z, 0-9 and the point' },
    options: [
      { flags: '--decimals <n>', description: 'digits after the point, 0 to 18', required: true },
      { flags: '--max <amount>', description: 'most token units that can ever be issued', required: true },
      { flags: '--not-transferable', description: 'holders pay it to this wallet only, and to nobody else' },
      {
        flags: '--until <when>',
        description: 'a time or a duration; from then on it only goes back (default: for ever)',
      },
      { flags: '--approvers <names>', description: 'contacts, or your own name: who must approve what is issued' },
      { flags: '--threshold <n>', description: 'how many of them (default: all)' },
    ],
    run: async (call) => (await import('../tokens.ts')).createTokenCommand(call),
  },
  {
    usage: 'token mint <symbol> <amount>',
    summary: 'Issue an amount of a token of your own into your balance.',
    example: 'dsm token mint MEAL 1000',
    args: { symbol: PAYEE.symbol, amount: PAYEE.amount },
    options: [{ flags: '--approvals <files>', description: 'approved proposals, with commas between them' }],
    run: async (call) => (await import('../tokens.ts')).mintCommand(call),
  },
  {
    usage: 'token burn <symbol> <amount>',
    summary: 'Destroy an amount of a token of your own: what came back, for example.',
    example: 'dsm token burn MEAL 120',
    args: { symbol: PAYEE.symbol, amount: PAYEE.amount },
    run: async (call) => (await import('../tokens.ts')).burnCommand(call),
  },
  {
    usage: 'token propose <symbol> <amount>',
    summary: 'Ask the approvers of a token for an amount to be issued.',
    example: 'dsm token propose CLUB 500 --out 500.dsm',
    args: { symbol: PAYEE.symbol, amount: PAYEE.amount },
    options: [OUT],
    run: async (call) => (await import('../tokens.ts')).proposeCommand(call),
  },
  {
    usage: 'token approve <file>',
    summary: 'Approve what is to be issued: the total that the answer names, and not more.',
    example: 'dsm token approve 500.dsm --out approved.dsm --home ann',
    args: { file: 'a proposal' },
    options: [OUT],
    run: async (call) => (await import('../tokens.ts')).approveCommand(call),
  },
  {
    usage: 'pay <name> <amount> <symbol>',
    summary: 'Pay through the network: certified, final for everybody.',
    example: 'dsm pay till 10 MEAL',
    args: PAYEE,
    options: [ORDER],
    run: async (call) => (await import('../pay.ts')).pay(call),
  },
  {
    usage: 'sync',
    summary: 'Exchange everything open with the nodes: submit, receive, claim, fetch evidence.',
    example: 'dsm sync',
    run: async (call) => (await import('../sync.ts')).syncCommand(call),
  },
  {
    usage: 'unlock [chain]',
    summary: 'Have the nodes decide what is stuck: a payment that ran out of time, or one of two that were signed.',
    example: 'dsm unlock',
    args: { chain: 'your account, a reservation or the account of a payer; without it all of them' },
    options: [{ flags: '--wait <duration>', description: 'how long to wait for rounds of voting (default 2m)' }],
    run: async (call) => (await import('../unlock.ts')).unlockCommand(call),
  },
  {
    usage: 'keep',
    summary: 'Stay and claim by itself what was received out of reservations, and warn when it cannot.',
    example: 'dsm keep --home till',
    run: async (call) => (await import('../keep.ts')).keep(call),
  },
  {
    usage: 'reserve <name> <amount> <symbol>',
    summary: 'Set an amount aside for one contact, who then takes payments out of it offline as final.',
    example: 'dsm reserve till 20 MEAL --until 7d',
    args: PAYEE,
    options: [
      { flags: '--until <when>', description: 'a time or a duration (default 30d); until then it stays aside' },
    ],
    run: async (call) => (await import('../reservations.ts')).reserveCommand(call),
  },
  {
    usage: 'close <name>',
    summary: 'Give back to a contact what it has set aside for you; what you were paid out of it is claimed first.',
    example: 'dsm close alice --home till',
    args: { name: 'the contact who set it aside' },
    run: async (call) => (await import('../reservations.ts')).closeCommand(call),
  },
  {
    usage: 'anchor <hash>',
    summary:
      'Have the nodes certify 32 bytes of your own on your account: which, and in which order. They see the bytes.',
    example: 'dsm anchor 5b1e…',
    args: { hash: '64 hexadecimal digits, the hash of something' },
    run: async (call) => (await import('../anchor.ts')).anchorCommand(call),
  },
  {
    usage: 'release <name>',
    summary: 'Take back what is left of expired reservations for a contact.',
    example: 'dsm release till',
    args: { name: 'a contact' },
    run: async (call) => (await import('../reservations.ts')).releaseCommand(call),
  },
  {
    usage: 'claim',
    summary: 'Write a signed claim of what was received out of reservations, for anybody to carry to the nodes.',
    example: 'dsm claim --out till.claim --home till',
    options: [OUT, { flags: '--reservation <id>', description: 'without it the one that ends first' }],
    run: async (call) => (await import('../claims.ts')).claimCommand(call),
  },
  {
    usage: 'submit <file>',
    summary: 'Carry a claim to the nodes; needs no wallet.',
    example: 'dsm submit till.claim --network net/network.json',
    args: { file: 'a claim file' },
    options: [NETWORK],
    run: async (call) => (await import('../claims.ts')).submitCommand(call),
  },
  {
    usage: 'offer <name> <amount> <symbol>',
    summary:
      'Offer a payment by a file, or make all of it with a till that listens: out of a reservation, or provisional.',
    example: 'dsm offer till 7.50 MEAL --order table-4 --out 1.dsm',
    args: PAYEE,
    options: [
      { flags: OUT.flags, description: OUT.description },
      {
        flags: '--to <host:port>',
        description: 'where the payee listens, instead of a file: encrypted, all turns at once',
      },
      { flags: '--provisional', description: 'straight from the balance: may be taken back until certified' },
      ORDER,
      EXPIRES,
      COMPACT,
    ],
    run: async (call) => (await import('../exchange.ts')).offerCommand(call),
  },
  {
    usage: 'listen',
    summary: 'Stay and take payments over encrypted links, from contacts; claim them while the network is there.',
    example: 'dsm listen --port 4470 --home till',
    options: [
      { flags: '--port <n>', description: 'default 4470; 0 for any that is free' },
      { flags: '--host <address>', description: 'of this machine (default: all of its addresses)' },
      { flags: '--introduce', description: 'let in strangers too, and keep their cards under their own names' },
      { flags: '--announce', description: 'let others on the local network find it' },
    ],
    run: async (call) => (await import('../link.ts')).listenCommand(call),
  },
  {
    usage: 'accept <file>',
    summary: 'Accept an offer, if the policy allows it.',
    example: 'dsm accept 1.dsm --out 2.dsm',
    args: { file: 'an offer' },
    options: [OUT, EXPIRES, COMPACT],
    run: async (call) => (await import('../exchange.ts')).acceptCommand(call),
  },
  {
    usage: 'commit <file>',
    summary: 'Sign the payment that was accepted or requested; from here on it is paid.',
    example: 'dsm commit 2.dsm --out 3.dsm',
    args: { file: 'an accept or a request' },
    options: [OUT, COMPACT],
    run: async (call) => (await import('../exchange.ts')).commitCommand(call),
  },
  {
    usage: 'receive <file>',
    summary: 'Take a committed payment and say with which grade.',
    example: 'dsm receive 3.dsm --out 4.dsm',
    args: { file: 'a commit' },
    options: [{ flags: OUT.flags, description: 'where to write an acknowledgement for the payer' }, COMPACT],
    run: async (call) => (await import('../exchange.ts')).receiveCommand(call),
  },
  {
    usage: 'ack <file>',
    summary: 'Note the acknowledgement of a payment.',
    example: 'dsm ack 4.dsm',
    args: { file: 'an acknowledgement' },
    run: async (call) => (await import('../exchange.ts')).ackCommand(call),
  },
  {
    usage: 'request <name> <amount> <symbol>',
    summary:
      "Ask for a payment that needs only the payer's commit: two turns instead of three. It holds until it expires.",
    example: 'dsm request alice 2.50 MEAL --order coffee --out r.dsm --home till',
    args: { ...PAYEE, name: 'the contact who pays' },
    options: [OUT, ORDER, EXPIRES, COMPACT],
    run: async (call) => (await import('../exchange.ts')).requestCommand(call),
  },
  {
    usage: 'cancel <payment>',
    summary: 'Abandon a payment of your own that is not committed yet.',
    example: 'dsm cancel 5f0e…',
    args: { payment: 'its id, as the answer to offer or history shows it' },
    run: async (call) => (await import('../exchange.ts')).cancelCommand(call),
  },
  {
    usage: 'refund <payment> [amount]',
    summary: 'Start a payment back that names the original.',
    example: 'dsm refund 5f0e… 2.50 --out back.dsm',
    args: { payment: 'the payment that was received', amount: 'in token units; without it all of it' },
    options: [
      OUT,
      { flags: '--provisional', description: 'straight from the balance: may be taken back until certified' },
      EXPIRES,
      COMPACT,
    ],
    run: async (call) => (await import('../exchange.ts')).refundCommand(call),
  },
];

export const PAYMENT_SECTION: Section = {
  heading: 'Payments',
  groups: {
    token: 'Create tokens and issue them.',
  },
  specs: SPECS,
};
