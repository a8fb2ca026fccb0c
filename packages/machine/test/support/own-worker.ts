/** A worker of the developer's own. */
import { serveMachine } from '../../src/worker/index.ts';
import { machine } from './worker-machines.ts';

serveMachine(machine);
