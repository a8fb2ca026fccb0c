/** `@dsm/cli`: the `dsm` command as a function. */
export { runCli, type Surroundings } from './run.ts';
