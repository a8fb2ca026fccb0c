/** Machine relationships: state that two to eight devices share (spec machine.md). */
export { agree, decline, propose, upgrade, type Acted, type ProposeOptions } from './act.ts';
export { exportMachine } from './export.ts';
export { joinMachine, openMachine, readInvitation, type OpenedMachine, type OpenMachineOptions } from './open.ts';
export { listMachines, listSteps, showMachine, type MachineFacts, type PendingStep } from './show.ts';
export { takeSteps, type Taken } from './take.ts';
export { tell } from './tell.ts';
