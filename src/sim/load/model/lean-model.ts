import uWS, {
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
  type us_socket_context_t,
} from 'uWebSockets.js';
import { phraseBook } from '../voice/phrases.ts';
import { Answers } from './answers.ts';
import { type ModelCounts, newModelCounts } from './model-counts.ts';
import { modelDefaults, type ModelOptions, type ModelSettings, phrasesMax } from './model-options.ts';
import { type Hall, ModelSession, type SocketData } from './model-session.ts';

const realtimePath = '/v1/realtime';
const tickMs = 5;
const complaintsMax = 100;
const messageBytesMax = 1024 * 1024;
const backpressureBytesMax = 16 * 1024 * 1024;
const idleTimeoutS = 120;
const exclusivePort = 1;
const minuteMs = 60_000;

/** Without the third argument two processes would share a port silently; the typings know only two. */
interface ExclusiveListen {
  listen(host: string, port: number, options: number, listening: (socket: us_listen_socket | false) => void): void;
}

/**
 * A realtime model of the GA interface for load: turns, answers, interruptions and their events, nothing else. It costs
 * some 20 µs for each append. What it says and hears is simulated voice, encoded ahead.
 */
export class LeanModel {
  readonly #app: TemplatedApp;
  readonly #options: ModelOptions;
  readonly #settings: ModelSettings;
  readonly #busy = new Set<ModelSession>();
  readonly #open = new Set<ModelSession>();
  readonly #hall: Hall;
  #timer: NodeJS.Timeout | null = null;
  #ids = 0;
  #tokens = 0;
  #tokensAt = performance.now();
  /** The last of them. */
  readonly complaints: string[] = [];
  port = 0;
  /** Upgrades that are not answered yet, though they will be. */
  waiting = 0;
  /** May be changed while it runs. */
  openLateMs: number;

  private constructor(options: ModelOptions) {
    this.#options = options;
    const given = Object.entries(options).filter(([key, value]) => key in modelDefaults && value !== undefined);
    this.#settings = { ...modelDefaults, ...Object.fromEntries(given) };
    this.openLateMs = this.#settings.openLateMs;
    this.#hall = this.#newHall();
    const { tls } = options;
    this.#app = tls ? uWS.SSLApp({ key_file_name: tls.keyFile, cert_file_name: tls.certFile }) : uWS.App();
    this.#app.ws<SocketData>(realtimePath, {
      maxPayloadLength: messageBytesMax,
      maxBackpressure: backpressureBytesMax,
      idleTimeout: idleTimeoutS,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (socket) => {
        const data = socket.getUserData();
        const session = new ModelSession(this.#hall, socket, ++this.#ids, data.model);
        data.session = session;
        this.#open.add(session);
        this.#hall.counts.sessions++;
        session.begin();
      },
      message: (socket, message) => socket.getUserData().session?.take(Buffer.from(message)),
      close: (socket) => {
        const { session } = socket.getUserData();
        if (!session) return;
        session.closed();
        this.#open.delete(session);
        this.#busy.delete(session);
      },
    });
    this.#app.any('/*', (response) => void response.writeStatus('404 Not Found').end());
  }

  /** Listens. Rejects where the port is taken. */
  static async start(options: ModelOptions = {}): Promise<LeanModel> {
    const model = new LeanModel(options);
    const app = model.#app as unknown as ExclusiveListen;
    await new Promise<void>((resolve, reject) => {
      app.listen(options.host ?? '127.0.0.1', options.port ?? 0, exclusivePort, (listening) => {
        if (listening === false) return reject(new Error(`port ${options.port} cannot be had`));
        model.port = uWS.us_socket_local_port(listening);
        resolve();
      });
    });
    return model;
  }

  get url(): string {
    const scheme = this.#options.tls ? 'wss' : 'ws';
    return `${scheme}://${this.#options.host ?? '127.0.0.1'}:${this.port}${realtimePath}`;
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** What was seen so far, open sessions included. */
  counts(): ModelCounts {
    const counts = { ...this.#hall.counts };
    for (const { reader, frames } of this.#open) {
      counts.frames += frames;
      counts.wordsHeard += reader.words;
      counts.wordsMissing += reader.wordsLost;
      counts.framesLost += reader.lost;
      counts.framesRepeated += reader.repeated;
      counts.framesStrange += reader.strange;
    }
    return counts;
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#app.close();
  }

  #newHall(): Hall {
    const { questionSeconds, answerSeconds } = this.#settings;
    const counts = newModelCounts();
    return {
      settings: this.#settings,
      journeys: this.#options.journeys,
      questions: phraseBook({ speaker: 'caller', seconds: questionSeconds, count: phrasesMax }),
      answers: new Answers(phraseBook({ speaker: 'assistant', seconds: answerSeconds, count: phrasesMax })),
      counts,
      complain: (complaint) => {
        counts.complaints++;
        this.complaints.push(complaint);
        if (this.complaints.length > complaintsMax) this.complaints.shift();
      },
      busy: (session) => {
        this.#busy.add(session);
        this.#timer ??= setTimeout(this.#tick, tickMs);
      },
      tokensUsed: (tokens) => this.#tokensUsed(tokens),
    };
  }

  #tokensUsed(tokens: number): number {
    const now = performance.now();
    const { tokensPerMinute } = this.#settings;
    this.#tokens = Math.max(0, this.#tokens - ((now - this.#tokensAt) * tokensPerMinute) / minuteMs) + tokens;
    this.#tokensAt = now;
    return Math.round(this.#tokens);
  }

  readonly #tick = (): void => {
    this.#timer = null;
    const now = performance.now();
    for (const session of this.#busy) if (!session.tick(now)) this.#busy.delete(session);
    if (this.#busy.size > 0) this.#timer = setTimeout(this.#tick, tickMs);
  };

  #upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void {
    const model = request.getQuery('model');
    const isBearer = request.getHeader('authorization').startsWith('Bearer ');
    if (!isBearer || model === undefined || model === '' || request.getHeader('openai-beta') !== '') {
      response.writeStatus(isBearer ? '400 Bad Request' : '401 Unauthorized').end();
      return;
    }
    const key = request.getHeader('sec-websocket-key');
    const protocol = request.getHeader('sec-websocket-protocol');
    const extensions = request.getHeader('sec-websocket-extensions');
    const accept = (): void => response.upgrade<SocketData>({ model }, key, protocol, extensions, context);
    if (this.openLateMs === 0) return accept();
    this.waiting++;
    const timer = setTimeout(() => {
      this.waiting--;
      response.cork(accept);
    }, this.openLateMs);
    response.onAborted(() => {
      clearTimeout(timer);
      this.waiting--;
    });
  }
}
