import type { CallEffect, CallEvent, Intent } from '../../machines/call-events.ts';
import type { CallView } from './call-door.ts';
import type { CarrierPort } from './carrier.ts';
import type { JournalWriter } from './journal-writer.ts';
import { leaveStream } from './leaving.ts';
import type { StreamPort, Told } from './stream-port.ts';

/** A tool that writes waits so long for Redis' word that the call is still this process's. */
const confirmMs = 1_000;
const unconfirmed =
  'This cannot be done right now. Say so in a few words, and offer to put the caller through to staff or to take a voicemail.';

type ToolAnswer = Omit<Extract<CallEvent, { type: 'tool.answered' }>, 'type' | 'at' | 'toolCallId'>;

export interface ToolRunner {
  definitions: readonly { name: string }[];
  /** The tool changes something that outlives the call: it runs for the call's owner only. */
  writes(name: string): boolean;
  run(ask: {
    callSid: string;
    from: string;
    epoch: number;
    toolCallId: string;
    name: string;
    arguments: string;
  }): Promise<ToolAnswer>;
}

export interface EffectHost {
  tools: ToolRunner;
  carrier: CarrierPort;
  /** TwiML that carries out an intent; null for one that only `/voice/next` can. */
  twimlFor(intent: Intent, call: CallView): string | null;
  toolRan(name: string, ran: Pick<ToolAnswer, 'result' | 'durationMs'>): void;
  /** The call goes on in this language. */
  languageChosen(callSid: string, language: string): void;
  /** The stream was to be left; `isTold`: whoever decides what the caller hears next knows for what. */
  left(intent: Intent, isTold: boolean): void;
}

/** The call that asks for the effects. */
export interface EffectCall {
  readonly view: CallView;
  /** Of the stream, null without one. */
  readonly port: StreamPort | null;
  /** The call is somebody else's, or over. */
  readonly isGone: boolean;
  tell(fact: Told): void;
  /** An effect threw: the stream ends, the call goes on through the carrier's next question. */
  fail(error: unknown): void;
}

/** Does what a call's machine asks for, each effect once, and tells the call what came of it. */
export class Effects {
  private readonly call: EffectCall;
  private readonly host: EffectHost;
  private readonly writer: JournalWriter;
  private readonly started = new Set<string>();
  private intent: Intent | null = null;

  constructor(call: EffectCall, host: EffectHost, writer: JournalWriter) {
    this.call = call;
    this.host = host;
    this.writer = writer;
  }

  start(effect: CallEffect): void {
    if (this.started.has(effect.id)) return;
    this.started.add(effect.id);
    switch (effect.type) {
      case 'model.open':
        this.intent = null;
        this.call.port?.openModel(effect.opening, effect.seed);
        return;
      case 'tool.deliver':
        this.call.port?.deliverTool(effect.toolCallId, effect.output, effect.respond);
        return;
      case 'line.play':
        this.call.port?.play(effect.line, effect.language);
        return;
      case 'model.rotate':
        this.call.port?.rotate(effect.seed);
        return;
      case 'model.note':
        this.call.port?.note(effect.noteId, effect.text);
        return;
      case 'model.nudge':
        this.call.port?.nudge();
        return;
      case 'model.drop':
        this.call.port?.dropModel();
        return;
      case 'tool.run':
        this.runTool(effect).catch((error: unknown) => this.call.fail(error));
        return;
      case 'stream.leave':
        this.leave(effect.intent).catch((error: unknown) => this.call.fail(error));
        return;
      case 'carrier.ask':
        void this.host.carrier.ask(this.call.view.callSid).then((fact) => fact && this.call.tell(fact));
    }
  }

  /** What the call was left for, null if it was not; from here on it is not offered to anybody else. */
  takeIntent(): Intent | null {
    const { intent } = this;
    if (intent !== null) this.writer.withdraw();
    this.intent = null;
    return intent;
  }

  private async runTool({
    toolCallId,
    name,
    arguments: args,
  }: Extract<CallEffect, { type: 'tool.run' }>): Promise<void> {
    const { tools } = this.host;
    const isOurs = !tools.writes(name) || (await this.writer.confirmed(confirmMs));
    if (this.call.isGone) return;
    const { callSid, from, epoch } = this.call.view;
    const answer: ToolAnswer = isOurs
      ? await tools.run({ callSid, from, epoch, toolCallId, name, arguments: args })
      : { result: 'refused', output: unconfirmed, durationMs: confirmMs, leave: null };
    this.host.toolRan(name, answer);
    this.call.tell({ type: 'tool.answered', toolCallId, ...answer });
    if (answer.language !== undefined) this.host.languageChosen(callSid, answer.language);
  }

  private async leave(intent: Intent): Promise<void> {
    const { call, host, writer } = this;
    const { port, view } = call;
    if (port === null) return;
    this.intent = intent;
    const left = await leaveStream({
      callSid: view.callSid,
      intent,
      twiml: () => host.twimlFor(intent, view),
      port,
      writer,
      carrier: host.carrier,
      isOver: () => call.isGone || call.port !== port,
    });
    if (left === 'over') return;
    host.left(intent, left === 'committed' || left === 'replaced');
    switch (left) {
      case 'committed':
        return port.end('left');
      case 'closed':
        return port.end('failed');
      case 'gone':
        return call.tell({ type: 'carrier.gone', status: 'completed', durationS: null });
      case 'replaced':
        // As if it had asked: the stream ends by the carrier's own word.
        return call.tell({ type: 'carrier.nextAsked', intent: this.takeIntent(), breaks: 0 });
      case 'nowhere':
        this.takeIntent();
        call.tell({ type: 'intent.withdrawn' });
        if (intent.kind !== 'handover') void port.say('withdrawn');
    }
  }
}
