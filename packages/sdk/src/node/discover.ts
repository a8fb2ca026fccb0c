/** Who listens on the local network (rule SDK-14). An announcement proves nothing; the channel does. */
import { Bonjour } from 'bonjour-service';
import type { Stoppable } from '../abort.ts';

/** DNS-SD: `_dsm._tcp`. */
const TYPE = 'dsm';

export interface Announcement {
  /** As it is shown in a list. */
  readonly name: string;
  readonly port: number;
  /** Account of the listening wallet, hexadecimal. */
  readonly account: string;
}

export interface Found extends Announcement {
  readonly host: string;
}

export interface DiscoverOptions extends Stoppable {
  /** Address of the interface. Default: all. */
  readonly interface?: string;
  readonly port?: number;
}

const socketOptions = ({ interface: bound, port }: DiscoverOptions): Record<string, unknown> => ({
  ...(bound !== undefined && { interface: bound, bind: '0.0.0.0', loopback: true }),
  ...(port !== undefined && { port }),
});

/** Announces a listener until the answered function is called, or the signal fires. */
export function advertise(announcement: Announcement, options: DiscoverOptions = {}): () => Promise<void> {
  const bonjour = new Bonjour(socketOptions(options), () => {});
  const { name, port, account } = announcement;
  const service = bonjour.publish({ name, type: TYPE, port, txt: { account }, probe: false });
  service.on('error', () => {});
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ended ??= new Promise((resolve) => {
      bonjour.unpublishAll(() => bonjour.destroy(() => resolve()));
    });
    return ended;
  };
  options.signal?.addEventListener('abort', () => void end(), { once: true });
  return end;
}

/** Tells of each listener that is found, until the answered function is called, or the signal fires. */
export function browse(onFound: (found: Found) => void, options: DiscoverOptions = {}): () => Promise<void> {
  const bonjour = new Bonjour(socketOptions(options), () => {});
  const browser = bonjour.find({ type: TYPE }, (service) => {
    const txt = service.txt as Readonly<Record<string, unknown>> | undefined;
    const account = txt?.['account'];
    const host = service.addresses?.find((address) => address.includes('.')) ?? service.referer?.address;
    if (typeof account !== 'string' || !/^[0-9a-f]{64}$/.test(account) || host === undefined) return;
    onFound({ name: service.name, port: service.port, account, host });
  });
  const again = setInterval(() => browser.update(), 1_000);
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => {
    clearInterval(again);
    browser.stop();
    ended ??= new Promise((resolve) => bonjour.destroy(() => resolve()));
    return ended;
  };
  options.signal?.addEventListener('abort', () => void end(), { once: true });
  return end;
}
