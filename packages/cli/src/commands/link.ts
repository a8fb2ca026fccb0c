/** Payments over an encrypted link: `dsm listen`, and `dsm offer … --to HOST:PORT`. */
import { fail, ok, type Result } from '@dsm/core';
import { advertise, connect, listen, walletFrom, type ProvenReceipt, type Wallet } from '@dsm/sdk';
import { argument, flag, option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { parseWhole } from '../input/number.ts';
import { answer, type Answer } from '../output/answer.ts';
import { alarm, bold, dim } from '../output/style.ts';
import { explainGrade, isoTime } from '../output/words.ts';

const LAST_PORT = 65_535;

/** Where a till listens unless asked otherwise: all addresses of this machine, since customers are on other ones. */
const DEFAULT_HOST = '0.0.0.0';
const DEFAULT_PORT = '4470';

/** Stays, takes payments, and claims them while the network is there. The home is held for as long. */
export const listenCommand: Command = async (call) => {
  const port = parseWhole(option(call, 'port') ?? DEFAULT_PORT, '--port', 0, LAST_PORT);
  if (!port.ok) return port;
  return withDevice(call, (device) => stay(call, walletFrom(device), port.value));
};

async function stay(call: Call, wallet: Wallet, port: number): Promise<Result<undefined>> {
  const stop = listenForStop();
  const { signal } = stop;
  wallet.on('received', (receipt) => {
    if (receipt.proof) tell(call, receipt as ProvenReceipt);
  });
  wallet.on('claimed', ({ amount }) => call.notify(`claimed ${amount.text}`));
  wallet.on('claim-due', ({ amount, lostAt }) =>
    call.notify(alarm(`${amount.text} are lost unless they are claimed before ${isoTime(lostAt)}`)),
  );
  try {
    const listener = await listen({
      wallet,
      host: option(call, 'host') ?? DEFAULT_HOST,
      port,
      signal,
      onLink: (link) => wallet.serve(link, { signal }),
      onRefused: ({ ok: _ok, ...refusal }) => call.notify(dim(describeRefusal(refusal))),
      ...(flag(call, 'introduce') && { introduce: ({ name }) => name }),
    });
    if (!listener.ok) return listener;
    const { host } = listener.value;
    const own = { host, port: listener.value.port, account: wallet.id };
    const endAnnouncement = flag(call, 'announce') ? advertise({ name: wallet.name, ...own }) : undefined;
    call.print(answer({ ...own }, `listens on ${host}:${own.port}; end it with Ctrl-C`));
    const watched = await wallet.watch({ signal });
    await endAnnouncement?.();
    await listener.value.close();
    return watched;
  } finally {
    stop.release();
  }
}

const describeRefusal = (refusal: object): string => {
  const { error } = refusal as { readonly error: { readonly code: string; readonly message: string } };
  return `somebody was not let in: ${error.message} (${error.code})`;
};

/** Lines for a person as payments come; programs read them from `history`. */
function tell(call: Call, { amount, from, grade, claimBy, settleBy, payment }: ProvenReceipt): void {
  if (call.json) return;
  const lines = [
    `received: ${bold(amount.text)} from ${bold(from)}`,
    explainGrade(grade, claimBy ?? settleBy),
    dim(`payment ${payment}`),
  ];
  call.print(answer({}, ...lines));
}

function listenForStop(): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController();
  const listener = (): void => stop.abort();
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  for (const name of names) process.on(name, listener);
  return {
    signal: stop.signal,
    release: () => {
      for (const name of names) process.off(name, listener);
    },
  };
}

/** All turns of a payment at once, with whoever listens there: it must be the payee. */
export const offerTo: Command = (call) => {
  const address = readAddress(option(call, 'to') ?? '');
  if (!address.ok) return Promise.resolve(address);
  return withDevice(call, async (device) => {
    const wallet = walletFrom(device);
    const to = argument(call, 'name');
    const link = await connect({ wallet, peer: to, ...address.value });
    if (!link.ok) return link;
    const paid = await wallet.pay(
      {
        to,
        amount: `${argument(call, 'amount')} ${argument(call, 'symbol')}`,
        order: option(call, 'order') ?? '',
        grade: flag(call, 'provisional') ? 'provisional' : 'reserved',
      },
      { link: link.value },
    );
    await link.value.close();
    return paid.ok ? ok(describePaid(paid.value)) : paid;
  });
};

function describePaid({ payment, grade, amount, to, claimBy, settleBy }: ProvenReceipt): Answer {
  return answer(
    {
      payment,
      grade,
      state: 'acknowledged',
      ...(claimBy !== null && { claimBy: isoTime(claimBy) }),
      ...(settleBy !== null && { settleBy: isoTime(settleBy) }),
    },
    `paid: ${bold(amount.text)} to ${bold(to)}, and confirmed`,
    explainGrade(grade, claimBy ?? settleBy),
    dim(`payment ${payment}`),
  );
}

/** `192.168.1.4:4470`, `till.local:4470`, `[fe80::1]:4470`. */
function readAddress(text: string): Result<{ readonly host: string; readonly port: number }> {
  const parts = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]]+)):([0-9]{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined) return fail('E_USAGE', 'CLI-10', `--to: HOST:PORT is expected, not ${JSON.stringify(text)}`);
  const port = parseWhole(parts?.[3] ?? '', '--to: port', 1, LAST_PORT);
  return port.ok ? ok({ host, port: port.value }) : port;
}
