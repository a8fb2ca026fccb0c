/** Define, test and run your own state machines over DSM. */
export {};
