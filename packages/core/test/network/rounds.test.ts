import {
  chooseProposal,
  decodeWith,
  encodeWith,
  hashItem,
  isAllowed,
  LIMITS,
  proposalMessage,
  proposeAnswerCodec,
  proposeRequestCodec,
  reportCodec,
  reportMessage,
  roundOpensMs,
  roundOwner,
  roundProposalCodec,
  signMessage,
  startAnswerCodec,
  startRequestCodec,
  toHex,
  unsignedRoundProposalCodec,
  verifyProposal,
  verifyReport,
  verifyReports,
  voteRequestCodec,
  type Certificate,
  type ChainId,
  type Codec,
  type NetworkId,
  type Report,
  type RoundProposal,
  type StateHash,
  type UnsignedReport,
  type UnsignedRoundProposal,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certifyByAcks,
  entry,
  makeCertificate,
  makeDevice,
  makeNetwork,
  makeQuorum,
  seed,
  type TestNetwork,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectOk, flipByte, nth, spread } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const chain = seed('chain') as ChainId;
const place = { chain, index: 5 };
const [h, g, k] = ['h', 'g', 'k'].map((name) => seed(name) as StateHash) as [StateHash, StateHash, StateHash];

const quorums = new Map<string, Certificate>();
function quorumOf(hash: StateHash, round: number): Certificate {
  const name = `${hash.join()} ${round}`;
  const quorum = quorums.get(name) ?? makeQuorum(net, { ...place, hash }, round);
  quorums.set(name, quorum);
  return quorum;
}

const sign = (report: UnsignedReport, world: TestNetwork = net, signer = report.node): Report => ({
  ...report,
  signature: signMessage(world.suite, entry(world.nodeKeys, signer).secretKey, 'report', reportMessage(world, report)),
});
const report = (node: number, changes: Partial<UnsignedReport> = {}): Report =>
  sign({ ...place, round: 2, node, lock: null, vote: null, ...changes });
const slot = { ...place, round: 2 };
const check = (one: Report, at = slot): string => codeOf(verifyReport(net, at, one));

const unsigned = (hash: StateHash, reports: readonly Report[], round = 2): UnsignedRoundProposal => ({
  ...place,
  round,
  hash,
  reports,
});
const signProposal = (proposal: UnsignedRoundProposal, signer = roundOwner(net, proposal, proposal.round)) => ({
  ...proposal,
  signature: signMessage(suite, entry(net.nodeKeys, signer).secretKey, 'proposal', proposalMessage(net, proposal)),
});

describe('NET-24: owners and opening times of rounds', () => {
  test('rounds go round the nodes, from a place that the slot determines', () => {
    const digest = hashItem(suite, 'slot', [network.id, chain, 5]);
    const first = BigInt(`0x${toHex(digest.slice(0, 8))}`);
    for (let round = 1; round < 12; round++) {
      expect(roundOwner(net, place, round)).toBe(Number((first + BigInt(round)) % 4n));
    }
    const starts = Array.from({ length: 40 }, (_, index) => roundOwner(net, { chain, index }, 1));
    expect(new Set(starts).size).toBe(4);
  });

  test('waits double every n rounds', () => {
    const opens = [1, 2, 3, 4, 5, 7, 8, 9].map((round) => roundOpensMs(network, 1_000, round) - 1_000);
    const units = [1, 2, 3, 5, 7, 11, 15, 19];
    expect(opens).toEqual(units.map((unit) => unit * network.roundMs));
    expect(roundOpensMs(network, 7, 0)).toBe(7);
  });
});

describe('NET-26: reports', () => {
  test('survive the wire and verify: nothing said, a vote, a lock', () => {
    for (const one of [report(0), report(1, { vote: h }), report(3, { lock: quorumOf(g, 1), vote: h })]) {
      const back = expectOk(decodeWith(reportCodec, encodeWith(reportCodec, one), 'report'));
      expect(back).toEqual(one);
      expect(check(back)).toBe('ok');
    }
  });

  test('of another slot or round, or of round 0, are E_CERTIFICATE', () => {
    expect(check(report(0), { ...slot, index: 6 })).toBe('E_CERTIFICATE NET-26');
    expect(check(report(0), { ...slot, chain: seed('other') as ChainId })).toBe('E_CERTIFICATE NET-26');
    expect(check(report(0), { ...slot, round: 1 })).toBe('E_CERTIFICATE NET-26');
    expect(check(report(0, { round: 0 }), { ...slot, round: 0 })).toBe('E_CERTIFICATE NET-26');
  });

  test('nothing in them can be changed, and no other node or network can have signed them', () => {
    const one = report(1, { vote: h });
    expect(check({ ...one, vote: g })).toBe('E_SIGNATURE NET-26');
    expect(check({ ...one, vote: null })).toBe('E_SIGNATURE NET-26');
    expect(check({ ...one, node: 2 })).toBe('E_SIGNATURE NET-26');
    expect(check({ ...one, lock: quorumOf(h, 0) })).toBe('E_SIGNATURE NET-26');
    expect(check({ ...report(1, { lock: quorumOf(h, 0) }), lock: null })).toBe('E_SIGNATURE NET-26');
    expect(check(sign({ ...place, round: 2, node: 1, lock: null, vote: h }, net, 0))).toBe('E_SIGNATURE NET-26');
    const elsewhere = { ...net, network: { ...network, id: seed('elsewhere') as NetworkId } };
    expect(check(sign({ ...place, round: 2, node: 1, lock: null, vote: h }, elsewhere))).toBe('E_SIGNATURE NET-26');
    expect(check({ ...one, node: 9 })).toBe('E_CERTIFICATE NET-26');
  });

  test('a signature for another purpose is none', () => {
    const plain: UnsignedReport = { ...place, round: 2, node: 1, lock: null, vote: h };
    const { secretKey } = entry(net.nodeKeys, 1);
    for (const purpose of ['head', 'proposal', 'state'] as const) {
      const signature = signMessage(suite, secretKey, purpose, reportMessage(net, plain));
      expect(check({ ...plain, signature })).toBe('E_SIGNATURE NET-26');
    }
  });

  test('a lock is a quorum of votes of this slot and a lower round', () => {
    const lock = quorumOf(h, 1);
    expect(check(report(0, { lock: { ...lock, receipts: lock.receipts.slice(1) } }))).toBe('E_CERTIFICATE NET-6');
    expect(check(report(0, { lock: { ...lock, form: 'acks' } }))).toBe('E_CERTIFICATE NET-7');
    expect(check(report(0, { lock: { ...lock, hash: g } }))).toBe('E_CERTIFICATE NET-5');
    expect(check(report(0, { lock: { ...lock, index: 6 } }))).toBe('E_CERTIFICATE NET-26');
    expect(check(report(0, { lock: makeQuorum(net, { ...place, chain: seed('o') as ChainId, hash: h }) }))).toBe(
      'E_CERTIFICATE NET-26',
    );
    expect(check(report(0, { lock: quorumOf(h, 2) }))).toBe('E_CERTIFICATE NET-26');
    const surplus = makeCertificate(net, { form: 'votes', ...place, round: 1, hash: h }, [0, 1, 2, 3]);
    expect(check(report(0, { lock: surplus }))).toBe('E_SURPLUS NET-6');
  });
});

describe('NET-27: what reports allow', () => {
  type Said = readonly [vote: StateHash | null, lock?: readonly [StateHash, number]];
  const choose = (said: readonly Said[], world = network) =>
    chooseProposal(
      world,
      said.map(([vote, lock], node) => ({
        ...place,
        round: 9,
        node,
        vote,
        lock: lock ? { form: 'votes', ...place, hash: lock[0], round: lock[1], receipts: [] } : null,
      })),
    );

  test.each<[string, readonly Said[], readonly StateHash[] | null]>([
    ['nothing', [[null], [null], [null]], null],
    ['one vote each', [[h], [g], [null]], null],
    ['three different votes', [[h], [g], [k]], null],
    ['two votes for one', [[h], [g], [h]], [h]],
    ['all votes for one', [[h], [h], [h]], [h]],
    ['a lock against a vote for another', [[g], [null, [h, 0]], [null]], [h]],
    ['a lock against f + 1 votes for another', [[g], [g, [h, 0]], [g]], [h]],
    ['the higher of two locks', [[h, [h, 0]], [g, [g, 1]], [null]], [g]],
    ['the higher of two locks, whatever the order', [[g, [g, 3]], [h, [h, 2]], [h]], [g]],
    ['two locks of one round for one state', [[g, [h, 1]], [h, [h, 1]], [g]], [h]],
  ])('%s', (_, said, hashes) => {
    const choice = choose(said);
    expect(choice).toEqual(hashes ? { type: 'forced', hashes } : { type: 'free' });
    for (const state of [h, g, k]) {
      expect(isAllowed(choice, state)).toBe(hashes === null || hashes.includes(state));
    }
  });

  test('with n > 3f + 1 two states can have f + 1 votes: either', () => {
    const wide = makeNetwork(5).network;
    const choice = choose([[h], [g], [h], [g]], wide);
    expect(choice).toMatchObject({ type: 'forced' });
    expect([isAllowed(choice, h), isAllowed(choice, g), isAllowed(choice, k)]).toEqual([true, true, false]);
  });

  const split = [report(0, { vote: h }), report(1, { vote: g }), report(2, { vote: h }), report(3, { vote: g })];
  const of = (hash: StateHash, ...nodes: readonly number[]) =>
    codeOf(
      verifyReports(
        net,
        unsigned(
          hash,
          nodes.map((node) => nth(split, node)),
        ),
      ),
    );

  test('exactly q reports of different nodes in ascending order', () => {
    expect(of(h, 0, 1, 2)).toBe('ok');
    expect(of(g, 1, 2, 3)).toBe('ok');
    expect(of(h, 0, 2)).toBe('E_CERTIFICATE NET-27');
    expect(of(h, 0, 1, 2, 3)).toBe('E_SURPLUS NET-27');
    expect(of(h, 0, 2, 1)).toBe('E_CERTIFICATE NET-27');
    expect(of(h, 0, 0, 2)).toBe('E_CERTIFICATE NET-27');
    expect(of(h, 0, 2, 2)).toBe('E_CERTIFICATE NET-27');
  });

  test('the state must be one that they allow', () => {
    expect(of(g, 0, 1, 2)).toBe('E_CERTIFICATE NET-27');
    expect(of(k, 1, 2, 3)).toBe('E_CERTIFICATE NET-27');
  });

  test('each report is checked', () => {
    const forged = { ...nth(split, 2), vote: g };
    expect(codeOf(verifyReports(net, unsigned(g, [nth(split, 0), nth(split, 1), forged])))).toBe('E_SIGNATURE NET-26');
    const stale = report(2, { round: 1, vote: h });
    expect(codeOf(verifyReports(net, unsigned(h, [nth(split, 0), nth(split, 1), stale])))).toBe('E_CERTIFICATE NET-26');
  });
});

describe('NET-28: proposals', () => {
  const reports = [report(0, { vote: h }), report(1), report(3, { vote: h })];
  const proposal: RoundProposal = signProposal(unsigned(h, reports));

  test('survive the wire and verify', () => {
    const bytes = encodeWith(roundProposalCodec, proposal);
    expect(codeOf(verifyProposal(net, expectOk(decodeWith(roundProposalCodec, bytes, 'proposal'))))).toBe('ok');
  });

  test('only the owner of the round signs them, and all of it', () => {
    const owner = roundOwner(net, place, 2);
    for (const other of [0, 1, 2, 3].filter((node) => node !== owner)) {
      expect(codeOf(verifyProposal(net, signProposal(unsigned(h, reports), other)))).toBe('E_SIGNATURE NET-28');
    }
    expect(codeOf(verifyProposal(net, { ...proposal, hash: g }))).toBe('E_SIGNATURE NET-28');
    expect(codeOf(verifyProposal(net, { ...proposal, round: 3 }))).toBe('E_SIGNATURE NET-28');
    expect(codeOf(verifyProposal(net, { ...proposal, index: 6 }))).toBe('E_SIGNATURE NET-28');
    const others = [...reports.slice(0, 2), report(2, { vote: h })];
    expect(codeOf(verifyProposal(net, { ...proposal, reports: others }))).toBe('E_SIGNATURE NET-28');
  });

  test('what the reports do not allow is refused although the owner signed it', () => {
    expect(codeOf(verifyProposal(net, signProposal(unsigned(g, reports))))).toBe('E_CERTIFICATE NET-27');
    expect(codeOf(verifyProposal(net, signProposal(unsigned(h, reports.slice(1)))))).toBe('E_CERTIFICATE NET-27');
  });
});

describe('NET-13: requests and answers of rounds', () => {
  const reports = [report(0, { vote: h }), report(1, { lock: quorumOf(g, 1) }), report(3)];
  const proposal: RoundProposal = signProposal(unsigned(g, reports));
  const fork = { ...place, first: h, second: g };
  const { items } = { items: makeDevice(net, 'alice').card };
  const certificate = certifyByAcks(net, { ...place, hash: g }, 2);
  const codec = <T>(of: Codec<T>, value: T): [Codec<unknown>, unknown] => [of, value];

  test.each<[string, [Codec<unknown>, unknown]]>([
    ['StartRequest', codec(startRequestCodec(suite), { ...slot, state: h, fork: null, items })],
    ['StartRequest with a fork', codec(startRequestCodec(suite), { ...slot, state: h, fork, items: [] })],
    ['StartAnswer, a report', codec(startAnswerCodec, { type: 'report', report: report(2) })],
    ['StartAnswer, a Final', codec(startAnswerCodec, { type: 'final', certificate })],
    ['ProposeRequest', codec(proposeRequestCodec(suite), { ...unsigned(g, reports), items })],
    ['ProposeAnswer, a proposal', codec(proposeAnswerCodec, { type: 'proposal', proposal })],
    ['ProposeAnswer, a Final', codec(proposeAnswerCodec, { type: 'final', certificate })],
    ['VoteRequest', codec(voteRequestCodec(suite), { proposal, items })],
  ])('%s survives the wire, in one form only', (_, [of, value]) => {
    const bytes = encodeWith(of, value);
    expect(expectOk(decodeWith(of, bytes, 'message'))).toEqual(value);
    // A changed byte is refused or is another message, never another form of the same.
    const changed = spread(bytes.length, 60).map((at) => flipByte(bytes, at));
    const forms = changed.map((one) => {
      const back = decodeWith(of, one, 'message');
      return back.ok ? encodeWith(of, back.value) : one;
    });
    expect(forms.map(toHex)).toEqual(changed.map(toHex));
  });

  test('a proposal has at least one report and at most one a node', () => {
    const many = Array.from({ length: LIMITS.networkNodes + 1 }, () => nth(reports, 0));
    for (const given of [[], many]) {
      const bytes = encodeWith(unsignedRoundProposalCodec, unsigned(g, given));
      expect(codeOf(decodeWith(unsignedRoundProposalCodec, bytes, 'proposal'))).toBe('E_LIMIT ENC-2');
    }
  });
});
