/** Codes with which a response can fail (`response.done` with status `failed`). */
export const FAILURE_CODES = [
  'rate_limit_exceeded',
  'insufficient_quota',
  'credit_balance_exhausted',
  'server_error',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** What can happen to the socket: cut without a word (1006), open but dead, expired after its hour, closed in good order (1001), closed for an error of the server's (1011). */
export const SOCKET_FAULTS = ['die', 'freeze', 'expire', 'goAway', 'crash'] as const;
export type SocketFault = (typeof SOCKET_FAULTS)[number];

/** One output item of a response, or its failure. `arguments` as a string is sent as it is, broken JSON included. */
export type Step =
  | {
      readonly say: string;
      readonly fault?: { readonly kind: SocketFault; readonly atMs: number };
      /** As the first step of a response: it thinks so much longer before it speaks. */
      readonly afterMs?: number;
    }
  | { readonly call: string; readonly arguments: Readonly<Record<string, unknown>> | string }
  | { readonly fail: FailureCode }
  | { readonly fault: SocketFault };

export type Plan = readonly Step[];

/** Why the model speaks now. */
export type TurnKind =
  /** The caller spoke, or a client put the caller's words in as text. */
  | 'caller'
  /** Function outputs are waiting to be told. */
  | 'tools'
  /** A `response.create` before anybody said anything. */
  | 'greeting'
  /** A `response.create` or a system item that gives the words in quotes. */
  | 'told'
  /** Told without words of its own to be sorry and answer what the caller said last. */
  | 'apology'
  /** A `response.create` in a conversation where nothing is left to answer. */
  | 'resumed'
  /** `idle_timeout_ms` passed. */
  | 'idle';

export interface ToolOutput {
  readonly callId: string;
  readonly name: string;
  readonly output: string;
}

/** Everything a rule may look at. */
export interface Turn {
  readonly kind: TurnKind;
  /** The words that arrived: of the caller's turn, or of the turn before for the other kinds. */
  readonly heard: string;
  /** Words given in quotes by instructions or a system item; empty when none. */
  readonly told: string;
  /** The instructions or the system item that asked for this response; empty when none. */
  readonly directive: string;
  /** Instructions in force: the response's, else the session's. */
  readonly instructions: string;
  /** Names of the functions that may be called now. */
  readonly tools: readonly string[];
  /** Outputs not yet spoken about. */
  readonly outputs: readonly ToolOutput[];
  /** Notes of people who help, since the assistant spoke last. */
  readonly notes: readonly string[];
  /** What callers said in this conversation before this turn, oldest first, seeded items included. */
  readonly callerWords: readonly string[];
  /** What the assistant is known to have said, cut where it was truncated. */
  readonly assistantWords: readonly string[];
  /** 0 for the first response of the session. */
  readonly responseIndex: number;
  readonly sessionIndex: number;
}

/** Decides instead of the rules; null leaves the turn to them. */
export type Script = (turn: Turn) => Plan | null;
