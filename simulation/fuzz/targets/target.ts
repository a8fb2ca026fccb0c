/** What is fuzzed: a function of bytes, the genuine inputs that it is given first, and what must hold of its answer. */
import {
  decodeFailure,
  decodeWith,
  encodeFailure,
  encodeWith,
  equalBytes,
  evidenceFrom,
  indexItems,
  isErrorCode,
  bundleCodec,
  record,
  type BundleItem,
  type Codec,
  type Context,
  type Failure,
  type Result,
} from '@dsm/core';
import { usedItems, type World } from '../seeds/world.ts';

/** A property that does not hold: the input is a finding. */
export class Violation extends Error {}

/** What became of an input. */
export interface Outcome {
  readonly accepted: boolean;
  /** Outcomes of one mark take one way through the code: code, rule, and the message without its numbers. */
  readonly mark: string;
}

/** Inputs of about a wanted size in bytes. */
export interface Shape {
  readonly name: string;
  readonly make: (size: number) => Uint8Array;
}

export interface Target {
  /** As the function is exported; `face.name` where it is not of core. */
  readonly name: string;
  readonly input: 'item' | 'text';
  readonly seeds: readonly Uint8Array[];
  readonly run: (input: Uint8Array) => Outcome | Promise<Outcome>;
  /** One call costs milliseconds: it gets fewer of them. */
  readonly isSlow?: boolean;
  /** Longest input that is handed on at all. */
  readonly maxBytes?: number;
  /** Shapes that only this target has. */
  readonly shapes?: readonly Shape[];
}

export const ACCEPTED: Outcome = { accepted: true, mark: 'ok' };

const RULE = /^[A-Z]{3}-\d+$/;

/** From the first quote to the last: what is quoted may have quotes in it. */
function withoutQuoted(message: string): string {
  const [first, last] = [message.indexOf('"'), message.lastIndexOf('"')];
  return first < 0 ? message : `${message.slice(0, first)}""${first < last ? message.slice(last + 1) : ''}`;
}

/** Numbers, ids and quoted text differ from input to input and tell nothing. */
export const generalise = (message: string): string =>
  withoutQuoted(message)
    .replaceAll(/[0-9a-f]{16,}/g, 'X')
    .replaceAll(/\d+/g, 'N')
    .slice(0, 120);

function examineFailure(failure: Failure): Outcome {
  const { code, rule, message } = failure;
  if (!isErrorCode(code)) throw new Violation(`unknown code ${String(code)}`);
  if (code === 'E_INTERNAL') throw new Violation(`a defect is admitted: ${rule} ${message}`);
  if (!RULE.test(rule)) throw new Violation(`no rule: ${rule}`);
  const sent = decodeFailure(encodeFailure(failure));
  if (!sent.ok || sent.value.code !== code || sent.value.rule !== rule) {
    throw new Violation(`the failure cannot be sent: ${message}`);
  }
  return { accepted: false, mark: `${code} ${rule} ${generalise(message)}` };
}

/** Most failures say what others said. */
const examined = new Map<string, Outcome>();
const EXAMINED_ENTRIES = 20_000;

/** A failure as a caller may rely on it: a known code, a rule, and a form that a node can send and a client read. */
export function judgeFailure(failure: Failure): Outcome {
  if (failure.missing || failure.evidence) return examineFailure(failure);
  const key = `${failure.code} ${failure.rule} ${failure.message}`;
  const known = examined.get(key);
  if (known) return known;
  const outcome = examineFailure(failure);
  if (examined.size < EXAMINED_ENTRIES) examined.set(key, outcome);
  return outcome;
}

export const judge = (result: Result<unknown>): Outcome => (result.ok ? ACCEPTED : judgeFailure(result.error));

/** The same for answers that are no results: a value or nothing. */
export const judgeValue = (value: unknown): Outcome =>
  value === undefined || value === false ? { accepted: false, mark: 'no' } : ACCEPTED;

/** So that a write to a part of the input is an exception. Byte strings cannot be frozen; they are compared after. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}

/** Decoded and accepted, hence encoded again to the same bytes. */
export function requireCanonical<T>(codec: Codec<T>, value: T, bytes: Uint8Array, when: string): void {
  if (!equalBytes(encodeWith(codec, value), bytes)) throw new Violation(`encoded otherwise ${when}`);
}

/** A codec of core. */
export const codecTarget = <T>(name: string, codec: Codec<T>, values: readonly T[]): Target => ({
  name,
  input: 'item',
  seeds: values.map((value) => encodeWith(codec, value)),
  run: (bytes) => {
    const decoded = decodeWith(codec, bytes, 'input');
    if (decoded.ok) requireCanonical(codec, decoded.value, bytes, 'after decoding');
    return judge(decoded);
  },
});

/** A function of decoded arguments that may fail and must leave them alone. */
export const argumentTarget = <A>(
  name: string,
  codec: Codec<A>,
  values: readonly A[],
  call: (value: A) => Outcome,
): Target => ({
  name,
  input: 'item',
  seeds: values.map((value) => encodeWith(codec, value)),
  run: (bytes) => {
    const decoded = decodeWith(codec, bytes, 'input');
    // Which field was wrong is what the codecs themselves are fuzzed for.
    if (!decoded.ok) return { ...judge(decoded), mark: `undecodable ${decoded.error.code}` };
    const outcome = call(freeze(decoded.value));
    requireCanonical(codec, decoded.value, bytes, 'after the call');
    return outcome;
  },
});

/** One genuine subject, and the items that only it has. */
export type Case<S> = readonly [subject: S, own: readonly BundleItem[]];

/** A verifier of a subject over a bundle; its genuine inputs carry exactly what it uses. */
export function verifierTarget<S>(
  world: World,
  name: string,
  codec: Codec<S>,
  cases: readonly Case<S>[],
  verify: (context: Context, subject: S) => Result<unknown>,
): Target {
  const { suite, network } = world.net;
  const args = record<{ subject: S; items: readonly BundleItem[] }>({ subject: codec, items: bundleCodec(suite) });
  const values = cases.map(([subject, own]) => ({
    subject,
    items: usedItems(world, own, (context) => verify(context, subject)),
  }));
  return argumentTarget(name, args, values, ({ subject, items }) => {
    const byName = indexItems(suite, items);
    const evidence = evidenceFrom((item) => byName.get(item));
    return judge(verify({ suite, network, evidence }, subject));
  });
}

/** A function of text. */
export const textTarget = (name: string, texts: readonly string[], call: (text: string) => Outcome): Target => ({
  name,
  input: 'text',
  seeds: texts.map((text) => new TextEncoder().encode(text)),
  run: (bytes) => call(new TextDecoder().decode(bytes)),
});
