import type { CallRecording } from './call-recording.ts';
import { Ear } from './ear.ts';
import { Mouth, type SpokenFrame } from './mouth.ts';
import { type Cleared, Playout } from './playout.ts';
import type { Run, StopCause } from './run.ts';
import type { MediaStream } from './stream.ts';
import type { WebhookRecord } from './web.ts';
import type { World } from './world.ts';

export type CallStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'failed'
  | 'no-answer'
  | 'canceled';

const FINAL: readonly CallStatus[] = ['completed', 'busy', 'failed', 'no-answer', 'canceled'];

export interface LegOptions {
  from: string;
  to: string;
  /** `outbound-api` begins as `queued`. */
  direction: 'inbound' | 'outbound-dial' | 'outbound-api';
  parentSid: string | null;
  keepAudio: boolean;
  /** More parameters that every webhook of this call carries. */
  params: Record<string, string>;
  /** Its CallSid; a random one when left out. */
  sid?: string;
}

/** A document that ran: `url` is null for TwiML given by REST. */
export interface DocumentRecord {
  atMs: number;
  url: string | null;
  twiml: string;
}

/** Who ended the call: the phone at this end, or the service (its TwiML or REST). */
export type EndedBy = 'phone' | 'service' | 'network';

/** One phone and its line to Twilio: what it hears, says and presses, and the status of its call. */
export class Leg {
  readonly sid: string;
  readonly options: LegOptions;
  readonly world: World;
  readonly originMs = performance.now();
  readonly createdAt = new Date();
  readonly ear: Ear;
  readonly mouth: Mouth;
  readonly webhooks: WebhookRecord[] = [];
  readonly documents: DocumentRecord[] = [];
  readonly streams: MediaStream[] = [];
  /** Of the whole call, in the background. */
  readonly recordings: CallRecording[] = [];
  /** Phones that this call's `<Dial>` rang. */
  readonly children: Leg[] = [];
  readonly done: Promise<void>;
  status: CallStatus;
  answeredMs: number | null = null;
  endedMs: number | null = null;
  endedAt: Date | null = null;
  endedBy: EndedBy | null = null;
  run: Run | null = null;
  /** What REST asked to run instead of the document that it stopped. */
  redirect: { twiml: string } | { url: string; method: 'GET' | 'POST' } | null = null;
  /** Where the frames of the mouth go: to a stream, a recorder, the other end of a bridge. */
  sink: ((frame: SpokenFrame) => void) | null = null;
  /** Who waits for keys, null when nobody listens. */
  keySink: ((digit: string) => void) | null = null;
  /** Lines that Twilio itself has spoken: numbers the utterances of `<Say>`. */
  lines = 0;
  private readonly playout: Playout;
  private readonly watchers = new Set<() => void>();
  private readonly frameListeners = new Set<(frame: SpokenFrame) => void>();
  private finish: () => void = () => undefined;
  private stopTicking: (() => void) | null = null;

  constructor(world: World, options: LegOptions) {
    this.world = world;
    this.options = options;
    this.sid = options.sid ?? world.random.sid('CA');
    this.ear = new Ear(options.keepAudio);
    this.status = options.direction === 'outbound-api' ? 'queued' : 'ringing';
    this.mouth = new Mouth(options.direction === 'outbound-dial' ? 'staff' : 'caller');
    this.playout = new Playout((bytes, atMs) => this.ear.hear(bytes, atMs));
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
    world.legs.set(this.sid, this);
  }

  /** Ms since the call was placed. */
  nowMs(): number {
    return performance.now() - this.originMs;
  }

  /** The call that a dialed phone belongs to; a call's own id. */
  get rootSid(): string {
    return this.options.parentSid ?? this.sid;
  }

  get final(): boolean {
    return FINAL.includes(this.status);
  }

  /** A queued call's turn has come. */
  ring(): void {
    if (this.status !== 'queued') return;
    this.status = 'ringing';
    this.changed();
  }

  answer(): void {
    if (this.status !== 'ringing') return;
    this.status = 'in-progress';
    this.answeredMs = this.nowMs();
    this.stopTicking = this.world.ticker.add(() => this.tick());
    this.changed();
  }

  /** Ends the call for this leg. What its documents still do sees the final status. */
  end(status: CallStatus, by: EndedBy): void {
    if (this.final) return;
    this.status = status;
    this.endedBy = by;
    this.endedMs = this.nowMs();
    this.endedAt = new Date();
    this.stopTicking?.();
    this.playout.clear(this.nowMs());
    this.mouth.stop(this.nowMs());
    this.ear.reader.end();
    this.run?.stop('hangup');
    this.changed();
    this.finish();
  }

  /** Stops the document under way; what it awaits rejects. */
  stopRun(cause: StopCause): void {
    this.run?.stop(cause);
  }

  durationS(): number {
    return this.answeredMs === null || this.endedMs === null ? 0 : Math.ceil((this.endedMs - this.answeredMs) / 1000);
  }

  /** Queues audio for this ear. */
  pushAudio(bytes: Uint8Array): void {
    this.playout.push(bytes, this.nowMs());
  }

  mark(reached: () => void): void {
    this.playout.mark(reached, this.nowMs());
  }

  clearAudio(): Cleared {
    return this.playout.clear(this.nowMs());
  }

  get played(): { pushedBytes: number; playedBytes: number; queuedBytes: number } {
    this.playout.advance(this.nowMs());
    return this.playout;
  }

  /** Plays and waits until all was heard. */
  async playThrough(run: Run, frames: readonly Uint8Array[]): Promise<void> {
    for (const frame of frames) this.pushAudio(frame);
    try {
      await run.until(new Promise<void>((resolve) => this.mark(resolve)));
    } finally {
      if (run.cause) this.clearAudio();
    }
  }

  /** Hears every frame that leaves the mouth, besides the sink. */
  onFrame(listener: (frame: SpokenFrame) => void): () => void {
    this.frameListeners.add(listener);
    return () => this.frameListeners.delete(listener);
  }

  press(digit: string): void {
    this.keySink?.(digit);
    this.changed();
  }

  /** Calls `watcher` at every change and after every frame. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  changed(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** The parameters that every request about this call carries. */
  params(): [string, string][] {
    const { from, to, direction, parentSid } = this.options;
    const places = ['From', 'To', 'Caller', 'Called'].flatMap((end): [string, string][] => [
      [`${end}City`, end === 'From' || end === 'Caller' ? 'SAN JOSÉ' : ''],
      [`${end}State`, 'CA'],
      [`${end}Zip`, ''],
      [`${end}Country`, 'US'],
    ]);
    return [
      ['AccountSid', this.world.accountSid],
      ['ApiVersion', '2010-04-01'],
      ['CallSid', this.sid],
      ['CallStatus', this.status],
      ['Called', to],
      ['Caller', from],
      ['Direction', direction],
      ['From', from],
      ['To', to],
      ...places,
      ...(parentSid === null ? [] : [['ParentCallSid', parentSid] as [string, string]]),
      ...(direction === 'inbound' ? [['StirVerstat', 'TN-Validation-Passed-A'] as [string, string]] : []),
      ...Object.entries(this.options.params),
    ];
  }

  private tick(): void {
    const frame = this.mouth.next(this.nowMs());
    this.sink?.(frame);
    for (const listener of this.frameListeners) listener(frame);
    this.playout.advance(this.nowMs());
    this.changed();
  }
}
