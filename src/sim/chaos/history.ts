import type { TranscriptLine } from '../../../entities/call-log.ts';
import type { JournalEntry } from '../../directory/journal.ts';
import type { FaultKind } from './fault-kinds.ts';

/** A stretch of time; all times of a history are ms of `performance.now()` in the process that recorded it. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** Something said, by the caller or to the caller. */
export interface Utterance extends Span {
  text: string;
  /** It came to its end. */
  whole: boolean;
}

/** One media socket as the carrier saw it. */
export interface RecordedStream {
  /** The host of its address, which names the node. */
  host: string;
  openedMs: number | null;
  endedMs: number | null;
  /** `server`: closed with a handshake; `broken`: without; `refused`: never opened; `twilio`: the carrier closed it. */
  endedBy: 'server' | 'broken' | 'refused' | 'twilio' | null;
  /** From the first to the last audio that the service sent over it; null without any. */
  audio: Span | null;
  /** When the service had what was not played yet thrown away. */
  clearsMs: number[];
}

/** A request of the carrier about a call. */
export interface RecordedWebhook {
  atMs: number;
  url: string;
  /** Null without an answer. */
  status: number | null;
  tries: number;
  /** What its tries took that nobody answered: a balancer that checks nothing had sent them to where nobody is. */
  unansweredMs: number;
}

/** A fact as the outbox told it: in the order in which Redis took the facts in. */
export interface Arrival {
  epoch: number;
  seq: number;
}

/** One call: what its caller lived through, and what was written down of it. */
export interface RecordedCall {
  callSid: string;
  from: string;
  placedMs: number;
  answeredMs: number | null;
  endedMs: number | null;
  /** The carrier's word. */
  status: string;
  endedBy: 'phone' | 'service' | 'network' | null;
  /** Why the caller thinks that the call was lost: what was not said or done as agreed; null for a call that went well. */
  lost: string | null;
  said: Utterance[];
  heard: Utterance[];
  /** Sound, whatever it was; pauses below 200 ms belong to it. */
  sounds: Span[];
  streams: RecordedStream[];
  webhooks: RecordedWebhook[];
  journal: JournalEntry[];
  arrivals: Arrival[];
  /** What the call's hash says of its end, null for a call that lives or is unknown. */
  endedAs: string | null;
  /** Where the folded journal stands. */
  state: string;
  /** What the nodes wrote of where it stands, null for a call that is unknown. */
  toldState: string | null;
}

/** Load and room of one node, and what its load is made of, read in one step. */
export interface PlacementNode {
  node: string;
  load: number;
  capacity: number;
  /** Calls of its last heartbeat. */
  live: number;
  reserved: number;
}

export interface PlacementSample {
  atMs: number;
  nodes: PlacementNode[];
}

export interface RecordedFault extends Span {
  kind: FaultKind;
  /** The node it befell, null for one that befell all. */
  host: string | null;
}

/** A row of the sink, as far as it tells one turn from another. */
export interface TurnRow {
  callSid: string;
  itemId: string;
  text: string;
}

/** Something done in the world on a call's behalf: a message kept, a call-back noted, a call redirected. */
export interface RecordedEffect {
  callSid: string;
  /** What it is; the same key twice is the same effect twice. */
  key: string;
  /** Of whoever did it, null where that is not written down. */
  epoch: number | null;
}

/** The row of a call in the database. */
export interface CallRow {
  callSid: string;
  status: string;
  isEnded: boolean;
  /** As it was made while facts came. */
  transcript: TranscriptLine[] | null;
}

/** What is still there when every call is over; all of it must be nothing. */
export interface Remainder {
  callsLive: number;
  factsWaiting: number;
  modelSessions: number;
  streams: number;
  reservations: number;
  due: number;
  waiting: number;
  /** Sets of calls that hold one that has ended. */
  callSets: string[];
  /** Keys without an expiry, besides those that must have none. */
  lasting: string[];
  /** Sockets and timers of each living node beyond what it had before the first call. */
  handles: { host: string; sockets: number; timers: number }[];
}

/** Everything that was recorded of one run. */
export interface History {
  seed: number;
  calls: RecordedCall[];
  placements: PlacementSample[];
  faults: RecordedFault[];
  turns: TurnRow[];
  effects: RecordedEffect[];
  rows: CallRow[];
  remainder: Remainder;
  /** When the recording process, and the carrier in it, was held up. */
  stalls: Span[];
}
