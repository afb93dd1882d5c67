import { randomBytes } from 'node:crypto';
import { FRAME_BYTES } from '../../voice/index.ts';
import { readServerMessage } from '../../twilio/stream-messages.ts';
import { ClientSocket, type ClientTarget, frameOf, unreadBytesMax } from './client-socket.ts';
import { frameMs } from '../slot-clock.ts';
import type { CallerSettings } from './caller-options.ts';
import type { Recorder } from './recorder.ts';
import type { Talker } from './talker.ts';

const decodedBytesMax = 3 * 1024 * 1024;
/** Ten minutes: the carrier drops what is over it (31931). */
const bufferMsMax = 600_000;
const mediaEnd = '"}}'.length;

/** One scratch for all streams. */
const scratch = Buffer.alloc(decodedBytesMax);

/** How a stream ended. `server`: closed with a closing handshake; `broken`: without; `refused`: never opened. */
export type StreamEnd =
  | { by: 'caller' }
  | { by: 'server' }
  | { by: 'broken' }
  | { by: 'refused'; status: number }
  | { by: 'unreachable' };

export interface StreamDeps {
  settings: CallerSettings;
  recorder: Recorder;
  random: () => number;
  accountSid: string;
  callSid: string;
  /** A message that the carrier would not take. */
  complain(complaint: string): void;
  onOpen(stream: CallerStream): void;
  onEnd(end: StreamEnd): void;
}

interface Mark {
  name: string;
  playedAt: number;
}

/** The carrier's end of one media stream. */
export class CallerStream {
  readonly sid = `MZ${randomBytes(16).toString('hex')}`;
  readonly #deps: StreamDeps;
  readonly #parameters: Record<string, string>;
  readonly #socket: ClientSocket;
  readonly #mediaStart: Buffer;
  readonly #head = `","streamSid":"${this.sid}",`;
  #talker: Talker | null = null;
  #refused = 0;
  #isOver = false;
  #sequence = 0;
  #chunk = 0;
  #ticks = 0;
  #marks: Mark[] = [];
  #held = '';
  #heldFrames = 0;
  #sent = 0;

  constructor(target: ClientTarget, parameters: Record<string, string>, deps: StreamDeps) {
    this.#deps = deps;
    this.#parameters = parameters;
    this.#mediaStart = Buffer.from(`{"event":"media","streamSid":"${this.sid}","media":{"payload":"`);
    this.#socket = new ClientSocket(target, {
      onOpen: () => this.#begin(),
      onText: (bytes, from, to) => this.#take(bytes, from, to),
      onRefused: (status) => (this.#refused = status),
      onGone: (code, wasOpen) => this.#gone(code, wasOpen),
    });
  }

  /** Who speaks and hears on it; from its opening on. */
  attach(talker: Talker): void {
    this.#talker = talker;
  }

  /** The next 20 ms. */
  tick(now: number): void {
    const talker = this.#talker;
    if (talker === null || this.#isOver) return;
    const text = this.#frame(talker.speak(now)) + (this.#marks.length > 0 ? this.#played(now) : '');
    if (text !== '') this.#socket.write(text);
  }

  /** The caller hangs up: the carrier says so and closes. */
  stop(now: number): void {
    if (this.#isOver) return;
    const { accountSid, callSid } = this.#deps;
    if (this.#socket.isOpen)
      this.#socket.write(this.#message('stop', `"stop":{"accountSid":"${accountSid}","callSid":"${callSid}"}`));
    this.#end({ by: 'caller' }, now);
    this.#socket.close();
  }

  /** No socket in time, or one that no longer matters. */
  giveUp(): void {
    this.#end({ by: 'unreachable' }, performance.now());
    this.#socket.destroy();
  }

  #begin(): void {
    if (this.#isOver) return;
    const { accountSid, callSid } = this.#deps;
    const start = {
      accountSid,
      streamSid: this.sid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: this.#parameters,
    };
    const connected = frameOf('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    this.#socket.write(connected + this.#message('start', `"start":${JSON.stringify(start)}`));
    this.#deps.onOpen(this);
  }

  /** Empty while frames are held back. */
  #frame(base64: string): string {
    const { settings, random } = this.#deps;
    const timestampMs = this.#ticks++ * frameMs;
    if (settings.lossShare > 0 && random() < settings.lossShare) return this.#letGo();
    if (this.#socket.unsentBytes > unreadBytesMax) return '';
    this.#chunk++;
    const frame = this.#message(
      'media',
      `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestampMs}","payload":"${base64}"}`,
    );
    this.#sent++;
    if (settings.jitterFramesMax === 0) return frame;
    this.#held += frame;
    this.#heldFrames++;
    return this.#letGo();
  }

  #letGo(): string {
    const { settings, random } = this.#deps;
    if (this.#heldFrames <= random() * (settings.jitterFramesMax + 1)) return '';
    const frames = this.#held;
    this.#held = '';
    this.#heldFrames = 0;
    return frames;
  }

  #played(now: number): string {
    let echoes = '';
    while (this.#marks[0] !== undefined && this.#marks[0].playedAt <= now)
      echoes += this.#echo(this.#marks.shift() as Mark);
    return echoes;
  }

  #echo({ name }: Mark): string {
    this.#deps.recorder.count('aida_marks_echoed');
    return this.#message('mark', `"mark":{"name":${JSON.stringify(name)}}`);
  }

  #message(event: string, words: string): string {
    return frameOf(`{"event":"${event}","sequenceNumber":"${++this.#sequence}${this.#head}${words}}`);
  }

  #take(bytes: Buffer, from: number, to: number): void {
    if (this.#isOver) return;
    const start = this.#mediaStart;
    if (to - from > start.length && bytes.compare(start, 0, start.length, from, from + start.length) === 0) {
      const at = from + start.length;
      const end = to - mediaEnd;
      return this.#media(scratch.write(bytes.toString('latin1', at, end), 'base64'), end - at);
    }
    this.#takeOther(bytes.toString('utf8', from, to));
  }

  #media(bytes: number, chars: number): void {
    const now = performance.now();
    const talker = this.#talker as Talker;
    if (bytes === 0 || bytes % FRAME_BYTES !== 0 || Math.ceil(bytes / 3) * 4 !== chars)
      return this.#deps.complain(`${bytes} bytes of audio in ${chars} characters are no whole frames`);
    if (talker.playout.endMs - now > bufferMsMax)
      return this.#deps.complain('more than ten minutes of audio wait (31931)');
    talker.hear(scratch, bytes, now);
  }

  /** As strictly as the carrier reads. */
  #takeOther(text: string): void {
    const message = readServerMessage(text, this.sid);
    const talker = this.#talker as Talker;
    const now = performance.now();
    if (message.event === 'mark') {
      const playedAt = talker.playout.endMs;
      if (playedAt > now) this.#marks.push({ name: message.name, playedAt });
      else this.#socket.write(this.#echo({ name: message.name, playedAt }));
    } else if (message.event === 'clear') {
      talker.clear(now);
      this.#socket.write(
        this.#marks
          .splice(0)
          .map((mark) => this.#echo(mark))
          .join(''),
      );
    } else if (message.event === 'refused') this.#deps.complain(message.why);
    else if (message.complaint) this.#deps.complain(message.complaint);
    else {
      message.audio.copy(scratch);
      talker.hear(scratch, message.audio.length, now);
    }
  }

  #gone(code: number, wasOpen: boolean): void {
    const now = performance.now();
    if (this.#refused > 0) this.#end({ by: 'refused', status: this.#refused }, now);
    else if (!wasOpen) this.#end({ by: 'unreachable' }, now);
    else this.#end({ by: code === 1006 ? 'broken' : 'server' }, now);
  }

  #end(end: StreamEnd, now: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#marks = [];
    this.#deps.recorder.count('aida_frames_sent', this.#sent);
    this.#talker?.end(now, end.by === 'caller');
    this.#deps.onEnd(end);
  }
}
