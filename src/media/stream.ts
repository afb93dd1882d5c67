import type { Line, Opening, StreamStopReason, Turn } from '../../machines/call-events.ts';
import type { CallDesk, SpokenLine, StreamPort } from '../calls/stream-port.ts';
import { Bridge, type BridgeDeps } from './bridge.ts';
import type { CadenceKind } from './cadence.ts';
import { CallerAudio } from './caller-audio.ts';
import { emptyFrame, parseMessage, type BadMessage, type StreamStart } from './frame.ts';
import { FrameSlicer } from './frame-slicer.ts';
import { Tap, type TapEar } from './tap.ts';
import { CarrierWire, type MediaSocket } from './wire.ts';

/** From the upgrade to the carrier's `start`. */
const startTimeoutMs = 10_000;
/** Without a frame for so long the carrier is asked for a sign of life by a mark, as often. */
const probeAfterMs = 2000;
/** The mark that asks for it; unlike the mouth's it has no place in the audio. */
const probeName = 'p';
/** Neither frame nor echo nor pong for so long: the line is dead. */
const deadAfterMs = 10_000;
/** Messages that had to be ignored within a window: more is no accident. */
const badMessagesMax = 250;
const badWindowMs = 10_000;
/** The first bad message of a window is logged, then every hundredth. */
const badLogEvery = 100;
/** Of the frames that are handed on at once, one in so many is timed. */
const splicesPerTimed = 4;
/** Keys pressed before the call is attached. */
const earlyDigitsMax = 20;

export type TokenCheck = { ok: true; epoch: number } | { ok: false; refused: string };

export interface StreamDeps extends BridgeDeps {
  desk: CallDesk;
  cadence: CadenceKind;
  /** The stream's token was issued for this call and has not expired. Its single use is the desk's to check. */
  checkToken(token: string, callSid: string): TokenCheck;
  onClosed(stream: CallStream): void;
}

/** One media socket of the carrier, from its upgrade to its end. Never throws. */
export class CallStream implements StreamPort {
  readonly #deps: StreamDeps;
  readonly #wire: CarrierWire;
  readonly #callerAudio: CallerAudio;
  readonly #bridge: Bridge;
  readonly #frame = emptyFrame();
  /** Those who listen; null for nobody. */
  #tap: Tap | null = null;
  readonly #openedAt: number;
  #slicer: FrameSlicer | null = null;
  #callSid: string | null = null;
  #streamSid: string | null = null;
  #attached = false;
  #earlyDigits = '';
  #ended: StreamStopReason | null = null;
  #frameCame = false;
  #frames = 0;
  #signCame = false;
  #aliveAt: number;
  #frameAt: number;
  /** Anything of the carrier's, to the millisecond: a process that was frozen must not take old news for new. */
  #heardAt: number;
  #probedAt = 0;
  #bad = 0;
  #badSince = 0;

  constructor(deps: StreamDeps, socket: MediaSocket) {
    const { metrics } = deps;
    this.#deps = deps;
    this.#wire = new CarrierWire(socket, metrics);
    this.#callerAudio = new CallerAudio(deps);
    this.#bridge = new Bridge(deps, this.#wire, this.#callerAudio, (error) => this.#fault(error));
    this.#openedAt = deps.now();
    this.#aliveAt = this.#openedAt;
    this.#frameAt = this.#openedAt;
    this.#heardAt = this.#openedAt;
  }

  /** Hot. The buffer is dead when this returns. */
  message(data: ArrayBuffer, isBinary: boolean): void {
    if (this.#ended !== null) return;
    try {
      if (isBinary) return this.#ignore('binary');
      const bytes = new Uint8Array(data);
      if (this.#slicer?.slice(bytes, this.#frame)) this.#onFrame();
      else this.#onMessage(bytes);
    } catch (error) {
      this.#fault(error);
    }
  }

  pong(): void {
    this.#onSign();
  }

  drained(): void {
    if (this.#ended !== null) return;
    try {
      this.#bridge.drained();
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The socket closed by itself or by `end`. */
  closed(): void {
    this.#wire.closed();
    this.#finish('closed');
  }

  tick(now: number): void {
    try {
      this.#tick(now);
    } catch (error) {
      this.#fault(error);
    }
  }

  openModel(opening: Opening, seed: Turn[]): void {
    this.#guard(() => this.#bridge.open(opening, seed));
  }

  deliverTool(toolCallId: string, output: string, respond: boolean): void {
    this.#guard(() => this.#bridge.deliver(toolCallId, output, respond));
  }

  play(line: Line, language: string): void {
    this.#guard(() => this.#bridge.play(line, language));
  }

  rotate(seed: Turn[]): void {
    this.#guard(() => this.#bridge.rotate(seed));
  }

  note(noteId: string, text: string): void {
    this.#guard(() => this.#bridge.note(noteId, text));
  }

  nudge(): void {
    this.#guard(() => this.#bridge.nudge());
  }

  dropModel(): void {
    this.#guard(() => this.#bridge.dropModel());
  }

  lastWords(): Promise<void> {
    return this.#ended === null ? this.#bridge.lastWords() : Promise.resolve();
  }

  say(line: SpokenLine): Promise<void> {
    let said = Promise.resolve();
    this.#guard(() => {
      said = this.#bridge.say(line);
    });
    return said;
  }

  /** The call whose stream it is, once the carrier has named it and while it lasts. */
  get callSid(): string | null {
    return this.#ended === null ? this.#callSid : null;
  }

  /** Both sides are copied to whoever listens, what the caller is about to hear included. Returns how many listen. */
  listen(ear: TapEar): number {
    const tap = (this.#tap ??= new Tap());
    this.#wire.tap = tap;
    tap.add(ear);
    for (const payload of this.#bridge.unheard()) ear.toCaller(Buffer.from(payload, 'base64'));
    return tap.size;
  }

  unlisten(ear: TapEar): void {
    this.#tap?.remove(ear);
    if (this.#tap?.size !== 0) return;
    this.#tap = null;
    this.#wire.tap = null;
  }

  heardMs(): number {
    return this.#ended === null ? this.#deps.now() - this.#heardAt : Infinity;
  }

  end(reason: 'left' | 'failed' | 'superseded'): void {
    this.#end(reason, 1000);
  }

  #onFrame(): void {
    const startedAt = this.#deps.now();
    this.#deps.metrics.frames.from_caller.add(1);
    this.#frameCame = true;
    this.#heardAt = startedAt;
    const fate = this.#callerAudio.frame(this.#frame, startedAt);
    if (fate === 'repeated') this.#ignore('repeated');
    // The clock costs more than holding a frame back, and too much to be asked twice for every frame.
    if (fate === 'sent' && this.#frames++ % splicesPerTimed === 0)
      this.#deps.metrics.spliceSeconds.from_caller.observe((this.#deps.now() - startedAt) / 1000);
    if (this.#tap !== null && fate !== 'repeated') this.#tap.fromCaller(this.#frame.audio);
  }

  #onMessage(bytes: Uint8Array): void {
    const message = parseMessage(bytes, this.#streamSid, this.#frame);
    switch (message.event) {
      case 'media':
        return this.#onFrame();
      case 'mark':
        this.#deps.metrics.marks.echoed.add(1);
        this.#onSign();
        if (!this.#bridge.echoed(message.name) && message.name !== probeName) this.#ignore('shape');
        return;
      case 'dtmf':
        return this.#onDigit(message.digit);
      case 'start':
        return this.#onStart(message.start);
      case 'stop':
        return this.#end('stopped', 1000);
      case 'connected':
        return this.#streamSid === null ? undefined : this.#ignore('order');
      case 'bad':
        return this.#ignore(message.reason);
    }
  }

  #onStart(start: StreamStart): void {
    if (this.#streamSid !== null) return this.#ignore('order');
    const check = this.#deps.checkToken(start.token, start.callSid);
    if (!check.ok) return this.#refuse(check.refused);
    if (!start.formatFits) return this.#refuse('media_format');
    this.#deps.metrics.streams.inc();
    this.#streamSid = start.streamSid;
    this.#callSid = start.callSid;
    this.#slicer = new FrameSlicer(start.streamSid);
    this.#wire.name(start.streamSid);
    void this.#attach(start.callSid, check.epoch, start.streamSid, this.#deps.now());
  }

  async #attach(callSid: string, epoch: number, streamSid: string, startedAt: number): Promise<void> {
    try {
      const call = await this.#deps.desk.attach({ callSid, epoch, streamSid, port: this });
      if (call === 'refused') return this.#refuse('token_used');
      if (call === 'unavailable') return this.#end('failed', 1000);
      if (this.#ended !== null) {
        call.begin();
        call.tell({ type: 'carrier.streamStopped', streamSid, reason: this.#ended });
        return;
      }
      this.#bridge.attach(call, startedAt);
      this.#attached = true;
      call.begin();
      for (const digit of this.#earlyDigits) this.#bridge.tell({ type: 'carrier.dtmf', digit });
    } catch (error) {
      this.#fault(error);
    }
  }

  #onSign(): void {
    this.#signCame = true;
    this.#heardAt = this.#deps.now();
  }

  #onDigit(digit: string): void {
    if (this.#attached) this.#bridge.tell({ type: 'carrier.dtmf', digit });
    else if (this.#earlyDigits.length < earlyDigitsMax) this.#earlyDigits += digit;
  }

  #tick(now: number): void {
    if (this.#ended !== null) return;
    if (this.#streamSid === null) {
      if (now - this.#openedAt >= startTimeoutMs) this.#refuse('no_start');
      return;
    }
    const frameCame = this.#frameCame;
    this.#frameCame = false;
    if (frameCame) this.#frameAt = now;
    if (frameCame || this.#signCame) this.#aliveAt = now;
    this.#signCame = false;
    if (now - this.#badSince >= badWindowMs) {
      this.#bad = 0;
      this.#badSince = now;
    }
    if (now - this.#aliveAt >= deadAfterMs) return this.#end('silent', 1000);
    if (now - this.#frameAt >= probeAfterMs && now - this.#probedAt >= probeAfterMs) {
      this.#probedAt = now;
      this.#wire.mark(probeName);
    }
    this.#callerAudio.tick(now, frameCame, this.#bridge.speaking);
    this.#bridge.tick(now);
  }

  #ignore(reason: BadMessage): void {
    this.#deps.metrics.badFrames.inc({ reason });
    if (this.#bad++ % badLogEvery === 0) {
      this.#deps.log.warn({ callSid: this.#callSid, reason, count: this.#bad }, 'media message ignored');
    }
    if (this.#bad > badMessagesMax) this.#refuse('bad_messages');
  }

  #refuse(reason: string): void {
    if (this.#ended !== null) return;
    this.#deps.metrics.refusals.inc({ reason });
    this.#deps.log.warn({ callSid: this.#callSid, reason }, 'stream refused');
    this.#end('refused', 1008);
  }

  #fault(error: unknown): void {
    this.#deps.metrics.faults.inc({ place: 'media' });
    this.#deps.log.error({ err: error, callSid: this.#callSid }, 'stream failed');
    this.#end('failed', 1000);
  }

  #guard(work: () => void): void {
    if (this.#ended !== null) return;
    try {
      work();
    } catch (error) {
      this.#fault(error);
    }
  }

  #end(reason: StreamStopReason, code: 1000 | 1008): void {
    if (this.#ended !== null) return;
    this.#finish(reason);
    this.#wire.end(code);
  }

  /** Once: what was heard and the end of the stream are told, the session is given back. */
  #finish(reason: StreamStopReason): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    if (this.#streamSid !== null) this.#deps.metrics.streamStops.inc({ reason });
    try {
      const streamSid = this.#streamSid ?? '';
      this.#bridge.close({ type: 'carrier.streamStopped', streamSid, reason });
      this.#callerAudio.close();
    } catch (error) {
      this.#deps.metrics.faults.inc({ place: 'media' });
      this.#deps.log.error({ err: error, callSid: this.#callSid }, 'stream end failed');
    }
    this.#tap?.over();
    this.#deps.onClosed(this);
  }
}
