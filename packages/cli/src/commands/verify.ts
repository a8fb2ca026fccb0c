/**
 * `dsm verify` and `dsm evidence verify`: needs no wallet, and always answers on stdout, whatever it is given. The exit
 * code says whether the file holds.
 */
import {
  ok,
  parseNetworkFile,
  printNetworkFile,
  verifyFile,
  type CryptoSuite,
  type Failure,
  type FileKind,
  type NetworkFile,
  type Result,
  type Verdict,
} from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import { argument, option, type Command } from '../call.ts';
import { readInput } from '../input/file.ts';
import { readNetworkFile } from '../input/network-file.ts';
import type { Answer } from '../output/answer.ts';
import { bold, good } from '../output/style.ts';
import { explainGrade, isoTime } from '../output/words.ts';

type Kind = FileKind | 'network' | 'unknown';

type Finding =
  | (Extract<Verdict, { ok: true }> | { readonly ok: true; readonly kind: 'network'; readonly findings: object })
  | { readonly ok: false; readonly kind: Kind; readonly error: Failure };

export const verify: Command = async (call) => {
  const suite = nodeCryptoSuite();
  return ok(describe(examine(suite, argument(call, 'file'), option(call, 'network') ?? '')));
};

/** The same for a file that must be evidence. */
export const verifyEvidence: Command = async (call) => {
  const suite = nodeCryptoSuite();
  const found = examine(suite, argument(call, 'file'), option(call, 'network') ?? '');
  return ok(describe(found.ok && found.kind !== 'evidence' ? notEvidence(found.kind) : found));
};

const notEvidence = (kind: Kind): Finding => ({
  ok: false,
  kind,
  error: { code: 'E_FORMAT', rule: 'FIL-1', message: `a file of kind evidence is expected here, not ${kind}` },
});

function examine(suite: CryptoSuite, path: string, networkPath: string): Finding {
  const refuse = ({ error }: { readonly error: Failure }): Finding => ({ ok: false, kind: 'unknown', error });
  const pinned = readNetworkFile(suite, networkPath);
  if (!pinned.ok) return refuse(pinned);
  const bytes = readInput(path);
  if (!bytes.ok) return refuse(bytes);
  return looksLikeJson(bytes.value)
    ? examineNetwork(suite, bytes.value, pinned.value)
    : verifyFile(suite, pinned.value.network, bytes.value);
}

/** Every other file begins with a byte that no text begins with. */
const looksLikeJson = (bytes: Uint8Array): boolean => bytes[0] === 0x7b;

function examineNetwork(suite: CryptoSuite, bytes: Uint8Array, pinned: NetworkFile): Finding {
  const file = requireExactText(suite, bytes);
  if (!file.ok) return { ok: false, kind: 'network', error: file.error };
  if (file.value.network.id.every((byte, i) => byte === pinned.network.id[i])) {
    return { ok: true, kind: 'network', findings: {} };
  }
  const error: Failure = { code: 'E_NETWORK', rule: 'NET-1', message: 'the description of another network' };
  return { ok: false, kind: 'network', error };
}

/** JSON has many spellings of one thing; here only that of `network up` counts, so no byte goes unchecked. */
function requireExactText(suite: CryptoSuite, bytes: Uint8Array): Result<NetworkFile> {
  const text = new TextDecoder().decode(bytes);
  const file = parseNetworkFile(suite, text);
  if (!file.ok || printNetworkFile(file.value) === text) return file;
  const message = 'not in the form in which network files are written';
  return { ok: false, error: { code: 'E_ENCODING', rule: 'NET-12', message } };
}

/** Words for a person at a terminal; wherever else stdout goes, the object itself. */
function describe(found: Finding): Answer {
  const described = found.ok ? describeGood(found) : describeBad(found);
  return process.stdout.isTTY ? described : { ...described, lines: [JSON.stringify(described.json)] };
}

function describeGood({ kind, findings }: Extract<Finding, { ok: true }>): Answer {
  const { grade, states, goodUntil } = findings as Extract<Verdict, { ok: true }>['findings'];
  const limit = grade === 'reserved' ? 'claimBy' : 'settleBy';
  const until = grade !== undefined && goodUntil !== undefined ? { [limit]: isoTime(goodUntil) } : {};
  const lines = [good(`ok: ${bold(kind)}`)];
  if (states !== undefined) lines.push(`${states} ${states === 1 ? 'state' : 'states'} verified`);
  if (grade !== undefined) lines.push(explainGrade(grade));
  return {
    json: { ok: true, kind, ...(grade && { grade }), ...(states !== undefined && { states }), ...until },
    lines,
  };
}

function describeBad({ kind, error }: Extract<Finding, { ok: false }>): Answer {
  const { code, message, rule, missing } = error;
  return {
    json: { ok: false, kind, error: { code, message, rule } },
    lines: [`not ok: ${kind}`, `${code} (${rule}): ${message}`, ...(missing ?? []).map((line) => `missing: ${line}`)],
    failure: error,
  };
}
