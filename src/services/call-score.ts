/** A call as people read it, told from its journal or from what is kept of it. */

/** Who is heard from when; ms since the call arrived. */
export interface Voice {
  /** The model's id of the item. */
  itemId: string;
  who: 'caller' | 'aida';
  fromMs: number;
  toMs: number;
  /** What was said; of Aida as far as it was heard. */
  text: string;
  /** Of Aida: the caller cut it off after so much of all that it wanted to say. */
  cut: { heardMs: number; totalMs: number; unheard: string } | null;
  /** Of Aida: how long the caller had waited in silence; null where nobody had asked. */
  silenceMs: number | null;
}

/** One line of the score. */
export interface ScoreLine {
  atMs: number;
  /** Where the call stands from here on, null where it stands as before. */
  place: string | null;
  kind: 'caller' | 'aida' | 'tool' | 'call' | 'clock' | 'effect' | 'claim';
  text: string;
}

export interface Latencies {
  /** From the first stream to the first sound. */
  firstWordMs: number | null;
  /** From the end of a caller's turn to the first sound of the answer, ascending. */
  silencesMs: number[];
  /** From a stream to its model session. */
  modelMs: number[];
  tools: { name: string; ms: number | null }[];
}

export interface ScoreTool {
  atMs: number;
  name: string;
  /** As the model gave it. */
  arguments: string;
  /** Null while it runs. */
  result: string | null;
  output: string | null;
  durationMs: number | null;
}

export interface Score {
  callSid: string;
  from: string;
  to: string;
  /** Redis-clock ms. */
  startedAt: number;
  lastsMs: number;
  outcome: string;
  status: string;
  voices: Voice[];
  /** While a stream was attached. */
  streams: { fromMs: number; toMs: number; node: string }[];
  /** Where the call stood from when to when: `conversation.talking`. */
  places: { place: string; fromMs: number; toMs: number }[];
  tools: ScoreTool[];
  lines: ScoreLine[];
  latencies: Latencies;
}
