/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that machines use: zod, valibot, ArkType and
 * others answer it. Only synchronous schemas serve; an operation must not wait (spec RUN-5).
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type InputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/** Where it is wrong and why, for a person. */
export const describeIssues = (issues: readonly SchemaIssue[]): string =>
  issues
    .slice(0, 3)
    .map(({ message, path = [] }) => {
      const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
      return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
    })
    .join('; ');

/** What the schema accepts as JSON Schema, by Standard JSON Schema (zod 4.2 and later); undefined where it has none. */
export function jsonSchemaOf(schema: StandardSchema): Record<string, unknown> | undefined {
  const standard = schema['~standard'] as {
    readonly jsonSchema?: { readonly input?: (options: { target: string }) => Record<string, unknown> };
  };
  try {
    return standard.jsonSchema?.input?.({ target: 'draft-2020-12' });
  } catch {
    // A bigint, a transformation and the like have no form in JSON Schema.
    return undefined;
  }
}

/** A schema that checks no more than that it is a value, which every state, input and parameter is anyway. */
export const unchecked = <T>(): StandardSchema<T> => ({
  '~standard': { version: 1, vendor: 'dsm', validate: (value) => ({ value: value as T }) },
});
