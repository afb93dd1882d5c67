import type { VoiceFrame } from '../../src/sim/voice/frame.ts';
import type { Chance } from './chance.ts';
import type { Figures } from './figures.ts';
import type { Network, Socket } from './network.ts';
import { isWholeFrames, readAudio } from './payload.ts';
import { FRAME_MS, Playout } from './playout.ts';
import type { Talker } from './talker.ts';

const connectMsMax = 5_000;
/** The closing handshake is begun only where the other end answers a ping within so long. */
const pongMsMax = 1_000;
/** What a frame meets that leaves after the other end's close was answered and before that was told. */
const closedMeanwhile = /close sent/;

/** `server`: closed with a closing handshake; `broken`: without; `refused`: never opened; `us`: the call ended first. */
export type StreamEnd =
  | { by: 'server' }
  | { by: 'broken' }
  | { by: 'refused'; isUnreachable: boolean; text: string }
  | { by: 'us' };

export interface StreamOptions {
  url: string;
  headers: Record<string, string>;
  sid: string;
  callSid: string;
  accountSid: string;
  parameters: Record<string, string>;
  loss: number;
  jitterMsMax: number;
}

/** The carrier's end of one media socket. */
export class MediaStream {
  readonly ended: Promise<StreamEnd>;
  isOpen = false;
  /** Something that the carrier would not take (31931, 31950, 31951): what it was. */
  complaint: string | null = null;
  readonly #options: StreamOptions;
  readonly #network: Network;
  readonly #talker: Talker;
  readonly #figures: Figures;
  readonly #chance: Chance;
  readonly #socket: Socket;
  readonly #playout: Playout<VoiceFrame | null>;
  readonly #tail: string;
  #finish: (end: StreamEnd) => void = () => undefined;
  #isOver = false;
  #onPong: (() => void) | null = null;
  #sequence = 0;
  #chunk = 0;
  #ticks = 0;
  #held: string[] = [];
  #heldUntilMs = 0;

  constructor(
    options: StreamOptions,
    world: { network: Network; figures: Figures; chance: Chance },
    talker: Talker,
    onOpen: () => void,
  ) {
    this.#options = options;
    this.#network = world.network;
    this.#figures = world.figures;
    this.#chance = world.chance;
    this.#talker = talker;
    this.#tail = `","streamSid":"${options.sid}",`;
    this.#playout = new Playout({
      heard: (frame, atMs) => talker.heard(frame, atMs),
      reached: (name) => this.#echo(name),
    });
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const cancel = this.#network.later(connectMsMax, () => {
      if (this.isOpen || this.#isOver) return;
      this.#over({ by: 'refused', isUnreachable: true, text: 'no upgrade in time' });
      this.#socket.destroy();
    });
    this.#socket = this.#network.open(options.url, options.headers, {
      onOpen: () => {
        cancel();
        if (this.#begin()) onOpen();
      },
      onMessage: (text) => this.#receive(text),
      onPong: () => this.#onPong?.(),
      onClose: (code, refusal) => {
        cancel();
        if (refusal !== null && !this.isOpen) {
          this.#over({ by: 'refused', isUnreachable: !/bad handshake/.test(refusal), text: refusal });
        } else {
          const isBroken = (code === 0 || code === 1006) && !closedMeanwhile.test(refusal ?? '');
          this.#over({ by: isBroken ? 'broken' : 'server' });
        }
      },
    });
  }

  /** The next 20 ms: a frame leaves, what is due is heard. */
  tick(nowMs: number): void {
    if (!this.isOpen || this.#isOver) return;
    this.#playout.advance(nowMs);
    const payload = this.#talker.tick(nowMs, this.#playout.isPlaying);
    const timestamp = this.#ticks * FRAME_MS;
    this.#ticks += 1;
    const { key } = this.#talker;
    if (key !== null) this.#send('dtmf', `"dtmf":{"track":"inbound_track","digit":"${key}"}`);
    if (this.#chance.is(this.#options.loss)) return;
    this.#chunk += 1;
    const words = `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestamp}","payload":"${payload}"}`;
    if (this.#options.jitterMsMax === 0) return this.#send('media', words);
    this.#held.push(words);
    this.#release(nowMs);
  }

  /** Tells the service that the stream is over, then closes. */
  stop(): void {
    if (this.#isOver) return;
    const wasOpen = this.isOpen;
    if (wasOpen) {
      const { accountSid, callSid } = this.#options;
      for (const words of this.#held.splice(0)) this.#send('media', words);
      this.#send('stop', `"stop":{"accountSid":"${accountSid}","callSid":"${callSid}"}`);
    }
    this.#over({ by: 'us' });
    if (!wasOpen) return this.#socket.destroy();
    // Whoever does not even answer a ping would not answer a close either, and its socket would stay for good.
    const cancel = this.#network.later(pongMsMax, () => this.#socket.destroy());
    this.#onPong = () => {
      cancel();
      this.#onPong = null;
      this.#socket.close();
    };
    this.#socket.ping();
  }

  #begin(): boolean {
    if (this.#isOver) {
      this.#socket.destroy();
      return false;
    }
    this.isOpen = true;
    const { sid, callSid, accountSid, parameters } = this.#options;
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const start = {
      accountSid,
      streamSid: sid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: parameters,
    };
    this.#send('start', `"start":${JSON.stringify(start)}`);
    this.#talker.opened(this.#network.nowMs());
    return true;
  }

  /** Jitter: what is held back leaves together when its time has come. */
  #release(nowMs: number): void {
    if (nowMs < this.#heldUntilMs) return;
    for (const words of this.#held) this.#send('media', words);
    this.#held = [];
    this.#heldUntilMs = nowMs + this.#chance.between(0, this.#options.jitterMsMax);
  }

  #send(event: string, words: string): void {
    this.#sequence += 1;
    this.#socket.send(`{"event":"${event}","sequenceNumber":"${this.#sequence}${this.#tail}${words}}`);
  }

  #echo(name: string): void {
    if (this.#isOver) return;
    this.#figures.count('aida_marks_echoed');
    this.#send('mark', `"mark":{"name":${JSON.stringify(name)}}`);
  }

  #receive(text: string): void {
    if (this.#isOver) return;
    const nowMs = this.#network.nowMs();
    const message = parsed(text);
    const event = message?.['event'];
    if (!message || message['streamSid'] !== this.#options.sid) return this.#complain(text);
    if (event === 'clear') {
      this.#playout.clear(nowMs);
      this.#talker.cleared(nowMs);
    } else if (event === 'mark') {
      const name = fieldOf(message, 'mark', 'name');
      if (name === null) return this.#complain(text);
      this.#playout.mark(name, nowMs);
    } else if (event === 'media') {
      const payload = fieldOf(message, 'media', 'payload');
      const audio = payload === null ? null : this.#network.decode(payload);
      if (audio === null || !isWholeFrames(audio)) return this.#complain(text);
      const frames = readAudio(audio);
      this.#figures.count('aida_frames_received', frames.length);
      if (!this.#playout.push(frames, nowMs)) this.#complain('more than ten minutes of audio');
    } else this.#complain(text);
  }

  #complain(text: string): void {
    this.complaint ??= text.slice(0, 120);
  }

  #over(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#playout.clear(this.#network.nowMs());
    if (this.isOpen) this.#talker.closed(this.#network.nowMs());
    this.isOpen = false;
    this.#finish(end);
  }
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The one field of a message's body, where both are as the carrier wants them. */
function fieldOf(message: Record<string, unknown>, body: string, field: string): string | null {
  const inner = message[body];
  if (Object.keys(message).length !== 3 || typeof inner !== 'object' || inner === null) return null;
  const value = (inner as Record<string, unknown>)[field];
  return Object.keys(inner).length === 1 && typeof value === 'string' && value !== '' ? value : null;
}
