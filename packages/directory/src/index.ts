/** A directory node: admission, slots, log, receipts. The clock, the crypto suite and the store come in as ports. */
export type { LogEntry, Logger } from './context.ts';
export { openNode, startNode, type NodeOptions, type OpenNode, type RunningNode, type ServerOptions } from './node.ts';
export {
  decideFinal,
  decideLock,
  decideVote,
  EMPTY_SLOT,
  slotCodec,
  type Candidate,
  type Decision,
  type Mark,
  type Reply,
  type SlotRecord,
  type Surroundings,
} from './slot.ts';
