/** Property tests for a machine. */
export {};
