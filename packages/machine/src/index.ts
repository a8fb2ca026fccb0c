/** Define, test and run your own state machines over DSM. */
export { bindMachine, type BoundMachine } from './bind.ts';
export { describeCode, hashCode } from './code.ts';
export {
  defineMachine,
  type ApplyContext,
  type Definition,
  type InitContext,
  type InputsOf,
  type Machine,
  type MachineDefinition,
  type OldState,
  type Operation,
  type ParamsOf,
  type Schemas,
  type Signers,
  type StateOf,
} from './define.ts';
export { refusedNames } from './guard/guard.ts';
export { refuse } from './refuse.ts';
export { runApply, runInit, runMigrate } from './run.ts';
export {
  unchecked,
  type InputOf,
  type OutputOf,
  type SchemaIssue,
  type SchemaResult,
  type StandardSchema,
} from './schema.ts';
export { decodeValue } from './value/decode.ts';
export { encodeValue, isValue } from './value/encode.ts';
export type { Immutable, Value } from './value/value.ts';
