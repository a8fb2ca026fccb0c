/** Gives a machine to core: the port, and helpers with the machine's own types. */
import {
  LIMITS,
  ok,
  fail,
  type AppliedStep,
  type CryptoSuite,
  type MachineCall,
  type MachinePort,
  type Result,
} from '@dsm/core';
import { hashCode } from './code.ts';
import type { Machine } from './define.ts';
import { runApply, runInit, runMigrate, runSchema } from './run.ts';
import type { StandardSchema } from './schema.ts';
import { decodeValue } from './value/decode.ts';
import { encodeValue } from './value/encode.ts';
import type { Immutable } from './value/value.ts';

/** `MachinePort` that answers at once. */
export interface BoundMachine<State, Params, Inputs> extends MachinePort {
  init(params: Uint8Array, parties: number): Result<Uint8Array>;
  apply(state: Uint8Array, call: MachineCall): Result<AppliedStep>;
  migrate(state: Uint8Array, from: number): Result<Uint8Array>;
  /** The other half of the port: from values to what travels, and back. `E_FORMAT` for what the schema refuses. */
  encodeParams(params: Params): Result<Uint8Array>;
  decodeParams(bytes: Uint8Array): Result<Immutable<Params>>;
  encodeInput<Name extends keyof Inputs & string>(operation: Name, input: Inputs[Name]): Result<Uint8Array>;
  decodeInput<Name extends keyof Inputs & string>(operation: Name, bytes: Uint8Array): Result<Immutable<Inputs[Name]>>;
  encodeState(state: Immutable<State>): Result<Uint8Array>;
  decodeState(bytes: Uint8Array): Result<Immutable<State>>;
}

export function bindMachine<State, Params, Inputs>(
  suite: CryptoSuite,
  machine: Machine<State, Params, Inputs>,
): BoundMachine<State, Params, Inputs> {
  const plain = machine as unknown as Machine;
  const { definition } = plain;
  const inputOf = (name: string): StandardSchema | undefined =>
    Object.hasOwn(definition.operations, name) ? definition.operations[name]?.input : undefined;
  const noOperation = (name: string) => fail('E_OPERATION', 'RUN-4', `${machine.id} has no operation ${name}`);

  /** Through bytes and back, so that the schema sees what every other device will. */
  const encode = (
    where: string,
    schema: StandardSchema | undefined,
    value: unknown,
    max: number,
  ): Result<Uint8Array> => {
    const bytes = encodeValue(value, max);
    const read: Result<unknown> = bytes.ok ? decodeChecked(where, schema, bytes.value, max) : bytes;
    return read.ok ? bytes : read;
  };
  const decodeChecked = <T>(
    where: string,
    schema: StandardSchema | undefined,
    bytes: Uint8Array,
    max: number,
  ): Result<T> => {
    const value = decodeValue(bytes, max);
    if (!value.ok) return value;
    const checked = schema === undefined ? ok(undefined) : runSchema(plain, where, schema, value.value);
    return checked.ok ? ok(value.value as T) : checked;
  };
  const { machineInputBytes: input, machineStateBytes: state } = LIMITS;

  return {
    id: machine.id,
    version: machine.version,
    code: hashCode(suite, plain),
    init: (params, parties) => runInit(plain, params, parties),
    apply: (state, call) => runApply(plain, state, call),
    migrate: (state, from) => runMigrate(plain, state, from),
    encodeParams: (params) => encode('init', definition.init.input, params, input),
    decodeParams: (bytes) => decodeChecked('init', definition.init.input, bytes, input),
    encodeInput: (name, value) => {
      const schema = inputOf(name);
      return schema === undefined ? noOperation(name) : encode(name, schema, value, input);
    },
    decodeInput: (name, bytes) => {
      const schema = inputOf(name);
      return schema === undefined ? noOperation(name) : decodeChecked(name, schema, bytes, input);
    },
    encodeState: (value) => encode('state', definition.state, value, state),
    decodeState: (bytes) => decodeChecked('state', definition.state, bytes, state),
  };
}
