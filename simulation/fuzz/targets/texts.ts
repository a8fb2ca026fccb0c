/** What is read from text and from answers of nodes that refuse: network files, failures, and what people type. */
import * as core from '@dsm/core';
import { formatAmount, parseAmount } from '@dsm/wallet';
import {
  formatDuration,
  parseDuration,
  parseSignedDuration,
  parseTime,
} from '../../../packages/cli/src/input/duration.ts';
import { parseWhole } from '../../../packages/cli/src/input/number.ts';
import { START_MS } from '../../../tests/kit/index.ts';
import type { World } from '../seeds/world.ts';
import { ACCEPTED, judge, judgeValue, textTarget, Violation, type Target } from './target.ts';

function failureTarget({ run }: World): Target {
  const seeds = [
    core.encodeFailure({ code: 'E_FORK', rule: 'EVD-1', message: 'a fork', evidence: Uint8Array.of(1, 2) }),
    core.encodeFailure({ code: 'E_INCOMPLETE', rule: 'BND-2', message: 'missing', missing: ['body 00', 'policy 01'] }),
    core.encodeFailure({ code: 'E_STORE', rule: 'STO-4', message: core.toHex(run[0].hash) }),
  ];
  return {
    name: 'decodeFailure',
    input: 'item',
    seeds,
    run: (bytes) => {
      const failure = core.decodeFailure(bytes);
      if (failure.ok && !core.equalBytes(core.encodeFailure(failure.value), bytes)) {
        // A message is shortened where it is written, so a longer one than this software writes comes back shorter.
        const again = core.decodeFailure(core.encodeFailure(failure.value));
        if (!again.ok || again.value.code !== failure.value.code) throw new Violation('the failure cannot be sent on');
      }
      return judge(failure);
    },
  };
}

function networkFileTarget({ net, suite }: World): Target {
  const file = {
    network: net.network,
    endpoints: ['http://127.0.0.1:1', 'https://b.example/x', 'http://[::1]:80', 'http://d'],
  };
  const text = core.printNetworkFile(file);
  return textTarget('parseNetworkFile', [text, JSON.stringify(JSON.parse(text))], (input) => {
    const parsed = core.parseNetworkFile(suite, input);
    if (!parsed.ok) return judge(parsed);
    const printed = core.printNetworkFile(parsed.value);
    const again = core.parseNetworkFile(suite, printed);
    if (!again.ok || core.printNetworkFile(again.value) !== printed) throw new Violation('printed otherwise');
    return ACCEPTED;
  });
}

/** What is read and printed reads the same again. */
const requireSame = (same: boolean): void => {
  if (!same) throw new Violation('what is printed is not what was read');
};

const inputParsers: readonly Target[] = [
  textTarget('wallet.parseAmount', ['7.50', '0.01', '340282366920938463463374607431768211455'], (text) => {
    for (const decimals of [0, 2, 18]) {
      const parsed = parseAmount(text, decimals);
      if (!parsed.ok) judge(parsed);
      else {
        const again = parseAmount(formatAmount(parsed.value, decimals), decimals);
        requireSame(again.ok && again.value === parsed.value);
      }
    }
    return judge(parseAmount(text, 2));
  }),
  textTarget('cli.parseDuration', ['30d', '1h30m', '45s', '1d12h', '10ms'], (text) => {
    const parsed = parseDuration(text, 'until');
    if (!parsed.ok) return judge(parsed);
    const again = parseDuration(formatDuration(parsed.value), 'until');
    requireSame(again.ok && again.value === parsed.value);
    return ACCEPTED;
  }),
  textTarget('cli.parseSignedDuration', ['-2d', '+1h'], (text) => judge(parseSignedDuration(text, 'offset'))),
  textTarget('cli.parseTime', ['2027-03-14', '2027-03-14T18:00:00Z', '2027-03-14T18:00:00.5+02:00', '12h'], (text) => {
    const parsed = parseTime(text, 'until', START_MS);
    if (parsed.ok) requireSame(Number.isSafeInteger(parsed.value) && parsed.value >= 0);
    return judge(parsed);
  }),
  textTarget('cli.parseWhole', ['0', '64', '9007199254740991'], (text) => judge(parseWhole(text, 'k', 0, 2 ** 53 - 1))),
];

const plainTexts: readonly Target[] = [
  textTarget('fromHex', ['00ff', 'ABCD', ''], (text) => {
    const bytes = core.fromHex(text);
    if (bytes) requireSame(core.toHex(bytes) === text);
    return judgeValue(bytes);
  }),
  textTarget('isLabel', ['caf\u00E9', 'x'.repeat(64)], (text) => {
    const accepted = core.isLabel(text, 64, 1);
    if (accepted && core.utf8Length(text) !== new TextEncoder().encode(text).length) {
      throw new Violation('another length in UTF-8');
    }
    return judgeValue(accepted);
  }),
  textTarget('isSymbol', ['MEAL', 'A.1'], (text) => judgeValue(core.isSymbol(text))),
];

export const textTargets = (world: World): readonly Target[] => [
  failureTarget(world),
  networkFileTarget(world),
  ...inputParsers,
  ...plainTexts,
];
