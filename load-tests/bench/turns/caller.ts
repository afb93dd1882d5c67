import { randomBytes } from 'node:crypto';
import { ClientSocket, frameOf } from '../../../src/sim/load/callers/client-socket.ts';
import { type Carrier, streamOf } from '../carrier.ts';
import { frameBytes, type FrameLedger, frameMs } from './frames.ts';

/** A caller speaks so long once in a cycle; the rest of it is silence, with the model's answer in it. */
const speechMs = 3_000;
export const cycleMs = 9_000;
/** Nobody speaks into the greeting. */
const listensMs = 2_500;
const bytesPerMs = frameBytes / frameMs;
const switching = 101;

const mediaStart = '{"event":"media"';
const clearStart = '{"event":"clear"';
const payloadKey = '"payload":"';
const markName = /"name":"([^"]+)"/;

export interface LineLedgers {
  /** Caller → model. */
  toModel: FrameLedger;
  /** Model → caller. */
  toCaller: FrameLedger;
}

export interface StreamPlace {
  port: number;
  path: string;
  headers: Record<string, string>;
  accountSid: string;
  callSid: string;
  parameters: Record<string, string>;
}

interface Mark {
  name: string;
  playedAt: number;
}

/** The carrier's end of one media stream: a frame whenever it is told, marks echoed when they are played, turns taken. */
export class TurnCaller {
  readonly callSid: string;
  readonly #streamSid = `MZ${randomBytes(16).toString('hex')}`;
  readonly #line: number;
  readonly #socket: ClientSocket;
  readonly #ledgers: LineLedgers;
  readonly #takeFrame = (): void => undefined;
  #sequence = 0;
  #chunk = 0;
  /** Where in its cycle the line is. */
  #positionMs: number;
  #speaks = false;
  #spokeAt = Number.NaN;
  #marks: Mark[] = [];
  /** When all audio that came so far will have been played. */
  #playedAt = 0;
  /** What does not fill a frame yet. */
  #rest: Buffer = Buffer.alloc(0);
  #payloadAt = 0;
  isOpen = false;
  heardMs = 0;
  /** Ms from the last frame of each of the caller's sentences to the first audio behind it. */
  answersMs: number[] = [];

  private constructor(
    line: number,
    place: StreamPlace,
    ledgers: LineLedgers,
    positionMs: number,
    onUpgraded: (status: number) => void,
  ) {
    this.#line = line;
    this.callSid = place.callSid;
    this.#ledgers = ledgers;
    this.#positionMs = positionMs;
    const target = { host: '127.0.0.1', port: place.port, path: place.path, headers: place.headers };
    this.#socket = new ClientSocket(target, {
      onOpen: () => {
        this.isOpen = true;
        this.#start(place);
        onUpgraded(switching);
      },
      onText: (bytes, from, to) => this.#take(bytes.subarray(from, to)),
      onRefused: onUpgraded,
      onGone: () => {
        this.isOpen = false;
        onUpgraded(0);
      },
    });
  }

  /** Rejects where the stream is refused. */
  static open(line: number, place: StreamPlace, ledgers: LineLedgers, positionMs: number): Promise<TurnCaller> {
    return new Promise((resolve, reject) => {
      const caller: TurnCaller = new TurnCaller(line, place, ledgers, positionMs, (status) => {
        if (status === switching) resolve(caller);
        else reject(new Error(`the upgrade of ${place.path} was answered with ${status}`));
      });
    });
  }

  sendFrame(): void {
    const timestampMs = this.#chunk * frameMs;
    this.#chunk++;
    this.#positionMs = (this.#positionMs + frameMs) % cycleMs;
    const speaks = this.#positionMs < speechMs && timestampMs >= listensMs;
    const payload = this.#ledgers.toModel.frame(this.#line, speaks);
    this.#send(
      'media',
      `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestampMs}","payload":"${payload}"}`,
    );
    const now = performance.now();
    if (speaks) this.#spokeAt = Number.NaN;
    else if (this.#speaks) this.#spokeAt = now - frameMs;
    this.#speaks = speaks;
    while (this.#marks.length > 0 && (this.#marks[0] as Mark).playedAt <= now) this.#echo();
  }

  /** A frame of speech out of turn. */
  sendFlush(): void {
    this.#positionMs = 0;
    this.sendFrame();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #start({ accountSid, parameters }: StreamPlace): void {
    this.#socket.write(frameOf('{"event":"connected","protocol":"Call","version":"1.0.0"}'));
    const { callSid } = this;
    const start = {
      accountSid,
      streamSid: this.#streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: parameters,
    };
    this.#send('start', `"start":${JSON.stringify(start)}`);
  }

  #send(event: string, words: string): void {
    this.#sequence++;
    this.#socket.write(
      frameOf(`{"event":"${event}","sequenceNumber":"${this.#sequence}","streamSid":"${this.#streamSid}",${words}}`),
    );
  }

  #echo(): void {
    this.#send('mark', `"mark":{"name":"${this.#marks.shift()?.name}"}`);
  }

  #take(message: Buffer): void {
    const start = message.toString('latin1', 0, mediaStart.length);
    if (start === mediaStart) return this.#hear(message);
    if (start === clearStart) {
      this.#playedAt = 0;
      while (this.#marks.length > 0) this.#echo();
      return;
    }
    const name = markName.exec(message.toString('latin1'))?.[1];
    if (name !== undefined) this.#marks.push({ name, playedAt: this.#playedAt });
  }

  #hear(message: Buffer): void {
    // Every message of a stream begins alike.
    if (this.#payloadAt === 0) this.#payloadAt = message.indexOf(payloadKey) + payloadKey.length;
    const now = performance.now();
    if (!Number.isNaN(this.#spokeAt)) {
      this.answersMs.push(now - this.#spokeAt);
      this.#spokeAt = Number.NaN;
    }
    const audio = Buffer.from(
      message.toString('latin1', this.#payloadAt, message.indexOf(0x22, this.#payloadAt)),
      'base64',
    );
    this.heardMs += audio.length / bytesPerMs;
    this.#playedAt = Math.max(this.#playedAt, now) + audio.length / bytesPerMs;
    const all = this.#rest.length === 0 ? audio : Buffer.concat([this.#rest, audio]);
    this.#ledgers.toCaller.takeAudio(all, this.#takeFrame);
    this.#rest = all.subarray(all.length - (all.length % frameBytes));
  }
}

/** Asks the node what to do with a call: where its stream is to go. */
export async function askForStream(carrier: Carrier): Promise<StreamPlace> {
  const callSid = carrier.newCallSid();
  const answer = await carrier.arrive(callSid);
  const ask = streamOf(answer.body);
  if (!ask) {
    await carrier.complete(callSid);
    throw new Error(`/voice answered ${answer.status} without a stream: ${answer.body.slice(0, 200)}`);
  }
  return {
    port: carrier.options.port,
    path: new URL(ask.url).pathname,
    headers: carrier.upgradeHeaders(ask.url),
    accountSid: carrier.options.accountSid,
    callSid,
    parameters: ask.parameters,
  };
}
