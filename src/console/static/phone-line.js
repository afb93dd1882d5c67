/** The caller's end of the media stream, as the carrier speaks it, beside the line's own signals (`line` in place of `event`). */

const CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}';
const STREAM_MESSAGE = '{"event":';

export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text) {
  const binary = atob(text);
  return Uint8Array.from({ length: binary.length }, (_, at) => binary.charCodeAt(at));
}

/**
 * `send(text)` puts a message on the socket. `on`: `play(mulaw)`, `mark(value)`, `clear()` for the playout, `signal(each)`
 * for what the line says of itself. Tell it frames, marks that were reached, and keys.
 */
export class PhoneLine {
  #send;
  #on;
  #stream = null;
  #sequence = 0;
  #frames = 0;

  constructor(send, on) {
    this.#send = send;
    this.#on = on;
  }

  get isStreaming() {
    return this.#stream !== null;
  }

  receive(text) {
    const message = JSON.parse(text);
    if (text.startsWith(STREAM_MESSAGE)) return this.#streamed(message);
    if (message.line === 'stream') this.#begin(message);
    if (message.line === 'streamEnded') this.#end();
    if (message.line === 'hush') this.#on.clear();
    if (message.line === 'sound') {
      this.#on.play(fromBase64(message.payload));
      this.#on.mark({ sound: message.id });
    }
    this.#on.signal(message);
  }

  /** The next 20 ms of the caller. */
  frame(mulaw) {
    if (this.#stream === null) return;
    this.#frames += 1;
    const timestamp = String((this.#frames - 1) * 20);
    const media = { track: 'inbound', chunk: String(this.#frames), timestamp, payload: toBase64(mulaw) };
    this.#tell('media', { media });
  }

  /** What was given to `on.mark` is reached: all before it was heard, or cleared. */
  reached({ stream, name, sound }) {
    if (sound !== undefined) return this.#send(JSON.stringify({ line: 'played', id: sound }));
    if (this.#stream !== null && stream === this.#stream.streamSid) this.#tell('mark', { mark: { name } });
  }

  press(digit) {
    if (this.#stream !== null) this.#tell('dtmf', { dtmf: { track: 'inbound_track', digit } });
    else this.#send(JSON.stringify({ line: 'key', digit }));
  }

  say(text) {
    this.#send(JSON.stringify({ line: 'say', text }));
  }

  hangUp() {
    if (this.#stream !== null) {
      const { accountSid, callSid } = this.#stream;
      this.#tell('stop', { stop: { accountSid, callSid } });
    }
    this.#send('{"line":"hangUp"}');
  }

  #begin({ accountSid, callSid, streamSid, parameters }) {
    this.#stream = { accountSid, callSid, streamSid };
    this.#sequence = 0;
    this.#frames = 0;
    this.#send(CONNECTED);
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 };
    const start = { accountSid, streamSid, callSid, tracks: ['inbound'], mediaFormat, customParameters: parameters };
    this.#tell('start', { start });
  }

  #end() {
    this.#stream = null;
    this.#on.clear();
  }

  /** A message of the node's; what is not for this stream is ignored, as the carrier does. */
  #streamed({ event, streamSid, media, mark }) {
    if (this.#stream === null || streamSid !== this.#stream.streamSid) return;
    if (event === 'media') this.#on.play(fromBase64(media.payload));
    if (event === 'mark') this.#on.mark({ stream: streamSid, name: mark.name });
    if (event === 'clear') this.#on.clear();
  }

  #tell(event, what) {
    this.#sequence += 1;
    const { streamSid } = this.#stream;
    this.#send(JSON.stringify({ event, sequenceNumber: String(this.#sequence), streamSid, ...what }));
  }
}
