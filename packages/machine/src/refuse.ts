/** How an operation says no: the step is against the application's rules, and the machine is well (spec RUN-9). */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Ends the operation; whoever proposed the step gets `E_REFUSED` with this reason. */
export function refuse(reason: string): never {
  throw new Refusal(reason);
}
