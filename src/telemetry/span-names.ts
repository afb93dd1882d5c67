/** Every name of a span. What a caller said, typed or is called by is in none of their attributes. */
export type SpanName =
  /** The root: a whole call, from its first webhook to its end. Told when it has ended. */
  | 'call'
  /** A request of the carrier's. */
  | `POST ${string}`
  /** The search for a node that has room. */
  | 'placement'
  /** What one node wrote to another, taken there. */
  | `message ${string}`
  /** A media stream of the call, told when the call has ended. */
  | 'stream'
  /** From a stream's start to the first audio handed over. */
  | 'first word'
  /** From the need of a model session until it talks. */
  | 'model session'
  /** From the caller's first sound to the end of the answer, and what the silence between was made of. */
  | 'turn'
  | 'turn.vad'
  | 'turn.model'
  | 'turn.bridge'
  | 'turn.playout'
  | `tool ${string}`
  /** From the last that is known of a broken stream to the next stream of the conversation. */
  | 'takeover'
  /** The same, where a stream was left on purpose for another node. */
  | 'handover'
  /** The carrier is told to ask for a call whose stream broke. */
  | 'redirect'
  /** The call is with the staff, records a message, waits for a place, or reads the keypad menu. */
  | 'transfer'
  | 'voicemail'
  | 'waiting room'
  | 'menu';

/** Every attribute of a span, by its type. Times are milliseconds. */
export interface SpanAttributes {
  /** Of every span. */
  'aida.call_sid'?: string;
  'aida.store'?: string;
  'aida.outcome'?: string;
  /** The call broke and went on; how often. */
  'aida.takeover'?: boolean;
  'aida.takeovers'?: number;
  /** A caller waited longer than `slowTurnMs` for an answer. */
  'aida.slow_turn'?: boolean;
  'aida.silence_ms'?: number;
  'aida.silence_max_ms'?: number;
  'aida.vad_ms'?: number;
  'aida.model_ms'?: number;
  'aida.bridge_ms'?: number;
  'aida.playout_ms'?: number;
  /** What answered first: the model, or a sentence of ours. */
  'aida.answered_by'?: 'model' | 'line';
  'aida.interrupted'?: boolean;
  'aida.turn'?: number;
  'aida.turns'?: number;
  'aida.tool'?: string;
  'aida.tools'?: number;
  'aida.streams'?: number;
  'aida.language'?: string;
  'aida.stream_sid'?: string;
  'aida.node'?: string;
  'aida.node.before'?: string;
  'aida.epoch'?: number;
  'aida.model'?: string;
  /** What became of it: of a placement, tool, transfer, stream, redirect. */
  'aida.result'?: string;
  /** What a redirect took to be heard. */
  'aida.tries'?: number;
  'aida.attempts'?: number;
  'http.request.method'?: 'POST';
  'http.route'?: string;
  'http.response.status_code'?: number;
  'messaging.operation.type'?: 'process';
  /** The code of what went wrong; the span's status is an error then. */
  'error.type'?: string;
}

/** The service objective of an answer: a turn beyond it is slow. */
export const slowTurnMs = 2_000;
