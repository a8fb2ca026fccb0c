import { cannotExist, equalBytes, standOf, stateHash, toHex, type Body, type StateHash } from '@dsm/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entry, makeNetwork, suite, type TestNetwork } from '../../../../tests/kit/index.ts';
import { counter, input, turns } from '../support/machines.ts';
import { codeOf, expectOk } from '../support/results.ts';
import {
  decline,
  lineOf,
  makeGroup,
  openSteps,
  propose,
  sign,
  stateOf,
  take,
  tell,
  tellAll,
  type Group,
  type Party,
  type Told,
} from '../support/strands.ts';

/** Signatures that cost nothing: here only who signed what matters. */
const cheap = (): TestNetwork => {
  const mark = (key: Uint8Array, purpose: string, message: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(2_420);
    signature.set(
      suite.hash(
        'test-signature',
        new Uint8Array([...key.slice(0, 32), ...purpose.split('').map((c) => c.charCodeAt(0)), ...message]),
      ),
    );
    return signature;
  };
  const keys = new Map<string, Uint8Array>();
  return makeNetwork(
    4,
    {},
    {
      ...suite,
      signatureKeyPair: (algorithm, from) => {
        const pair = suite.signatureKeyPair(algorithm, from);
        keys.set(toHex(pair.secretKey.bytes), pair.publicKey.bytes);
        return pair;
      },
      sign: (secret, purpose, message) => mark(keys.get(toHex(secret.bytes)) as Uint8Array, purpose, message),
      verify: (key, purpose, message, signature) => equalBytes(mark(key.bytes, purpose, message), signature),
    },
  );
};

/** One thing that happens: somebody acts, or a message that was told once arrives somewhere (again). */
interface Event {
  readonly kind: 'act' | 'propose' | 'decline' | 'build' | 'hear' | 'hear again';
  readonly who: number;
  readonly which: number;
}

const events = fc.array(
  fc.record<Event>({
    kind: fc.constantFrom(
      'act',
      'act',
      'act',
      'propose',
      'decline',
      'build',
      'hear',
      'hear',
      'hear',
      'hear',
      'hear again',
    ),
    who: fc.nat(100),
    which: fc.nat(1_000),
  }),
  { minLength: 30, maxLength: 90 },
);

/** What became of the honest parties: their lines are prefixes of one another. */
function expectOneLine(parties: readonly Party[]): void {
  const lines = parties.map(lineOf).toSorted((a, b) => a.length - b.length);
  const longest = lines.at(-1) ?? [];
  for (const line of lines) expect(longest.slice(0, line.length)).toEqual(line);
}

/** `among`: positions of those to whom things happen; the pool is what they were ever told. */
async function act(
  group: Group,
  pool: Told[],
  { kind, who, which }: Event,
  among: readonly number[] = [...group.parties.keys()],
): Promise<string> {
  const position = entry(among, who % among.length);
  const party = entry(group.parties, position);
  const open = openSteps(party);
  const chosen = open[which % Math.max(open.length, 1)];
  const value = input((which % 9) + 1);
  const answer = await run();
  if (answer === 'ok' && !kind.startsWith('hear')) pool.push(tell(group, party));
  return answer;

  async function run(): Promise<string> {
    switch (kind) {
      case 'act':
        if (chosen) return codeOf(await sign(group, position, chosen.hash));
        return isWaiting(party) ? 'nothing' : codeOf(await propose(group, position, { input: value }));
      case 'propose':
        return codeOf(await propose(group, position, { input: value }));
      case 'build':
        return chosen ? codeOf(await propose(group, position, { input: value, after: chosen.hash })) : 'nothing';
      case 'decline':
        return chosen && which % 3 === 0 ? codeOf(await decline(group, position, chosen.hash)) : 'nothing';
      case 'hear':
      case 'hear again': {
        const back = kind === 'hear' ? which % 4 : which;
        const told = pool[pool.length - 1 - (back % Math.max(pool.length, 1))];
        return told ? codeOf(await take(group, position, told)) : 'nothing';
      }
    }
  }
}

/** It has signed a step that may still come to exist. */
const isWaiting = ({ view, position }: Party): boolean =>
  [...view.steps.values()].some(
    (step) =>
      step.record.number > view.head.number && standOf(view, position, step) === 'signed' && !cannotExist(view, step),
  );

describe('MCH-13: messages in any order, lost and repeated', () => {
  test('lead all parties to the same steps', async () => {
    let deepest = 0;
    const heads = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(2, 2, 3, 3, 4, 5, 8), events, async (size, script) => {
        const group = await makeGroup(cheap(), counter, size);
        const pool: Told[] = [];
        for (const event of script) {
          const answer = await act(group, pool, event);
          // What honest parties told is never refused, whatever else was lost.
          if (event.kind.startsWith('hear') && !/^(ok|nothing)$/.test(answer))
            throw new Error(`${event.kind}: ${answer}`);
          expectOneLine(group.parties);
        }
        await tellAll(group);
        const [first, ...others] = group.parties.map(lineOf);
        for (const line of others) expect(line).toEqual(first);
        for (const party of group.parties) expect(stateOf(party)).toEqual(stateOf(entry(group.parties, 0)));
        deepest = Math.max(deepest, first?.length ?? 0);
        heads.add(first?.length ?? 0);
      }),
      { numRuns: 40, seed: 4 },
    );
    // Else nothing was tested.
    expect(deepest).toBeGreaterThan(2);
    expect(heads.size).toBeGreaterThan(2);
  });

  test('also where only the one whose turn it is signs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), fc.array(fc.nat(4), { maxLength: 20 }), async (size, script) => {
        const group = await makeGroup(cheap(), turns, size);
        let number = 0;
        for (const who of script) {
          const position = who % size;
          const mover = entry(group.parties, number % size);
          expect(codeOf(await propose(group, mover.position, { operation: 'move', input: input(number) }))).toBe('ok');
          number += 1;
          // The one who moves next has to hear of it, others may or may not.
          for (const to of new Set([number % size, position])) {
            if (to !== mover.position) expectOk(await take(group, to, tell(group, mover)));
          }
        }
        await tellAll(group);
        for (const party of group.parties) expect(lineOf(party)).toHaveLength(script.length);
        expectOneLine(group.parties);
      }),
      { numRuns: 12, seed: 4 },
    );
  });
});

describe('MCH-14: two steps of one number', () => {
  /** A party that does not keep its word: it has two copies of its home, and each acts honestly on what it knows. */
  const twin = ({ parties, ...group }: Group): Group => {
    const [liar, ...others] = parties as [Party, ...Party[]];
    const copy = { ...liar, strand: { ...liar.strand }, held: new Map(liar.held), states: new Map(liar.states) };
    return { ...group, parties: [copy, ...others] };
  };

  test('need a party that signed two states at one index, and it is found out', async () => {
    let divided = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(3, 5), events, events, async (size, first, second) => {
        const one = await makeGroup(cheap(), counter, size);
        const other = twin(one);
        // Half of the honest speak with the one copy only, half with the other.
        const positions = [...one.parties.keys()].slice(1);
        const sides = [0, 1].map((side) => positions.filter((position) => position % 2 === side).concat(0));
        for (const [side, script] of [first, second].entries()) {
          const pool: Told[] = [];
          for (const event of script) await act(side === 0 ? one : other, pool, event, entry(sides, side));
        }
        const honest = one.parties.slice(1);
        if (isOneLine(honest)) return;
        divided += 1;
        expect(signedTwice(one, entry(one.parties, 0), entry(other.parties, 0), honest)).toBe(true);
        const lines = honest.map(lineOf);
        const speaker = entry(
          honest,
          lines.findIndex((line) => line.join() !== entry(lines, 0).join()),
        );
        const answers = honest.map(async ({ position }) => codeOf(await take(one, position, tell(one, speaker))));
        expect(await Promise.all(answers)).toContain('E_FORK MCH-13');
      }),
      { numRuns: 24, seed: 7 },
    );
    expect(divided).toBeGreaterThan(3);
  });

  const isOneLine = (parties: readonly Party[]): boolean => {
    const lines = parties.map(lineOf);
    const longest = lines.reduce((a, b) => (a.length > b.length ? a : b));
    return lines.every((line) => line.every((hash, i) => hash === longest[i]));
  };

  /** Two of the honest hold different states of the liar's strand at one index. */
  function signedTwice({ net }: Group, liar: Party, copy: Party, honest: readonly Party[]): boolean {
    const chain = toHex(liar.strand.chain);
    expect(toHex(copy.strand.chain)).toBe(chain);
    const paths = honest.map((party) => pathOf(net, party.held.get(chain)?.body));
    return paths.some((a) => paths.some((b) => a.some((hash, i) => b[i] !== undefined && b[i] !== hash)));
  }

  function pathOf(net: TestNetwork, tip: Body | undefined): readonly string[] {
    const path: string[] = [];
    let body = tip;
    while (body) {
      const hash: StateHash = stateHash(net.suite, body);
      path.unshift(toHex(hash));
      const below = body.index > 0 ? net.items.get(`body ${toHex(body.prev)}`) : undefined;
      body = below?.type === 'body' ? below.body : undefined;
    }
    return path;
  }
});

test('MCH-13: what is refused changes nothing', async () => {
  const group = await makeGroup(makeNetwork(), counter, 3);
  const [a, b] = group.parties as [Party, Party];
  expect(codeOf(await propose(group, 0, { input: input(1) }))).toBe('ok');
  const told = tell(group, a);
  const before = { ...b, held: new Map(b.held), states: new Map(b.states) };
  const wrong = told.steps.map((step) => ({ ...step, expiresAt: step.expiresAt + 1 }));
  expect(codeOf(await take(group, 1, { ...told, steps: wrong }))).toBe('E_INCOMPLETE MCH-12');
  expect(b).toEqual(before);
  expect(entry(told.steps, 0).prev).toEqual(group.id);
});
