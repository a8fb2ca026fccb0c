/**
 * All inputs of up to three bytes: 1 + 2^8 + 2^16 + 2^24 = 16,843,009.
 *
 * Each goes through `decodeItem`, and each that it accepts through every target that reads items. That covers every
 * decoder of core: each of them is `decodeItem` followed by a function of the item alone (`decodeWith`, `decodeFile`,
 * `decodeFileOf`, `decodeFailure`), and answers the failure of `decodeItem` as it stands. So for bytes that `decodeItem`
 * refuses all of them answer the same, and for those that it accepts each is called here. The one other thing that
 * `decodeItem` looks at is the bound on the length; the smallest bound in use is far above three bytes. A decoder that
 * did not begin with `decodeItem` would show up here: a sample of the refused bytes goes through every target too, and
 * must be refused with `ENC-1`. What reads text and not items is given all text of up to two bytes of ASCII, and of three
 * out of those that the parsers tell apart. Slow targets are left to the mutations.
 */
import { decodeItem, encodeItem, equalBytes } from '@dsm/core';
import { silent, type Progress } from './progress.ts';
import type { Finding } from './session.ts';
import type { Target } from './targets/target.ts';

/** One in so many of the refused inputs goes through every target. */
const SAMPLE = 4_099;

export interface ShortInputs {
  readonly inputs: number;
  readonly accepted: number;
  /** Calls of targets. */
  readonly calls: number;
  readonly findings: readonly Finding[];
}

const BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => i);
const ASCII: Uint8Array = BYTES.subarray(0, 128);
const TOLD_APART: Uint8Array = new TextEncoder().encode('0123459.-+:/dhmsTZeax"{}[], %\\\0\n');

/** Every input of exactly this length out of these bytes, in ascending order. The array is used again for each. */
function* inputsOf(length: number, values: Uint8Array): Generator<Uint8Array> {
  const input = new Uint8Array(length);
  const count = values.length ** length;
  for (let number = 0; number < count; number++) {
    for (let at = length - 1, rest = number; at >= 0; at--) {
      input[at] = values[rest % values.length] as number;
      rest = Math.floor(rest / values.length);
    }
    yield input;
  }
}

/** `attempt` without the copy of the input, since nothing but the time of it matters here. */
function tryOnce(target: Target, input: Uint8Array): { readonly broken?: string; readonly accepted: boolean } {
  try {
    const outcome = target.run(input);
    if (outcome instanceof Promise) throw new Error('not synchronous');
    return outcome;
  } catch (thrown) {
    return { broken: String(thrown), accepted: false };
  }
}

/** Between two looks at the clock. */
const BATCH = 4_096;

export function tryShortInputs(
  targets: readonly Target[],
  maxLength: number,
  progress: Progress = silent,
): ShortInputs {
  const readers = targets.filter(({ input, isSlow }) => input === 'item' && isSlow !== true);
  const findings: Finding[] = [];
  let [inputs, accepted, calls] = [0, 0, 0];
  const give = (target: Target, input: Uint8Array, mustRefuse: boolean): void => {
    calls += 1;
    const { broken, accepted: isAccepted } = tryOnce(target, input);
    const what = broken ?? (mustRefuse && isAccepted ? 'accepted, and it is no item' : undefined);
    if (what === undefined || findings.length >= 100) return;
    // One of a kind is enough, and it is the shortest.
    if (findings.some((one) => one.target === target.name && one.what === what)) return;
    findings.push({ target: target.name, what, input: input.slice() });
  };
  for (let length = 0; length <= maxLength; length++) {
    for (const input of inputsOf(length, BYTES)) {
      inputs += 1;
      if (inputs % BATCH === 0) progress.at(() => `${inputs} inputs, ${accepted} items, ${calls} calls`);
      const item = decodeItem(input);
      if (item.ok) {
        accepted += 1;
        if (!equalBytes(encodeItem(item.value), input)) {
          findings.push({ target: 'decodeItem', what: 'encoded otherwise', input: input.slice() });
        }
      } else if (item.error.code !== 'E_ENCODING' || item.error.rule !== 'ENC-1') {
        findings.push({ target: 'decodeItem', what: `refused with ${item.error.code}`, input: input.slice() });
      }
      if (!item.ok && inputs % SAMPLE !== 0) continue;
      for (const target of readers) give(target, input, !item.ok);
    }
  }
  for (const target of targets.filter(({ input, isSlow }) => input === 'text' && isSlow !== true)) {
    for (let length = 0; length <= maxLength; length++) {
      for (const input of inputsOf(length, length < 3 ? ASCII : TOLD_APART)) {
        inputs += 1;
        if (inputs % BATCH === 0) progress.at(() => `${inputs} inputs, texts of ${length} bytes for ${target.name}`);
        give(target, input, false);
      }
    }
  }
  return { inputs, accepted, calls, findings };
}
