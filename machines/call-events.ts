/**
 * The facts that a call's journal is made of, and the effects that its machine asks for.
 * Every `at` and every deadline is Redis-clock milliseconds. A fact carries all that the machine may
 * not make up by itself: ids, times, random values. Stored journals hold these shapes: add, never rename.
 */

/** What a call that leaves the conversation is to become when the carrier asks again. */
export type Intent =
  | {
      kind: 'transfer';
      reason: string;
      /** Who is kept free for this call, E.164; absent: whoever can be had when the carrier asks. */
      to?: string;
      /** A supervisor takes the call over, at the phone `to`: by this name. Releases before this one ring the staff. */
      supervisor?: string;
    }
  | { kind: 'voicemail'; topic: string }
  | { kind: 'hangup'; reason: string }
  /** The keypad menu: no model can be had, or the stream broke too often. */
  | { kind: 'menu'; reason: string }
  /** Another node goes on with the conversation. */
  | { kind: 'handover'; reason: string };

export interface Usage {
  textIn: number;
  textInCached: number;
  audioIn: number;
  audioInCached: number;
  textOut: number;
  audioOut: number;
}

/** The carrier: webhooks, the media stream and answers of its REST interface. */
export type CarrierFact =
  | {
      type: 'carrier.arrived';
      at: number;
      from: string;
      to: string;
      node: string;
      /** No place is free: the caller waits. */
      queued?: true;
      /** No assistant for this caller: where the call begins instead. */
      rung?: Rung;
      /** The whole call is recorded from its first stream on. */
      recorded?: true;
      /** What was said when this caller was cut off a moment ago. */
      previous?: SpokenTurn[];
      /** The longest conversation that the store allows, ms. */
      lastsMsMax?: number;
      /** What is spoken at first, ISO 639-1. */
      language?: string;
    }
  /** The recording of the whole call is paused, goes on, or is stopped for good: the caller does not want it. */
  | { type: 'carrier.recordingSet'; at: number; to: 'paused' | 'in-progress' | 'stopped' }
  /** `/voice/next`: the carrier asks what to do. `intent` is what the last epoch left for it. */
  | { type: 'carrier.nextAsked'; at: number; intent: Intent | null; breaks: number; queued?: true }
  /** The waiting room is left. `placed`: a node has a place for the call. */
  | { type: 'carrier.waitEnded'; at: number; how: WaitEnd; waitedMs: number }
  | { type: 'carrier.streamStarted'; at: number; streamSid: string; node: string }
  /** The stream ended; the call may go on. */
  | { type: 'carrier.streamStopped'; at: number; streamSid: string; reason: StreamStopReason }
  | { type: 'carrier.dtmf'; at: number; digit: string }
  /** A call status as the carrier words it; `sequence` orders callbacks, null where it gives none. */
  | { type: 'carrier.statusReported'; at: number; status: string; durationS: number | null; sequence: number | null }
  | {
      type: 'carrier.dialEnded';
      at: number;
      result: string;
      durationS: number;
      queued?: true;
      /** Nobody answered, and this number is kept free and rung next. */
      next?: string;
      /** Nobody was free, and the call is in line for the staff. */
      waits?: true;
    }
  | { type: 'carrier.menuChosen'; at: number; digits: string }
  | {
      type: 'carrier.recordEnded';
      at: number;
      recordingSid: string;
      recordingUrl: string;
      durationS: number;
      digits: string;
      /** The caller is asked by key what to do with the message. */
      review?: true;
    }
  /** The caller's word about the message; '' for none. */
  | { type: 'carrier.reviewed'; at: number; choice: 'keep' | 'again' | 'person' }
  | {
      type: 'carrier.recordingReady';
      at: number;
      recordingSid: string;
      recordingUrl: string;
      durationS: number;
      status: string;
      /** Of the whole call; absent: of a message. */
      of?: 'call';
    }
  /** REST said that the call is over (21220 or a final status without a callback). */
  | { type: 'carrier.gone'; at: number; status: string; durationS: number | null }
  /** REST said that the call still lives, asked because a deadline passed. */
  | { type: 'carrier.stillLive'; at: number; status: string };

/** What takes a call when the assistant does not. */
export type Rung = 'menu' | 'voicemail' | 'staff';

export type WaitEnd = 'placed' | 'voicemail' | 'menu' | 'callback' | 'person' | 'goodbye';

export type StreamStopReason = 'stopped' | 'closed' | 'silent' | 'refused' | 'superseded' | 'left' | 'failed';

/** The words with which a carrier says that a call is over. */
export const finalStatuses: ReadonlySet<string> = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

/** Keys that always reach a person, without the model. */
export const personKeys: ReadonlySet<string> = new Set(['0', '*']);

export type ModelFact =
  | {
      type: 'model.ready';
      at: number;
      sessionId: string;
      model: string;
      /** After so long another session should go on, ms. */
      rotateMs?: number;
    }
  /** Another session went on where the last one was, or could not: null. */
  | { type: 'model.rotated'; at: number; sessionId: string | null; rotateMs: number }
  /** The session ended or never came to be; `fatal` by the table of error codes. */
  | { type: 'model.lost'; at: number; code: string; fatal: boolean }
  | {
      type: 'model.responded';
      at: number;
      responseId: string;
      status: ResponseStatus;
      spoke: boolean;
      toolCallIds: string[];
      errorCode: string | null;
      usage: Usage | null;
    };

export type ResponseStatus = 'completed' | 'cancelled' | 'incomplete' | 'failed';

export type SpeechFact =
  | { type: 'caller.speechStarted'; at: number; itemId: string }
  /** `agoMs`: how long before that the caller's last sound was; releases before this one did not say. */
  | { type: 'caller.speechStopped'; at: number; itemId: string; agoMs?: number }
  /** A caller's turn in words, redacted; '' where the transcription failed. `after` is the item it follows. */
  | { type: 'caller.said'; at: number; itemId: string; text: string; after: string | null }
  /** Everything that the model wanted to say in this item, redacted. */
  | { type: 'assistant.said'; at: number; itemId: string; responseId: string; text: string; totalMs: number }
  /** How much of the item reached the caller's ear; `text` is the part heard, whole where not cut. */
  | {
      type: 'assistant.heard';
      at: number;
      itemId: string;
      text: string;
      heardMs: number;
      totalMs: number;
      cut: boolean;
    }
  /** All audio sent so far was played and no response is under way. */
  | { type: 'assistant.fellSilent'; at: number };

export type ToolFact =
  | { type: 'tool.asked'; at: number; toolCallId: string; responseId: string; name: string; arguments: string }
  | {
      type: 'tool.answered';
      at: number;
      toolCallId: string;
      result: ToolResult;
      output: string;
      durationMs: number;
      leave: Intent | null;
      /** ISO 639-1: what is spoken from here on. */
      language?: string;
      /** The caller was promised a call back, about this. */
      callback?: string;
      /** The call is in line for the staff: silence is no sign that nobody is there. */
      waits?: true;
    };

export type ToolResult = 'ok' | 'refused' | 'failed' | 'late';

/** What the process that holds the call says of itself. */
export type NodeFact =
  /** It is to end: the call goes elsewhere at its next turn boundary, or at once. */
  | { type: 'node.draining'; at: number; urgent: boolean }
  /** The intent could be told to nobody: the conversation goes on. */
  | { type: 'intent.withdrawn'; at: number };

/** Staff, for a call that waits for somebody. */
export type StaffFact =
  /** Somebody is kept free for this caller. */
  | { type: 'staff.offered'; at: number; to: string; reason: string }
  /** Nobody takes calls any more at this hour: the line is closed. */
  | { type: 'staff.wentHome'; at: number };

/**
 * What a supervisor does to a call from the console; `by` is his or her name. Releases before this one do nothing about
 * these: what they lead to stands in an intent, or is said by whoever holds the call.
 */
export type SupervisorFact =
  /** A note for the assistant's next answer, redacted; the caller does not hear it. */
  | { type: 'supervisor.whispered'; at: number; noteId: string; by: string; text: string }
  /** The call is to be put through to this phone, E.164. */
  | { type: 'supervisor.tookOver'; at: number; by: string; to: string }
  /** The assistant goes on where it was. */
  | { type: 'supervisor.gaveBack'; at: number; by: string }
  | {
      type: 'supervisor.transferred';
      at: number;
      by: string;
      /** Who of the staff is kept free for the call, E.164; absent: whoever can be had. */
      to?: string;
      /** Nobody is free: the call is in line for the staff while it goes on. */
      waits?: true;
    }
  | { type: 'supervisor.hungUp'; at: number; by: string };

export type ClockFact = { type: 'deadline.passed'; at: number; name: DeadlineName };

/** A digit run that became a card number only by a later turn: what earlier facts said of it is replaced. */
export type RedactionFact = { type: 'journal.redacted'; at: number; itemId: string; text: string };

/**
 * Its caller had everything erased: consumers of the call's facts forget it. In no journal: the journal is gone by then.
 * Said of an erasure itself as well, by its own id in place of a call's.
 */
export type ErasureFact = {
  type: 'journal.erased';
  at: number;
  erasureId: string;
  /** HMAC-SHA-256 of the caller's number, hex, and which key made it. */
  numberHash: string;
  keyId: string;
  /** Calls that arrived up to then. */
  until: number;
};

export type CallEvent =
  | CarrierFact
  | ModelFact
  | SpeechFact
  | ToolFact
  | NodeFact
  | StaffFact
  | SupervisorFact
  | ClockFact
  | RedactionFact
  | ErasureFact;

/** Sentences that are ready before they are needed. */
export type Line =
  /** A tool takes its time, or the model does. */
  | 'moment'
  /** Nobody has spoken for a while. */
  | 'stillThere'
  /** And still nobody: the call ends after it. */
  | 'goodbye'
  /** A supervisor ends the call. */
  | 'farewell'
  /** The longest conversation that is allowed is nearly over, and over. */
  | 'nearlyOver'
  | 'timeIsUp'
  /** Somebody on the staff, or a supervisor, takes the call: the caller is put through after it. */
  | 'connecting'
  /** Said now and then to a silent caller who waits for somebody on the staff. */
  | 'stillInLine'
  /** Nobody on the staff takes calls at this hour: the wait is over. */
  | 'staffAway';

/** Names of deadlines; each stands at most once in `context.pending.deadlines`. */
export type DeadlineName =
  | 'stream'
  | 'detached'
  | 'model'
  | 'retry'
  /** A tool has run for a while. */
  | 'filler'
  /** The caller's turn is over and nothing was heard since. */
  | 'answer'
  /** It is the caller's turn, and nothing is said. */
  | 'quiet'
  /** The model session is to be replaced. */
  | 'rotate'
  /** The longest conversation. */
  | 'length'
  | 'farewell'
  | 'handover'
  | 'ring'
  | 'record'
  | 'menu'
  | 'ending'
  | 'check';

/** Bounds in ms. */
export const limits = {
  /** TwiML was answered, the stream must start within it: the life of a reservation. */
  streamMs: 20_000,
  /** Without stream and without word from the carrier, then REST is asked. */
  detachedMs: 30_000,
  /** Stream attached, model session must be ready within it. */
  modelMs: 8_000,
  /** The farewell's last audio must have been heard within it. */
  farewellMs: 8_000,
  /** The turn under way may take so long before the call is handed over in the middle of it. */
  handoverMs: 20_000,
  /** Staff's phone rings, and ten seconds of network. */
  ringMs: 25_000 + 10_000,
  /** Longest voicemail, its prompt and ten seconds of network. */
  recordMs: 120_000 + 30_000,
  menuMs: 60_000,
  /** `<Hangup/>` was answered, the final status must come within it. */
  endingMs: 30_000,
  /** A call that nothing else watches is asked after this often. */
  checkMs: 300_000,
  /** Turns kept for seeding a model session. */
  turnsMax: 200,
  /** Model sessions tried in a row before the keypad menu. */
  modelAttemptsMax: 5,
  /** Waits before the second and each later session; all share `modelMs`. */
  modelRetryMs: [0, 500, 1_000, 1_500],
  /** A tool that runs so long is bridged by a sentence. */
  fillerMs: 1_500,
  /** The caller stopped and hears nothing: a sentence, then the model is asked again, then it is given up. */
  answerMs: [2_500, 4_000, 5_000],
  /** It is the caller's turn: asked whether anybody is there, asked again, then the goodbye. */
  quietMs: 12_000,
  quietRoundsMax: 2,
  /** The same while the call is in line for the staff: it is told so, and never given up. */
  inLineQuietMs: 30_000,
  /** So long before the longest conversation is over it is said. */
  nearlyOverMs: 60_000,
  /** Who speaks just then may finish; looked at so often. */
  finishMs: 10_000,
  finishCheckMs: 1_000,
  /** A model session that was to be replaced and could not be is tried again at a turn boundary after it. */
  rotateAgainMs: 5_000,
  /** Times the keypad menu is read to a caller who presses nothing. */
  menuRoundsMax: 3,
  /** Breaks within a minute after which a call is not streamed again. */
  breaksMax: 3,
} as const;

/** One line of the conversation as the caller knows it. */
export type SpokenTurn =
  | { who: 'caller'; itemId: string; text: string }
  | { who: 'assistant'; itemId: string; text: string; cut: boolean }
  | { who: 'tool'; toolCallId: string; name: string; arguments: string; output: string | null };

/** What a new model session is told, in its order: what was said, and what a supervisor noted for the assistant. */
export type Turn = SpokenTurn | { who: 'supervisor'; itemId: string; text: string };

/** Why a model session is opened: what it says first. */
export type Opening =
  | 'greeting'
  | 'bridging'
  | 'staffUnavailable'
  /** Handed over between two turns: nothing is said unless the caller waits for an answer. */
  | 'resuming'
  /** A supervisor had the call and gave it back. */
  | 'returned'
  /** Cut off a moment ago, and calls again. */
  | 'redialed';

/**
 * What the machine wants done. `id` is unique in the call and stable over folds; what stands in
 * `context.pending.effects` is started again by whoever takes the call over.
 */
export type CallEffect =
  | { type: 'model.open'; id: string; opening: Opening; seed: Turn[] }
  /** Another session is made ready beside the one that talks, and goes on in a pause: answered by `model.rotated`. */
  | { type: 'model.rotate'; id: string; seed: Turn[] }
  /** A supervisor's note, for the model's next answer. */
  | { type: 'model.note'; id: string; noteId: string; text: string }
  /** The model has let the caller wait: it is asked once more to speak. */
  | { type: 'model.nudge'; id: string }
  /** The session says nothing any more: it is given up, which is told by `model.lost`. */
  | { type: 'model.drop'; id: string }
  | { type: 'line.play'; id: string; line: Line; language: string }
  | { type: 'tool.run'; id: string; toolCallId: string; responseId: string; name: string; arguments: string }
  /** Give the output to the model; `respond` asks it to speak afterwards. */
  | { type: 'tool.deliver'; id: string; toolCallId: string; output: string; respond: boolean }
  /** Commit the intent with all facts so far, then end the stream. */
  | { type: 'stream.leave'; id: string; intent: Intent }
  /** Ask REST what became of the call. */
  | { type: 'carrier.ask'; id: string };

export interface CallInput {
  callSid: string;
}
