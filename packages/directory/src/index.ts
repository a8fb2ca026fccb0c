/** A directory node: admission, slots, log, receipts. The clock, the crypto suite and the store come in as ports. */
export { answer, type NodeAnswer, type NodeRequest } from './answer.ts';
export type { Node } from './admission/settle.ts';
export type { LogEntry, Logger } from './context.ts';
export { openNode, startNode, type NodeOptions, type OpenNode, type RunningNode, type ServerOptions } from './node.ts';
export {
  decidePropose,
  decideRoundVote,
  decideStart,
  type ProposeReply,
  type RoundCandidate,
  type Starting,
  type StartReply,
} from './rounds.ts';
export { startSequencer, type Sequencer } from './sequencer.ts';
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
  type ReportMark,
  type Rival,
  type SlotRecord,
  type Surroundings,
} from './slot.ts';
