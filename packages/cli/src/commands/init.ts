/** `dsm init`. */
import {
  fail,
  isLabel,
  isSignatureAlgorithm,
  LIMITS,
  ok,
  type NetworkFile,
  type Result,
  type SignatureAlgorithm,
} from '@dsm/core';
import { nodeCryptoSuite, systemEntropy, wordsFromEntropy } from '@dsm/platform/node';
import { createWallet, describeDevice, httpTransport } from '@dsm/wallet';
import { option, type Call, type Command } from '../call.ts';
import { closing, makeHome } from '../home/home.ts';
import { readPassphrase } from '../home/passphrase.ts';
import { openClock } from '../input/clock.ts';
import { readNetworkFile } from '../input/network-file.ts';
import { answer, type Answer } from '../output/answer.ts';
import { bold, warning } from '../output/style.ts';

const DEFAULT_ALGORITHM: SignatureAlgorithm = 'slh-dsa-sha2-128f';

interface Wishes {
  readonly name: string;
  readonly file: NetworkFile;
  readonly algorithm: SignatureAlgorithm;
  readonly passphrase: string;
}

export const init: Command = async (call) => {
  const wishes = await readWishes(call);
  if (!wishes.ok) return wishes;
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const { name, file, algorithm, passphrase } = wishes.value;
  return closing(await makeHome(call.home), async (store) => {
    const created = await createWallet({
      store,
      suite: nodeCryptoSuite(),
      clock: clock.value,
      entropy: systemEntropy,
      transport: httpTransport(file.endpoints),
      network: file.network,
      endpoints: file.endpoints,
      name,
      passphrase,
      algorithm,
      wordsFromEntropy,
    });
    if (!created.ok) return created;
    const { device, words } = created.value;
    return ok(describe(call, { ...describeDevice(device) }, words));
  });
};

async function readWishes(call: Call): Promise<Result<Wishes>> {
  const algorithm = option(call, 'suite') ?? DEFAULT_ALGORITHM;
  if (!isSignatureAlgorithm(algorithm)) return fail('E_ALGORITHM', 'ENC-6', `--suite: ${algorithm} is unknown`);
  // Checked before the home is made.
  const name = option(call, 'name') ?? '';
  if (!isLabel(name, LIMITS.nameBytes, 1)) {
    return fail('E_FORMAT', 'WAL-4', `--name: 1 to ${LIMITS.nameBytes} bytes of visible text are expected`);
  }
  const file = readNetworkFile(nodeCryptoSuite(), option(call, 'network') ?? '');
  if (!file.ok) return file;
  const passphrase = await readPassphrase(call, { twice: true });
  return passphrase.ok ? ok({ name, file: file.value, algorithm, passphrase: passphrase.value }) : passphrase;
}

const describe = (call: Call, id: Readonly<Record<string, string>>, words: string): Answer =>
  answer(
    { ...id, words },
    `${bold(id['name'] ?? '')} lives in ${call.home}`,
    `account ${id['account']}`,
    '',
    warning('Write down these 24 words. They are shown once and bring the keys back; whoever has them has the money:'),
    ...numbered(words.split(' ')),
  );

/** Four lines of six, so that they can be copied to paper without losing the place. */
const numbered = (words: readonly string[]): string[] =>
  [0, 6, 12, 18].map((from) =>
    words
      .slice(from, from + 6)
      .map((word, i) => `${String(from + i + 1).padStart(2)} ${word.padEnd(8)}`)
      .join('  ')
      .trimEnd(),
  );
