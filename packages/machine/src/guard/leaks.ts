/**
 * What a machine must not reach while it runs: clocks, chance, what happens later, and what depends on the device's
 * place or build (spec RUN-7). `docs/machines.md` says what cannot be refused.
 */

/** Called with the name of what was reached; never returns. */
export type OnLeak = (name: string) => never;

export interface Leak {
  /** As a developer writes it. */
  readonly name: string;
  readonly owner: object;
  readonly key: string;
  /** What stands in its place while a machine runs, made from what was there. */
  readonly replace: (original: unknown) => unknown;
}

const scope = globalThis as unknown as Readonly<Record<string, unknown>>;

/** Sine and the like may be rounded otherwise by another engine. `Math.sqrt` and whole powers are exact. */
const INEXACT =
  'acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 sin sinh tan tanh'.split(
    ' ',
  );

/** Methods of Date that read or write the device's own time zone. */
const isLocalTime = (key: string): boolean =>
  /^[gs]et(?:Date|Day|FullYear|Hours|Minutes|Month|Seconds|TimezoneOffset|Year)$|^to(?:|Date|Time|Locale\w*)String$/.test(
    key,
  );

const OBJECTS = ['performance', 'crypto', 'Intl', 'Temporal'];

const FUNCTIONS = [
  'setTimeout setInterval setImmediate queueMicrotask requestAnimationFrame requestIdleCallback',
  'fetch XMLHttpRequest WebSocket EventSource Worker MessageChannel BroadcastChannel',
  'alert confirm prompt',
].flatMap((names) => names.split(' '));

/** Lists what is there to be refused on this platform. */
export function listLeaks(onLeak: OnLeak): readonly Leak[] {
  /** Serves as a function and as a constructor. */
  const refusing = (name: string) => {
    const stub = function refused(): never {
      return onLeak(name);
    };
    // Of process.hrtime.
    stub.bigint = stub;
    return () => stub;
  };
  const property = (label: string, owner: unknown, keys: readonly string[]): Leak[] =>
    typeof owner !== 'object' && typeof owner !== 'function'
      ? []
      : keys.map((key) => ({
          name: `${label}.${key}`,
          owner: owner as object,
          key,
          replace: refusing(`${label}.${key}`),
        }));
  const prototypeOf = (name: string): object | undefined =>
    (scope[name] as { readonly prototype?: object } | undefined)?.prototype;

  const leaks: readonly Leak[] = [
    {
      name: 'Date',
      owner: scope,
      key: 'Date',
      replace: (original) => guardDateOnce(original as DateConstructor, onLeak),
    },
    ...property('Date', Date, ['now', 'parse']),
    ...property('Date.prototype', Date.prototype, Object.getOwnPropertyNames(Date.prototype).filter(isLocalTime)),
    ...property('Math', Math, ['random', ...INEXACT]),
    ...property('Performance.prototype', prototypeOf('Performance'), ['now']),
    ...property('Crypto.prototype', prototypeOf('Crypto'), ['getRandomValues', 'randomUUID']),
    ...OBJECTS.map((name) => ({ name, owner: scope, key: name, replace: refuseObject(name, onLeak) })),
    ...FUNCTIONS.map((name) => ({ name, owner: scope, key: name, replace: refusing(name) })),
    ...property('process', scope['process'], ['hrtime', 'uptime', 'cpuUsage', 'memoryUsage', 'nextTick']),
    ...property('String.prototype', String.prototype, ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase']),
    ...property('Number.prototype', Number.prototype, ['toLocaleString']),
    ...property('BigInt.prototype', BigInt.prototype, ['toLocaleString']),
    ...property('WeakRef.prototype', prototypeOf('WeakRef'), ['deref']),
    ...property('Atomics', scope['Atomics'], ['wait']),
  ];
  return leaks.filter(({ owner, key }) => Object.hasOwn(owner, key));
}

/** Any use of it is refused. */
function refuseObject(name: string, onLeak: OnLeak): () => unknown {
  const stub = new Proxy(Object.create(null) as object, {
    get: (_, key) => onLeak(`${name}.${String(key)}`),
    has: (_, key) => onLeak(`${name}.${String(key)}`),
    ownKeys: () => onLeak(name),
  });
  return () => stub;
}

const guardedDates = new WeakMap<DateConstructor, unknown>();

/** Test frameworks put their own Date in place, so there may be several. */
function guardDateOnce(original: DateConstructor, onLeak: OnLeak): unknown {
  const known = guardedDates.get(original);
  if (known !== undefined) return known;
  const made = guardDate(original, onLeak);
  guardedDates.set(original, made);
  return made;
}

/** Date with nothing but what is a function of its arguments: `new Date(ms)` and `Date.UTC`. */
function guardDate(original: DateConstructor, onLeak: OnLeak): unknown {
  function GuardedDate(...parts: readonly unknown[]): unknown {
    if (new.target === undefined) return onLeak('Date()');
    if (parts.length !== 1) return onLeak(parts.length === 0 ? 'new Date()' : 'new Date() in local time');
    if (typeof parts[0] !== 'number') return onLeak('new Date() of text');
    return Reflect.construct(original, parts, new.target) as unknown;
  }
  GuardedDate.prototype = original.prototype;
  GuardedDate.UTC = original.UTC;
  GuardedDate.now = (): never => onLeak('Date.now');
  GuardedDate.parse = (): never => onLeak('Date.parse');
  return GuardedDate;
}
