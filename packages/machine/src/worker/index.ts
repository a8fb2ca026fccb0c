/** A machine in a worker, under a limit. */
export {};
