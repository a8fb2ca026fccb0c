import {
  encodeFile,
  itemNames,
  stateHash,
  toHex,
  verifyFile,
  verifyProvenance,
  type Body,
  type BundleItem,
  type Certificate,
  type StateHash,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  claim,
  contextOf,
  forgeStep,
  fund,
  makeFundedDevice,
  mint,
  receive,
  seed,
  signItem,
  signTransfer,
  strictContext,
  transfer,
  windowNow,
  type CertifiedStep,
} from '../../../../tests/kit/index.ts';
import { bodyMutations } from '../support/chains.ts';
import { accept, fileOf, findItem, makeExchange, namesOf, pay, withItems, type TestFile } from '../support/exchange.ts';
import { codeOf, expectFailure, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange();
const { net, alice, bob, canteen, token, payer, payee, reservation } = exchange;
const { suite } = net;

mint(net, canteen, token, 500n);
receive(net, alice, transfer(net, canteen, alice.account, token, 40n));
transfer(net, alice, bob.account, token, 30n);
const second = fund(net, alice, bob, token, 100n);
const claims: CertifiedStep[] = [];
for (const amount of [100n, 50n, 25n]) {
  const step = pay(exchange, amount);
  accept(exchange, step);
  claims.push(claim(net, reservation, payer));
}
// Accepts of payments that came to something and of one that did not.
accept(exchange, pay(exchange, 1n), {}, [{ precommit: seed('first'), outcome: 'delivered' }]);
accept(exchange, pay(exchange, 1n));
accept(exchange, pay(exchange, 1n), {}, [{ precommit: seed('second'), outcome: 'void' }]);

const totals = claims.flatMap(({ items }) => items);
const fileTo = (tip: StateHash): TestFile<'chain'> =>
  fileOf(net, 'chain', { tip }, totals, (context) => verifyProvenance(context, tip));
const tipOf = (body: Body): TestFile<'chain'> => fileTo(stateHash(suite, body));

const files: readonly (readonly [string, TestFile<'chain'>, number, string | undefined])[] = [
  ['an identity', tipOf((findItem(net, itemNames.genesis(alice.identity)) as { body: Body }).body), 1, 'certified'],
  [
    'an account without a history',
    tipOf((findItem(net, itemNames.genesis(bob.account)) as { body: Body }).body),
    1,
    'certified',
  ],
  ['an issuer', tipOf(canteen.tip), canteen.tip.index + 1, 'certified'],
  ['an account', tipOf(alice.tip), alice.tip.index + 1, 'certified'],
  ['a vault that is just funded', tipOf(second.tip), 1, 'certified'],
  ['a vault with three claims', tipOf(reservation.tip), 4, 'certified'],
  ['the half of a payer', tipOf(payer.tip), payer.tip.index + 1, undefined],
  ['the half of a payee', tipOf(payee.tip), payee.tip.index + 1, undefined],
];

type CertificateItem = Extract<BundleItem, { type: 'certificate' }>;

const isCertificateOf = (chain: Uint8Array, item: BundleItem): boolean =>
  item.type === 'certificate' && toHex(item.certificate.chain) === toHex(chain);

describe.each(files)('CHN-13: %s', (_, file, states, grade) => {
  const { tip } = file.content;
  const verify = (items: readonly BundleItem[]) => verifyProvenance(strictContext(net, items), tip);
  const own = (
    nth(
      file.items.filter((item) => item.type === 'body'),
      0,
    ) as { body: Body }
  ).body.chain;
  /** Certificates of the chain's own states are the sender's choice; all else is needed. */
  const needed = file.items.filter((item) => !isCertificateOf(own, item));

  test('is proved from the network and its genesis on, with nothing surplus', () => {
    const found = expectOk(verify(file.items));
    expect([found.states, found.grade, stateHash(suite, found.tip)]).toEqual([states, grade, tip]);
    expect(verifyFile(suite, net.network, file.bytes)).toEqual({
      ok: true,
      kind: 'chain',
      findings: { states, grade },
    });
    expect(file.items.some(({ type }) => type === 'witness')).toBe(own.join() === reservation.vault.join());
  });

  test('every item is asked for by name', () => {
    for (const item of needed) {
      const [name] = namesOf(net, [item]);
      const { code, missing } = expectFailure(verify(file.items.filter((one) => one !== item)));
      const genesis = item.type === 'body' && item.body.index === 0 ? itemNames.genesis(item.body.chain) : name;
      expect(code, name).toBe('E_INCOMPLETE');
      expect([name, genesis], name).toEqual(expect.arrayContaining([nth(missing ?? [], 0)]));
    }
  });

  test('a changed body of the chain breaks a link, is not the successor or is missing', () => {
    const bodies = file.items.filter((item) => item.type === 'body' && item.body.chain.join() === own.join());
    for (const item of bodies as Extract<BundleItem, { type: 'body' }>[]) {
      for (const [field, body] of bodyMutations(item.body)) {
        const items = file.items.map((one): BundleItem => (one === item ? { type: 'body', body } : one));
        expect(codeOf(verify(items)), `${field} of ${item.body.index}`).not.toBe('ok');
      }
    }
  });
});

describe('CHN-13: what is missing is listed, all of it', () => {
  const [, account] = nth(files, 3);
  const verify = (items: readonly BundleItem[]) => verifyProvenance(strictContext(net, items), account.content.tip);

  test('operation, signature and policy of one state at once, and of several', () => {
    const gone = account.items.filter(({ type }) => type === 'signature' || type === 'policy');
    expect(gone.length).toBeGreaterThan(4);
    const { code, rule, missing } = expectFailure(verify(account.items.filter((item) => !gone.includes(item))));
    expect([code, rule]).toEqual(['E_INCOMPLETE', 'CHN-13']);
    expect([...(missing ?? [])].toSorted()).toEqual([...namesOf(net, gone)].toSorted());
  });

  test('nothing at hand: the tip', () => {
    expect(expectFailure(verify([])).missing).toEqual([itemNames.body(account.content.tip)]);
  });

  test('a gap in the chain: the body there, and what the states above it lack', () => {
    const bodies = account.items.filter(
      (item) => item.type === 'body' && item.body.chain.join() === alice.account.join(),
    );
    const middle = nth(bodies, 2);
    const signatures = account.items.filter(
      (item) => item.type === 'signature' && item.subject.join() === account.content.tip.join(),
    );
    const rest = account.items.filter((item) => item !== middle && !signatures.includes(item));
    const { missing } = expectFailure(verify(rest));
    expect([...(missing ?? [])].toSorted()).toEqual([...namesOf(net, [middle, ...signatures])].toSorted());
  });

  const ownOperations = new Set(
    account.items.flatMap((item) =>
      item.type === 'body' && item.body.index > 0 && item.body.chain.join() === alice.account.join()
        ? [itemNames.operation(item.body.op)]
        : [],
    ),
  );
  const independent = account.items.filter(
    (item) =>
      (item.type === 'signature' && item.purpose === 'state') || ownOperations.has(nth(namesOf(net, [item]), 0)),
  );

  property.prop([fc.subarray([...independent], { minLength: 1 })], { numRuns: 40 })(
    'any operations and signatures that are taken out together are listed together',
    (gone) => {
      const { missing = [] } = expectFailure(verify(account.items.filter((item) => !gone.includes(item))));
      expect([...missing].toSorted()).toEqual([...namesOf(net, gone)].toSorted());
    },
  );

  test('what a receive rests on is asked for although an earlier operation is missing', () => {
    const source = account.items.filter((item) => isCertificateOf(canteen.account, item));
    const first = nth(
      independent.filter((item) => item.type === 'operation'),
      0,
    );
    const gone = new Set([...source, first]);
    const { missing = [] } = expectFailure(verify(account.items.filter((item) => !gone.has(item))));
    expect(source.length).toBeGreaterThan(0);
    const certificates = missing.filter((name) => name.startsWith('certificate'));
    // The one whose receive is the missing operation cannot be named.
    expect(certificates.length).toBeGreaterThanOrEqual(source.length - 1);
  });

  test('a broken rule goes before a missing item', () => {
    const signature = nth(
      account.items.filter((item) => item.type === 'signature' && item.purpose === 'state'),
      0,
    );
    const policy = nth(
      account.items.filter((item) => item.type === 'policy'),
      0,
    );
    const broken = account.items.map((item): BundleItem => {
      const isOther = item.type === 'signature' && item.purpose === 'state' && item !== signature;
      return isOther ? { ...item, signature: new Uint8Array(2_420) } : item;
    });
    expect(codeOf(verify(broken.filter((item) => item !== signature)))).toBe('E_SIGNATURE CHN-12');
    expect(codeOf(verify(account.items.filter((item) => item !== policy)))).toBe('E_INCOMPLETE CHN-13');
  });
});

describe('CHN-13: the grade', () => {
  const [, account] = nth(files, 3);
  const without = (chain: Uint8Array, indexes: readonly number[]): readonly BundleItem[] =>
    account.items.filter(
      (item) =>
        !(isCertificateOf(chain, item) && item.type === 'certificate' && indexes.includes(item.certificate.index)),
    );
  const gradeOf = (items: readonly BundleItem[]) => {
    const verdict = verifyFile(suite, net.network, withItems(net, account, items));
    return verdict.ok ? verdict.findings.grade : verdict.error.code;
  };

  test('is certified by the certificate of the tip alone', () => {
    const tip = alice.tip.index;
    expect(gradeOf(account.items)).toBe('certified');
    expect(gradeOf(without(alice.account, [1, 2]))).toBe('certified');
    expect(gradeOf(without(alice.account, [tip]))).toBe('provisional');
    expect(gradeOf(without(alice.account, [1, 2, tip]))).toBe('provisional');
  });

  test('every certificate that came along is verified', () => {
    const good = findItem(net, itemNames.certificate(alice.account, 1)) as CertificateItem;
    const rival = findItem(net, itemNames.certificate(canteen.account, 1)) as CertificateItem;
    const { chain, index, receipts } = good.certificate;
    const others: readonly Certificate[] = [
      { ...good.certificate, receipts: receipts.slice(1) },
      { ...rival.certificate, chain, index },
    ];
    for (const certificate of others) {
      const items = without(alice.account, [1]);
      expect(gradeOf([...items, { type: 'certificate', certificate }])).toBe('E_CERTIFICATE');
    }
    expect(gradeOf([...without(alice.account, [1]), good])).toBe('certified');
  });

  test('an uncertified state above certified ones is provisional', () => {
    const step = signTransfer(net, { ...alice }, bob.account, token, 1n);
    const file = fileOf(net, 'chain', { tip: step.hash }, [], (context) => verifyProvenance(context, step.hash));
    expect(verifyFile(suite, net.network, file.bytes)).toMatchObject({ ok: true, findings: { grade: 'provisional' } });
  });
});

describe('CHN-13: refused', () => {
  const [, account] = nth(files, 3);
  const [, half] = nth(files, 6);

  test('CHN-4: a half that begins with an invented first state beside its real genesis', () => {
    const mallory = exchange.canteen;
    const genesis = nth(payer.states, 0).body;
    const invented = { ...genesis, root: seed('root') };
    const fake: Body = { ...payer.tip, index: 1, prev: stateHash(suite, invented) };
    const message = { network: net.network.id, chain: fake.chain, from: 1, to: 1, hash: stateHash(suite, fake) };
    const items: BundleItem[] = [
      ...half.items.filter((item) => item.type !== 'body' || item.body.chain.join() !== payer.chain.join()),
      { type: 'body', body: invented },
      { type: 'body', body: fake },
      signItem(net, mallory.key, 'state', stateHash(suite, fake), message),
      { type: 'body', body: genesis },
    ];
    const context = strictContext(net, items);
    for (const tip of [stateHash(suite, fake), stateHash(suite, invented)]) {
      const failure = expectFailure(verifyProvenance(context, tip));
      expect(failure.code).toMatch(/^E_(CHAIN|LINK)$/);
      const file = encodeFile(suite, 'chain', { tip }, items);
      expect(verifyFile(suite, net.network, file).ok).toBe(false);
    }
  });

  test('CHN-11: a state with a root or a window of its own, linked and signed by its owner', () => {
    const transfer = signTransfer(net, { ...alice }, bob.account, token, 1n);
    const { body } = transfer;
    for (const change of [{ root: seed('richer') }, { window: { ...body.window, until: body.window.until + 1 } }]) {
      const forged = { ...body, ...change };
      const hash = stateHash(suite, forged);
      const message = { network: net.network.id, chain: forged.chain, from: forged.index, to: forged.index, hash };
      const own: BundleItem[] = [{ type: 'body', body: forged }, signItem(net, alice.key, 'state', hash, message)];
      expect(codeOf(verifyProvenance(contextOf(net, own), hash))).toBe('E_LINK CHN-11');
    }
    expect(codeOf(verifyProvenance(contextOf(net, transfer.items), transfer.hash))).toBe('ok');
  });

  test('a rule that a state in the middle breaks, whoever signed it', () => {
    const poor = makeFundedDevice(net, 'poor', canteen, token, 10n);
    const operation = {
      type: 'transfer',
      window: windowNow(net),
      token,
      amount: 11n,
      to: bob.account,
      reference: null,
    } as const;
    const forged = forgeStep(net, poor, poor.key, { operation: { kind: 'account', operation } });
    expect(codeOf(verifyProvenance(contextOf(net, forged.items), forged.hash))).toBe('E_BALANCE VAL-6');
  });

  test('CHN-12: a state that its owner did not sign', () => {
    const step = signTransfer(net, { ...alice }, bob.account, token, 2n);
    const message = {
      network: net.network.id,
      chain: alice.account,
      from: step.body.index,
      to: step.body.index,
      hash: step.hash,
    };
    const context = contextOf(net, [...step.items, signItem(net, bob.key, 'state', step.hash, message)]);
    expect(codeOf(verifyProvenance(context, step.hash))).toBe('E_SIGNATURE CHN-12');
  });

  test('CHN-3: a state that names a state of another chain, or one that is not below it', () => {
    const { tip } = account.content;
    const top = alice.tip;
    const strays = [stateHash(suite, bob.tip), stateHash(suite, payer.tip)];
    for (const prev of strays) {
      const body = { ...top, prev };
      const hash = stateHash(suite, body);
      const context = contextOf(net, [{ type: 'body', body }]);
      expect(codeOf(verifyProvenance(context, hash))).toMatch(/^E_(LINK|CHAIN|NETWORK) CHN-3$/);
    }
    const jump = { ...top, index: top.index + 1 };
    expect(codeOf(verifyProvenance(contextOf(net, [{ type: 'body', body: jump }]), stateHash(suite, jump)))).toBe(
      'E_LINK CHN-3',
    );
    expect(codeOf(verifyProvenance(contextOf(net), tip))).toBe('ok');
  });

  test('an account that another identity made', () => {
    const stranger = net.items.get(itemNames.genesis(canteen.identity)) as BundleItem;
    const items = account.items.filter(
      (item) => item.type !== 'body' || item.body.kind !== 'identity' || item === stranger,
    );
    expect(codeOf(verifyProvenance(strictContext(net, items), account.content.tip))).toBe('E_INCOMPLETE CHN-13');
  });
});
