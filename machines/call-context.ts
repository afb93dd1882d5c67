import {
  type CallEffect,
  type CallInput,
  type DeadlineName,
  type Intent,
  type Line,
  type Opening,
  type Turn,
} from './call-events.ts';

/** Raised when the same journal would fold to another state. */
export const machineVersion = 1;

/** How a call came out, for its row. */
export type Outcome = 'answered' | 'transferred' | 'voicemail' | 'menu' | 'callback' | 'abandoned' | 'missed';

/** A conversation that is about to be left: the intent that a farewell is being said for. */
export interface Leaving {
  intent: Intent;
  /** The tool ask that brought it, '' where none did. */
  toolCallId: string;
  responseId: string;
  output: string;
  delivered: boolean;
  /** The farewell, where not the model finds the words. */
  line: Line | null;
}

export interface CallContext {
  callSid: string;
  machineVersion: number;
  from: string;
  to: string;
  arrivedAt: number;
  streamSid: string | null;
  /** What the next model session says first. */
  opening: Opening;
  turns: Turn[];
  /** Model sessions lost in a row without an answer between. */
  modelAttempts: number;
  /** The last response since the caller's turn began that ended: whether it had sound, and asked for a tool. */
  lastResponse: { id: string; spoke: boolean; asks: boolean } | null;
  /** All that was sent has been played and no response is under way. */
  silent: boolean;
  /** The caller speaks, as far as the model hears. */
  speaking: boolean;
  /** Somebody's turn is under way: the caller's until it was answered, or the opening. */
  turnOpen: boolean;
  /** The sound that the caller made last. */
  soundId: string;
  /** The process that holds the call is to end. */
  draining: boolean;
  /** Sentences that filled the caller's wait since the turn began. */
  waits: number;
  /** Times in a row that the caller was asked whether anybody is there. */
  quietRounds: number;
  /** `due`: the model session is old, another one goes on at the next turn boundary; `asked`: it is being made ready. */
  rotation: 'due' | 'asked' | null;
  /** When the model session becomes old. */
  rotateAt: number | null;
  /** The longest conversation, null without a bound; when the caller is told next that it comes to its end. */
  lastsMsMax: number | null;
  lengthAt: number | null;
  isNearlyOver: boolean;
  /** Somebody on the staff is kept free for this caller, who is told at the next turn boundary. */
  offer: { to: string; reason: string } | null;
  /** The call waits for somebody on the staff while it goes on. */
  inLine: boolean;
  /** Who of the staff is rung, E.164; null where whoever asks chooses. */
  ringing: string | null;
  /** Who takes the call over: it is at a supervisor's phone, or rings there. */
  supervisor: string | null;
  /** ISO 639-1. */
  language: string;
  /** The model session was lost while an intent was being committed. */
  modelGone: boolean;
  leaving: Leaving | null;
  /** Reason or topic of the intent that was carried out last. */
  about: string;
  recordings: number;
  menuRounds: number;
  outcome: Outcome;
  effectCount: number;
  pending: { effects: Record<string, CallEffect>; deadlines: Partial<Record<DeadlineName, number>> };
}

export function initialContext(input: CallInput): CallContext {
  return {
    callSid: input.callSid,
    machineVersion,
    from: '',
    to: '',
    arrivedAt: 0,
    streamSid: null,
    opening: 'greeting',
    turns: [],
    modelAttempts: 0,
    lastResponse: null,
    silent: true,
    speaking: false,
    turnOpen: false,
    soundId: '',
    draining: false,
    waits: 0,
    quietRounds: 0,
    rotation: null,
    rotateAt: null,
    lastsMsMax: null,
    lengthAt: null,
    isNearlyOver: false,
    offer: null,
    inLine: false,
    ringing: null,
    supervisor: null,
    language: 'en',
    modelGone: false,
    leaving: null,
    about: '',
    recordings: 0,
    menuRounds: 0,
    outcome: 'missed',
    effectCount: 0,
    pending: { effects: {}, deadlines: {} },
  };
}

/** An effect before it has its id. */
export type Wish = CallEffect extends infer E ? (E extends CallEffect ? Omit<E, 'id'> : never) : never;

/** Effects whose answer must come: whoever takes the call over starts them again. */
const awaited: ReadonlySet<CallEffect['type']> = new Set(['model.open', 'tool.run', 'stream.leave', 'carrier.ask']);

/** What one fact does to a call: its next context, and the effects to emit. Works on a copy. */
export class Step {
  context: CallContext;
  readonly effects: CallEffect[] = [];

  constructor(context: CallContext) {
    this.context = { ...context };
  }

  set(patch: Partial<CallContext>): this {
    Object.assign(this.context, patch);
    return this;
  }

  arm(name: DeadlineName, at: number): this {
    const { pending } = this.context;
    return this.set({ pending: { ...pending, deadlines: { ...pending.deadlines, [name]: at } } });
  }

  /** Drops one deadline, or all: a call has one state and so one thing to wait for, and who enters a state drops the last one's. */
  disarm(name?: DeadlineName): this {
    const { pending } = this.context;
    const deadlines = { ...pending.deadlines };
    if (name) delete deadlines[name];
    return this.set({ pending: { ...pending, deadlines: name ? deadlines : {} } });
  }

  /** Emits the effect and, where an answer must come, notes it in `pending`. */
  want(wish: Wish): this {
    const effectCount = this.context.effectCount + 1;
    const effect: CallEffect = { ...wish, id: `e${effectCount}` };
    const { pending } = this.context;
    this.effects.push(effect);
    this.set({ effectCount });
    if (!awaited.has(effect.type)) return this;
    return this.set({ pending: { ...pending, effects: { ...pending.effects, [effect.id]: effect } } });
  }

  /** Takes the effects that `isAnswered` picks out of `pending`. */
  answer(isAnswered: (effect: CallEffect) => boolean): this {
    const { pending } = this.context;
    const left = Object.entries(pending.effects).filter(([, effect]) => !isAnswered(effect));
    return this.set({ pending: { ...pending, effects: Object.fromEntries(left) } });
  }
}

/** True when this deadline stands and its time has come; a stale one is nothing. */
export function isDue(context: CallContext, event: { name: DeadlineName; at: number }): boolean {
  const at = context.pending.deadlines[event.name];
  return at !== undefined && event.at >= at;
}
