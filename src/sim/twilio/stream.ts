import { WebSocket } from 'ws';
import { BLACK_HOLE, reach } from './hosts.ts';
import type { Leg } from './leg.ts';
import type { SpokenFrame } from './mouth.ts';
import { sign } from './signature.ts';
import { readServerMessage } from './stream-messages.ts';
import { TICK_MS } from './ticker.ts';

/** How a stream ended. `server`: closed with a closing handshake; `broken`: without; `refused`: never opened. */
export type StreamEnd =
  | { by: 'server'; code: number; reason: string }
  | { by: 'broken' }
  | { by: 'refused'; code: number; text: string }
  | { by: 'twilio' };

/** Positions count bytes of audio since the stream began; times are ms since the call was placed. */
export interface MarkRecord {
  name: string;
  sentMs: number;
  /** Bytes that the service had sent before the mark. */
  atByte: number;
  echoedMs: number | null;
  /** Echoed because of a clear or the stream's end, not because it was played. */
  flushed: boolean;
}

export interface ClearRecord {
  atMs: number;
  playedBytes: number;
  droppedBytes: number;
}

export interface StreamOptions {
  url: string;
  name: string | null;
  parameters: Record<string, string>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const BUFFER_BYTES_MAX = 10 * 60 * 8_000;
/** Our own socket may hold back so much: the service does not read (31930). */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** How the line to the media socket behaves. May be changed while the stream runs. */
export interface LineFaults {
  /** No frames leave, while the clock and the caller's words go on: mute, hold, packet loss. */
  muted: boolean;
  /** Frames are held back by up to so many frames and then leave together. */
  jitterFramesMax: number;
}

/** One `<Connect><Stream>`: Twilio's side of the media socket. */
export class MediaStream {
  readonly sid: string;
  readonly options: StreamOptions;
  readonly marks: MarkRecord[] = [];
  readonly clears: ClearRecord[] = [];
  readonly line: LineFaults = { muted: false, jitterFramesMax: 0 };
  readonly ended: Promise<StreamEnd>;
  end: StreamEnd | null = null;
  /** Ms since the call was placed; null before the socket was open. */
  startedMs: number | null = null;
  endedMs: number | null = null;
  /** When the first and the last audio came from the service. */
  firstMediaMs: number | null = null;
  lastMediaMs: number | null = null;
  mediaMessages = 0;
  mediaBytes = 0;
  readonly #leg: Leg;
  readonly #socket: WebSocket | null;
  #finish: (end: StreamEnd) => void = () => undefined;
  #sequence = 0;
  #chunk = 0;
  #ticks = 0;
  #held: string[] = [];
  #baseBytes = 0;
  #clearing = false;
  #unread = false;
  #vanished = false;

  constructor(leg: Leg, options: StreamOptions) {
    this.#leg = leg;
    this.options = options;
    this.sid = leg.world.random.sid('MZ');
    this.ended = new Promise((resolve) => {
      this.#finish = (end) => {
        if (this.end) return;
        this.end = end;
        this.endedMs = leg.nowMs();
        resolve(end);
        leg.changed();
      };
    });
    this.#socket = this.#connect();
  }

  /** Tells the service that the stream is over, then closes. */
  stop(): void {
    if (this.end || !this.#socket) return;
    if (this.startedMs !== null) {
      const { accountSid } = this.#leg.world;
      this.#send('stop', `"stop":{"accountSid":"${accountSid}","callSid":"${this.#leg.sid}"}`);
    }
    this.#closeDown({ by: 'twilio' });
    this.#socket.close(1000);
  }

  /** The socket dies without a word. */
  cut(): void {
    this.#closeDown({ by: 'broken' });
    this.#socket?.terminate();
  }

  /** Twilio's end is gone without a word: from now on it neither sends nor reads, and the socket stays. */
  vanish(): void {
    this.#vanished = true;
    this.#socket?.pause();
  }

  /** Stops reading what the service sends, as a slow network would. */
  pauseReading(): void {
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#socket?.resume();
  }

  /** A key of the caller. */
  press(digit: string): void {
    this.#send('dtmf', `"dtmf":{"track":"inbound_track","digit":"${digit}"}`);
  }

  /** Sends the words of the service's protocol as they are; for tests of what must be refused. */
  sendRaw(data: string | Buffer): void {
    this.#socket?.send(data);
  }

  #connect(): WebSocket | null {
    const { world } = this.#leg;
    const { url } = this.options;
    const place = url.startsWith('wss://') ? world.places.find(url) : null;
    if (!place) {
      this.#finish({
        by: 'refused',
        code: url.startsWith('wss://') ? 31_901 : 31_922,
        text: `${url} cannot be reached`,
      });
      return null;
    }
    const socket = new WebSocket(`ws://${place.host}:${place.port}${place.target}`, {
      ...reach(place),
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      headers: { Host: place.publicHost, 'X-Twilio-Signature': this.#signature(url) },
    });
    socket.once('open', () => this.#begin());
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      this.#closeDown({ by: 'refused', code: 31_920, text: `handshake answered with ${response.statusCode}` });
    });
    socket.on('error', (error) => {
      const code = place.host === BLACK_HOLE ? 31_901 : 31_902;
      if (this.startedMs === null) this.#closeDown({ by: 'refused', code, text: error.message });
    });
    socket.once('close', (code, reason) => {
      this.#closeDown(code === 1006 ? { by: 'broken' } : { by: 'server', code, reason: reason.toString() });
    });
    return socket;
  }

  #signature(url: string): string {
    const { authToken, faults } = this.#leg.world;
    switch (faults.streamSignature) {
      case 'exact':
        return sign(authToken, url);
      case 'slash':
        return sign(authToken, url.endsWith('/') ? url.slice(0, -1) : `${url}/`);
      case 'port':
        return sign(authToken, url.replace(/^wss:\/\/([^/:]+)/, 'wss://$1:443'));
      case 'forged':
        return sign('someone else', url);
    }
  }

  #begin(): void {
    if (this.end) return;
    const { accountSid } = this.#leg.world;
    this.startedMs = this.#leg.nowMs();
    this.#baseBytes = this.#leg.played.playedBytes;
    this.#socket?.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const start = {
      accountSid,
      streamSid: this.sid,
      callSid: this.#leg.sid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: this.options.parameters,
    };
    this.#send('start', `"start":${JSON.stringify(start)}`);
    this.#leg.sink = (frame) => this.#frame(frame);
    this.#leg.keySink = (digit) => this.press(digit);
    this.#leg.changed();
  }

  #frame(frame: SpokenFrame): void {
    const timestampMs = this.#ticks * TICK_MS;
    this.#ticks += 1;
    if (this.line.muted) return;
    this.#chunk += 1;
    const words = `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestampMs}","payload":"${frame.base64}"}`;
    this.#held.push(words);
    const { random } = this.#leg.world;
    if (this.line.jitterFramesMax > 0 && this.#held.length <= random.between(0, this.line.jitterFramesMax + 1)) return;
    for (const held of this.#held) this.#send('media', held);
    this.#held = [];
  }

  #send(event: string, words: string): void {
    const socket = this.#socket;
    if (!socket || this.#vanished || socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > UNREAD_BYTES_MAX) {
      if (!this.#unread) this.#leg.world.warn(31_930, `${this.#leg.sid}: the service does not read its media socket`);
      this.#unread = true;
      if (event === 'media') return;
    }
    this.#sequence += 1;
    socket.send(`{"event":"${event}","sequenceNumber":"${this.#sequence}","streamSid":"${this.sid}",${words}}`);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.end) return;
    const { world } = this.#leg;
    if (isBinary) return world.complain(`${this.#leg.sid}: binary frame of ${data.length} bytes (31950)`);
    const message = readServerMessage(data.toString('utf8'), this.startedMs === null ? null : this.sid);
    const nowMs = this.#leg.nowMs();
    switch (message.event) {
      case 'refused':
        return world.complain(`${this.#leg.sid}: message ${message.why} (31951)`);
      case 'clear':
        return this.#clear(nowMs);
      case 'mark':
        return this.#mark(message.name, nowMs);
      case 'media':
        if (message.complaint) world.complain(`${this.#leg.sid}: ${message.complaint}`);
        if (this.#leg.played.queuedBytes + message.audio.length > BUFFER_BYTES_MAX) {
          return world.complain(`${this.#leg.sid}: more than ten minutes of audio wait (31931)`);
        }
        this.firstMediaMs ??= nowMs;
        this.lastMediaMs = nowMs;
        this.mediaMessages += 1;
        this.mediaBytes += message.audio.length;
        this.#leg.pushAudio(message.audio);
    }
  }

  #clear(nowMs: number): void {
    this.#clearing = true;
    const { playedBytes, droppedBytes } = this.#leg.clearAudio();
    this.#clearing = false;
    this.clears.push({ atMs: nowMs, playedBytes: playedBytes - this.#baseBytes, droppedBytes });
  }

  #mark(name: string, sentMs: number): void {
    const record: MarkRecord = { name, sentMs, atByte: this.mediaBytes, echoedMs: null, flushed: false };
    this.marks.push(record);
    this.#leg.mark(() => {
      record.flushed = this.#clearing;
      if (this.end) return;
      record.echoedMs = this.#leg.nowMs();
      this.#send('mark', `"mark":{"name":${JSON.stringify(name)}}`);
    });
  }

  #closeDown(end: StreamEnd): void {
    if (this.end) return;
    this.#leg.sink = null;
    this.#leg.keySink = null;
    this.#finish(end);
    this.#clearing = true;
    this.#leg.clearAudio();
    this.#clearing = false;
  }
}
