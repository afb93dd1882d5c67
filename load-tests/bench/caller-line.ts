import { randomBytes } from 'node:crypto';
import { type Carrier, streamOf } from './carrier.ts';
import { frameMs, type FrameTimes } from './frame-times.ts';
import { connectLean, type LeanSocket } from './lean-socket.ts';

const mediaStart = '{"event":"media"';
const payloadKey = '"payload":"';
const markName = /"name":"([^"]+)"/;

export interface LineTimes {
  /** Caller → model. */
  toModel: FrameTimes;
  /** Model → caller. */
  toCaller: FrameTimes;
}

interface Mark {
  name: string;
  playedAt: number;
}

/** The carrier's end of one media stream: a frame whenever it is told, and behind it the marks played by then. */
export class CallerLine {
  readonly callSid: string;
  readonly #streamSid = `MZ${randomBytes(16).toString('hex')}`;
  readonly #line: number;
  readonly #socket: LeanSocket;
  readonly #times: LineTimes;
  #sequence = 0;
  #chunk = 0;
  #marks: Mark[] = [];
  /** When all audio that came so far will have been played. */
  #playedAt = 0;
  #payloadAt = 0;
  isOpen = true;

  private constructor(line: number, callSid: string, socket: LeanSocket, times: LineTimes) {
    this.#line = line;
    this.callSid = callSid;
    this.#socket = socket;
    this.#times = times;
    socket.onText = (message) => this.#take(message);
    socket.onClose = () => (this.isOpen = false);
  }

  /** Asks the node what to do with the call, and opens the stream that it wants. */
  static async dial(line: number, carrier: Carrier, times: LineTimes): Promise<CallerLine> {
    const callSid = carrier.newCallSid();
    const answer = await carrier.arrive(callSid);
    const ask = streamOf(answer.body);
    if (!ask) throw new Error(`/voice answered ${answer.status} without a stream: ${answer.body.slice(0, 200)}`);
    const socket = await connectLean(carrier.options.port, new URL(ask.url).pathname, carrier.upgradeHeaders(ask.url));
    const caller = new CallerLine(line, callSid, socket, times);
    caller.#start(carrier.options.accountSid, ask.parameters);
    return caller;
  }

  /** Straight to the model's end, for the rig's own share. */
  static async direct(line: number, port: number, path: string, times: LineTimes): Promise<CallerLine> {
    return new CallerLine(line, '', await connectLean(port, path, {}), times);
  }

  sendFrame(): void {
    const timestampMs = this.#chunk * frameMs;
    this.#chunk++;
    const payload = this.#times.toModel.frame(this.#line);
    this.#send(
      'media',
      `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestampMs}","payload":"${payload}"}`,
    );
    const now = performance.now();
    while (this.#marks.length > 0 && (this.#marks[0] as Mark).playedAt <= now) {
      this.#send('mark', `"mark":{"name":"${this.#marks.shift()?.name}"}`);
    }
  }

  hangUp(): void {
    this.#socket.close();
  }

  #start(accountSid: string, customParameters: Record<string, string>): void {
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 };
    const { callSid } = this;
    const start = {
      accountSid,
      streamSid: this.#streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat,
      customParameters,
    };
    this.#send('start', `"start":${JSON.stringify(start)}`);
  }

  #send(event: string, words: string): void {
    this.#sequence++;
    this.#socket.send(
      `{"event":"${event}","sequenceNumber":"${this.#sequence}","streamSid":"${this.#streamSid}",${words}}`,
    );
  }

  #take(message: Buffer): void {
    if (message.toString('latin1', 0, mediaStart.length) === mediaStart) {
      // Every message of a stream begins alike.
      if (this.#payloadAt === 0) this.#payloadAt = message.indexOf(payloadKey) + payloadKey.length;
      this.#playedAt = Math.max(this.#playedAt, performance.now()) + frameMs;
      this.#times.toCaller.take(message, this.#payloadAt);
      return;
    }
    const name = markName.exec(message.toString('latin1'))?.[1];
    if (name !== undefined) this.#marks.push({ name, playedAt: this.#playedAt });
  }
}
