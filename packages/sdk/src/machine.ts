/** State that several wallets share under the rules of a machine (rule SDK-15, spec machine.md). */
import { fail, fromHex, ok, toHex, type ChainId, type MachineId, type Result, type StepHash } from '@dsm/core';
import { bindMachine, type BoundMachine, type Immutable, type Machine } from '@dsm/machine';
import {
  agree,
  commandKey,
  decline,
  exportMachine,
  findContact,
  joinMachine,
  listMachines,
  openMachine,
  propose,
  readInvitation,
  showMachine,
  takeSteps,
  tell,
  type Device,
  type MachineFacts,
  type PendingStep,
} from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import { run, type Core } from './core.ts';
import { answering, ask } from './link/call.ts';
import type { Link } from './link/link.ts';
import { askOptions, type Pace } from './pay/payer.ts';
import { kindOf } from './pay/turns.ts';
import { nameOf } from './receipt.ts';

/** A step that waits for signatures. */
export interface Pending<Inputs> {
  /** Hexadecimal. */
  readonly step: string;
  readonly operation: keyof Inputs & string;
  readonly input: unknown;
  /** Name of the contact who proposes it. */
  readonly by: string;
  /** Names of those who have signed. */
  readonly signed: readonly string[];
  /** Milliseconds. */
  readonly expiresAt: number;
  /** `open`: this wallet has not decided yet. */
  readonly own: PendingStep['own'];
}

export interface SharedFacts<State, Inputs> {
  /** Of the relationship, hexadecimal. */
  readonly id: string;
  readonly version: number;
  /** Names, in the order in which the machine counts them. */
  readonly parties: readonly string[];
  /** Own position among them. */
  readonly own: number;
  /** Steps that were agreed. */
  readonly number: number;
  /** What all who had to have agreed on. */
  readonly state: Immutable<State>;
  readonly pending: readonly Pending<Inputs>[];
}

/** What an owner decides about a step: yes signs it, no promises never to. */
export type Decision<State, Inputs> = (
  step: Pending<Inputs>,
  facts: SharedFacts<State, Inputs>,
) => boolean | Promise<boolean>;

export interface ProposeTerms extends Pace {
  /** To another party: its answer is taken, so that a step of two is agreed or refused at once. */
  readonly link?: Link | undefined;
  /** The same id is the same step, for ever. */
  readonly id?: string | undefined;
}

/** One relationship. Messages may be lost, repeated and come in any order: each tells all that its sender knows. */
export interface Shared<State, Inputs> {
  readonly id: string;
  show(): Promise<Result<SharedFacts<State, Inputs>>>;
  /** `E_REFUSED`: the machine's own rules. `E_OPEN`: another step has to be decided first. */
  propose<Name extends keyof Inputs & string>(
    operation: Name,
    input: Inputs[Name],
    options?: ProposeTerms,
  ): Promise<Result<SharedFacts<State, Inputs>>>;
  agree(step: string, options?: Stoppable): Promise<Result<SharedFacts<State, Inputs>>>;
  decline(step: string, options?: Stoppable): Promise<Result<SharedFacts<State, Inputs>>>;
  /** What this wallet knows, for any of the others. */
  message(): Promise<Result<Uint8Array>>;
  take(message: Uint8Array, options?: Stoppable): Promise<Result<SharedFacts<State, Inputs>>>;
  /** Tells the other end and takes its answer. */
  exchange(link: Link, options?: Pace): Promise<Result<SharedFacts<State, Inputs>>>;
  /** Answers whoever proposes or tells over the link, until it closes or the signal fires. */
  serve(
    link: Link,
    options?: Stoppable & { readonly decide?: Decision<State, Inputs> | undefined },
  ): Promise<Result<SharedFacts<State, Inputs>>>;
  /** A file from which anybody who has the machine repeats every step: `verifyShared`. */
  proof(): Promise<Result<Uint8Array>>;
}

export interface SharedTerms<Params> {
  /** Names of one to seven contacts. */
  readonly with: readonly string[];
  readonly params: Params;
  /** Longest time from a proposal to its expiry. Default: a day. */
  readonly expiryMs?: number | undefined;
  /** Default: no end. */
  readonly maxSteps?: number | undefined;
  readonly id?: string | undefined;
}

export interface Invitation<Params> {
  readonly parties: readonly string[];
  readonly params: Immutable<Params>;
}

export interface Machines<State, Params, Inputs> {
  open(terms: SharedTerms<Params>, options?: Stoppable): Promise<Result<Shared<State, Inputs>>>;
  /** By any message of the relationship; `accept` is asked about its terms first. */
  join(
    message: Uint8Array,
    accept: (invitation: Invitation<Params>) => boolean | Promise<boolean>,
  ): Promise<Result<Shared<State, Inputs>>>;
  list(): Promise<Result<readonly Shared<State, Inputs>[]>>;
}

const DAY_MS = 86_400_000;

/** `older`: earlier versions of the machine, for relationships that began with them. */
export function machinesOf<State, Params, Inputs>(
  core: Core,
  machine: Machine<State, Params, Inputs>,
  older: readonly Machine[],
): Machines<State, Params, Inputs> {
  const bound = bindMachine(core.suite, machine);
  const ports = [bound, ...older.map((one) => bindMachine(core.suite, one))];
  const context: Context<State, Params, Inputs> = { core, bound, ports };
  const sharedOf = (id: MachineId): Shared<State, Inputs> => makeShared(context, id);
  return {
    open: (terms, { signal } = {}) =>
      run(core, { signal }, async (device) => {
        const parties: ChainId[] = [];
        for (const name of terms.with) {
          const contact = await findContact(device, name);
          if (!contact.ok) return contact;
          parties.push(contact.value.account);
        }
        const params = bound.encodeParams(terms.params);
        if (!params.ok) return params;
        const { expiryMs = DAY_MS, maxSteps = 0, id } = terms;
        const command = id === undefined ? {} : { command: commandKey(core.suite, 'sdk-machine', [machine.id, id]) };
        const rules = { expiryMs, maxSteps };
        const opened = await openMachine(device, { port: bound, parties, params: params.value, rules, ...command });
        return opened.ok ? ok(sharedOf(opened.value.relationship)) : opened;
      }),
    join: async (message, accept) => {
      const invitation = await run(core, {}, async (device) => {
        const terms = readInvitation(device, message);
        if (!terms.ok) return terms;
        const params = bound.decodeParams(terms.value.params);
        if (!params.ok) return params;
        return ok({ parties: await namesOf(device, terms.value.parties), params: params.value });
      });
      if (!invitation.ok) return invitation;
      if (!(await isYes(() => accept(invitation.value)))) {
        return fail('E_POLICY', 'SDK-15', 'the owner does not want this relationship');
      }
      return run(core, {}, async (device) => {
        const joined = await joinMachine(device, message, ports);
        return joined.ok ? ok(sharedOf(joined.value.relationship)) : joined;
      });
    },
    list: () =>
      run(core, {}, async (device) => {
        const all = await listMachines(device);
        if (!all.ok) return all;
        const mine = all.value.filter((one) => one.machine === machine.id);
        return ok(mine.map(({ relationship }) => sharedOf(relationship)));
      }),
  };
}

interface Context<State, Params, Inputs> {
  readonly core: Core;
  readonly bound: BoundMachine<State, Params, Inputs>;
  readonly ports: Parameters<typeof takeSteps>[2];
}

async function isYes(decide: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    // Callers in JavaScript answer anything.
    const said: unknown = await decide();
    return said === true;
  } catch {
    return false;
  }
}

const namesOf = (device: Device, accounts: readonly ChainId[]): Promise<string[]> =>
  Promise.all(accounts.map((account) => nameOf(device, account)));

async function describe<State, Params, Inputs>(
  device: Device,
  bound: BoundMachine<State, Params, Inputs>,
  facts: MachineFacts,
): Promise<Result<SharedFacts<State, Inputs>>> {
  const state = bound.decodeState(facts.state);
  if (!state.ok) return state;
  const parties = await namesOf(device, facts.parties);
  const pending = facts.pending.map(({ step, record, signed, own }): Pending<Inputs> => {
    const operation = record.operation as keyof Inputs & string;
    const input = bound.decodeInput(operation, record.input);
    return {
      step: toHex(step),
      operation,
      input: input.ok ? input.value : undefined,
      by: parties[record.proposer] ?? '',
      signed: signed.map((party) => parties[party] ?? ''),
      expiresAt: record.expiresAt,
      own,
    };
  });
  const { relationship, version, own, number } = facts;
  return ok({ id: toHex(relationship), version, parties, own, number, state: state.value, pending });
}

function makeShared<State, Params, Inputs>(
  { core, bound, ports }: Context<State, Params, Inputs>,
  id: MachineId,
): Shared<State, Inputs> {
  type Facts = Result<SharedFacts<State, Inputs>>;
  const showOn = async (device: Device): Promise<Facts> => {
    const facts = await showMachine(device, id);
    return facts.ok ? describe(device, bound, facts.value) : facts;
  };
  const decideOn = (decision: typeof agree, step: string, { signal }: Stoppable = {}): Promise<Facts> =>
    run(core, { signal }, async (device) => {
      const hash = fromHex(step);
      if (hash?.length !== 32) return fail('E_NOT_FOUND', 'SDK-15', 'not the id of a step');
      const acted = await decision(device, id, hash as StepHash, ports);
      return acted.ok ? showOn(device) : acted;
    });
  const shared: Shared<State, Inputs> = {
    id: toHex(id),
    show: () => run(core, {}, showOn),
    propose: async (operation, input, options = {}) => {
      const proposed = await run(core, { signal: options.signal }, async (device) => {
        const encoded = bound.encodeInput(operation, input);
        if (!encoded.ok) return encoded;
        const command =
          options.id === undefined ? {} : { command: commandKey(core.suite, 'sdk-machine-step', [id, options.id]) };
        return propose(device, id, { operation, input: encoded.value, ...command }, ports);
      });
      if (!proposed.ok) return proposed;
      return options.link ? shared.exchange(options.link, options) : shared.show();
    },
    agree: (step, options) => decideOn(agree, step, options),
    decline: (step, options) => decideOn(decline, step, options),
    message: () => run(core, {}, (device) => tell(device, id)),
    take: (message, { signal } = {}) =>
      run(core, { signal }, async (device) => {
        const taken = await takeSteps(device, message, ports);
        return taken.ok ? describe(device, bound, taken.value) : taken;
      }),
    exchange: async (link, pace = {}) => {
      const message = await shared.message();
      if (!message.ok) return message;
      const answer = await ask(link, message.value, askOptions(core.device, pace));
      return answer.ok ? shared.take(answer.value, pace) : answer;
    },
    serve: async (link, { signal, decide } = {}) => {
      const questions = answering(link);
      for (;;) {
        const question = await questions.next({ signal });
        if (!question.ok) return shared.show();
        const sent = await question.value.answer(await answerTo(core, shared, question.value.body, decide));
        if (!sent.ok) return shared.show();
      }
    },
    proof: () => run(core, {}, (device) => exportMachine(device, id)),
  };
  return shared;
}

/** Takes what came, decides about what is open, and tells what is known then. */
async function answerTo<State, Inputs>(
  core: Core,
  shared: Shared<State, Inputs>,
  body: Uint8Array,
  decide: Decision<State, Inputs> | undefined,
): Promise<Result<Uint8Array>> {
  if (kindOf(core.device, body) !== 'steps') return fail('E_FORMAT', 'SDK-15', 'here steps are told, and nothing else');
  const taken = await shared.take(body);
  if (!taken.ok) return taken;
  for (const step of taken.value.pending) {
    if (step.own !== 'open' || !decide) continue;
    const isWanted = await isYes(() => decide(step, taken.value));
    const decided = isWanted ? await shared.agree(step.step) : await shared.decline(step.step);
    if (!decided.ok) return decided;
  }
  return shared.message();
}
