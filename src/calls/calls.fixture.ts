import type { Intent, Line, Opening, Turn } from '../../machines/call-events.ts';
import type { RedisLink } from '../directory/redis.ts';
import { createRedactor } from '../redact/redactor.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { noTracing } from '../telemetry/tracing.ts';
import type { CallView } from './call-door.ts';
import { Calls, type CallsDeps } from './calls.ts';
import type { CarrierPort } from './carrier.ts';
import type { SpokenLine, StreamPort, Told } from './stream-port.ts';

export const node = { node: 'n1', incarnation: 'i1' };

/** A stream that notes what the call asks of it. */
export class FakePort implements StreamPort {
  readonly asked: string[] = [];
  readonly seeds: Turn[][] = [];
  private waiters: (() => void)[] = [];

  openModel(opening: Opening, seed: Turn[]) {
    this.seeds.push(seed);
    this.ask(`open ${opening}`);
  }
  deliverTool(toolCallId: string, output: string, respond: boolean) {
    this.ask(`deliver ${toolCallId} ${output}${respond ? ' respond' : ''}`);
  }
  play(line: Line, language: string) {
    this.ask(`play ${line} ${language}`);
  }
  rotate(seed: Turn[]) {
    this.ask(`rotate ${seed.length}`);
  }
  note(noteId: string, text: string) {
    this.ask(`note ${noteId} ${text}`);
  }
  nudge() {
    this.ask('nudge');
  }
  dropModel() {
    this.ask('drop model');
  }
  lastWords() {
    return Promise.resolve();
  }
  say(line: SpokenLine) {
    this.ask(`say ${line}`);
    return Promise.resolve();
  }
  /** Ms since the carrier was heard. */
  silentMs = 0;
  heardMs() {
    return this.silentMs;
  }
  /** What the stream tells the call while it ends. */
  onEnd: () => void = () => undefined;
  end(reason: string) {
    this.ask(`end ${reason}`);
    this.onEnd();
    this.onEnd = () => undefined;
  }
  /** Resolves when the call has asked this. */
  async saw(what: string): Promise<void> {
    while (!this.asked.includes(what)) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
  onAsked: (what: string) => void = () => undefined;
  private ask(what: string) {
    this.asked.push(what);
    this.onAsked(what);
    for (const wake of this.waiters.splice(0)) wake();
  }
}

/** A carrier that answers nothing but what it is given. */
export const fakeCarrier = (over: Partial<CarrierPort> = {}): CarrierPort => ({
  ask: async () => null,
  redirect: async () => 'failed',
  replace: async () => 'failed',
  record: async () => 'failed',
  live: async () => null,
  place: async () => null,
  ...over,
});

export function createCalls(link: RedisLink, over: Partial<CallsDeps> = {}): Calls {
  return new Calls({
    link,
    node,
    now: Date.now,
    redactor: createRedactor({ phone: false, mail: false }),
    tools: {
      definitions: [],
      writes: (name) => name.startsWith('write'),
      run: async ({ name }) => ({
        result: 'ok',
        output: `"${name}"`,
        durationMs: 1,
        leave: intentOf(name),
        ...(name === 'speak_language' && { language: 'es' }),
      }),
    },
    carrier: fakeCarrier(),
    twimlFor: ({ kind }) => (kind === 'handover' ? null : `<${kind}/>`),
    log: createLog('silent'),
    metrics: createMetrics(),
    tracing: noTracing,
    amnesia: false,
    admit: async () => true,
    isGone: () => false,
    answers: async () => false,
    callerOf: () => null,
    streamFailed: () => undefined,
    storeName: () => 'Mangy Dog Coffee',
    callEnded: () => undefined,
    languageChosen: () => undefined,
    staff: { reserve: async () => ({ kind: 'closed' }), leave: async () => undefined },
    nextUrl: 'https://aida.example.com/voice/next',
    ...over,
  });
}

function intentOf(tool: string): Intent | null {
  if (tool === 'transfer_to_staff') return { kind: 'transfer', reason: 'wants a person' };
  return tool === 'end_call' ? { kind: 'hangup', reason: 'said goodbye' } : null;
}

/** TwiML that says where the call stands. */
export const render = (view: CallView) => `<${view.state} epoch="${view.epoch}"/>`;
export const epochIn = (answer: unknown) =>
  Number(/epoch="(\d+)"/.exec(JSON.stringify(answer).replaceAll('\\', ''))?.[1]);

let sids = 0;
export const newSid = () => `CA${String((sids += 1)).padStart(32, '0')}`;

export const arrive = (calls: Calls, callSid: string, idempotencyToken: string | null = null) =>
  calls.answer({
    callSid,
    idempotencyToken,
    kind: 'arrive',
    fact: { type: 'carrier.arrived', from: '+15550001111', to: '+15550002222', node: '' },
    render,
  });

export const askNext = (calls: Calls, callSid: string, idempotencyToken: string | null = null) =>
  calls.answer({
    callSid,
    idempotencyToken,
    kind: 'next',
    fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
    render,
  });

/** What a conversation with one question tells the call. */
export const conversation: Told[] = [
  { type: 'model.ready', sessionId: 'sess_1', model: 'm' },
  { type: 'assistant.said', itemId: 'a1', responseId: 'r0', text: 'Welcome', totalMs: 600 },
  {
    type: 'model.responded',
    responseId: 'r0',
    status: 'completed',
    spoke: true,
    toolCallIds: [],
    errorCode: null,
    usage: null,
  },
  { type: 'assistant.heard', itemId: 'a1', text: 'Welcome', heardMs: 600, totalMs: 600, cut: false },
  { type: 'assistant.fellSilent' },
  { type: 'caller.speechStarted', itemId: 'u1' },
  { type: 'caller.said', itemId: 'u1', text: 'my card is 4111111111111111', after: 'a1' },
];

export const ask = (name: string, toolCallId = 't1', responseId = 'r1'): Told[] => [
  { type: 'tool.asked', toolCallId, responseId, name, arguments: '{}' },
  {
    type: 'model.responded',
    responseId,
    status: 'completed',
    spoke: false,
    toolCallIds: [toolCallId],
    errorCode: null,
    usage: null,
  },
];

export const farewell: Told[] = [
  { type: 'assistant.said', itemId: 'a9', responseId: 'r9', text: 'Good bye', totalMs: 500 },
  {
    type: 'model.responded',
    responseId: 'r9',
    status: 'completed',
    spoke: true,
    toolCallIds: [],
    errorCode: null,
    usage: null,
  },
  { type: 'assistant.heard', itemId: 'a9', text: 'Good bye', heardMs: 500, totalMs: 500, cut: false },
  { type: 'assistant.fellSilent' },
];
