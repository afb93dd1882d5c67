import type { CallEvent, Line, Opening, Turn } from '../../../machines/call-events.ts';
import type { ResidentCall, StreamPort, Told } from '../../calls/stream-port.ts';

/** What a guest was told of a transfer, as the assistant was. */
export interface Answer {
  accepted: boolean;
  placeInLine?: number;
  next?: string;
  why?: string;
}

type Step = (guest: Guest) => void;

const spoken = (itemId: string, responseId: string, text: string): Told[] => [
  { type: 'assistant.said', itemId, responseId, text, totalMs: 100 },
  ...responded(responseId, []),
  { type: 'assistant.heard', itemId, text, heardMs: 100, totalMs: 100, cut: false },
  { type: 'assistant.fellSilent' },
];

const responded = (responseId: string, toolCallIds: string[]): Told[] => [
  {
    type: 'model.responded',
    responseId,
    status: 'completed',
    spoke: toolCallIds.length === 0,
    toolCallIds,
    errorCode: null,
    usage: null,
  },
];

/**
 * A caller and the assistant that talks with it, without sound: what would be said and heard is told to the call at
 * once. Its call may be streamed more than once.
 */
export class Guest {
  readonly openings: Opening[] = [];
  readonly seeds: (readonly Turn[])[] = [];
  readonly answers: Answer[] = [];
  readonly lines: Line[] = [];
  /** Ends of its streams that it did not bring about itself. */
  streams = 0;
  private call: ResidentCall | null = null;
  private count = 0;
  private readonly onOpened: Step;
  private readonly onAnswered: Step;

  /** `onOpened`: a stream has begun and the opening was heard; `onAnswered`: a tool's answer was passed on. */
  constructor(onOpened: Step, onAnswered: Step) {
    this.onOpened = onOpened;
    this.onAnswered = onAnswered;
  }

  /** The port of its next stream; `end` closes the socket. */
  port(end: () => void): StreamPort {
    this.streams += 1;
    return {
      openModel: (opening, seed) => {
        this.openings.push(opening);
        this.seeds.push(seed);
        this.tell([{ type: 'model.ready', sessionId: `sess_${this.next()}`, model: 'm' }, ...this.says(opening)]);
        this.onOpened(this);
      },
      deliverTool: (_, output, respond) => {
        this.answers.push(JSON.parse(output) as Answer);
        if (respond) this.tell(this.says('Here is what I know.'));
        this.onAnswered(this);
      },
      play: (line) => {
        this.lines.push(line);
        const itemId = `line_${line}_${this.next()}`;
        this.tell([
          { type: 'assistant.said', itemId, responseId: '', text: line, totalMs: 100 },
          { type: 'assistant.heard', itemId, text: line, heardMs: 100, totalMs: 100, cut: false },
          { type: 'assistant.fellSilent' },
        ]);
      },
      rotate: () => undefined,
      note: () => undefined,
      nudge: () => undefined,
      dropModel: () => undefined,
      lastWords: () => Promise.resolve(),
      say: () => Promise.resolve(),
      heardMs: () => 0,
      end,
    };
  }

  attached(call: ResidentCall): void {
    this.call = call;
  }

  tell(facts: readonly Told<CallEvent>[]): void {
    // Each as a turn of its own, as it comes from the network.
    for (const fact of facts) setImmediate(() => this.call?.tell(fact));
  }

  /** Says something, and has the assistant ask for staff. */
  asksForStaff(words: string, reason: string): void {
    const [itemId, responseId, toolCallId] = [`u${this.next()}`, `r${this.next()}`, `t${this.next()}`];
    this.tell([
      { type: 'caller.speechStarted', itemId },
      { type: 'caller.speechStopped', itemId },
      { type: 'caller.said', itemId, text: words, after: null },
      { type: 'tool.asked', toolCallId, responseId, name: 'transfer_to_staff', arguments: JSON.stringify({ reason }) },
      ...responded(responseId, [toolCallId]),
    ]);
  }

  private says(text: string): Told[] {
    return spoken(`a${this.next()}`, `r${this.next()}`, text);
  }

  private next(): number {
    return (this.count += 1);
  }
}
