import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { Account } from './account.ts';
import { answerChat, type ChatRequest } from './chat-interface.ts';
import { DEFAULT_SETTINGS, MODELS, seededRandom, type FakeModelOptions, type ModelSettings } from './options.ts';
import { refuse, type Refusal } from './refusal.ts';
import { FakeSession } from './session.ts';
import { answerSpeech, refuseSpeech, type SpokenText } from './speech-interface.ts';
import { answerTranscription } from './transcription-interface.ts';
import { Watch } from './watch.ts';
import { Wire } from './wire.ts';

export type { FakeModelOptions } from './options.ts';
export type { FailureCode, Plan, Script, SocketFault, Step, Turn, TurnKind } from './plan.ts';
export type { ResponseRecord } from './response.ts';
export type { FakeSession } from './session.ts';
export type { Truncation } from './conversation.ts';
export type { HeardTurn } from './hearing.ts';

const PATH = '/v1/realtime';
const REST_PATH = '/v1';
const SPEECH_PATH = `${REST_PATH}/audio/speech`;
const CHAT_PATH = `${REST_PATH}/chat/completions`;
const TRANSCRIPTION_PATH = `${REST_PATH}/audio/transcriptions`;
const SESSIONS_MAX = 2000;
const COMPLAINTS_MAX = 1000;
const SPOKEN_MAX = 2000;
const DELTA_BYTES_MIN = 801;
const DELTA_BYTES_SPAN = 3601;
const MODEL_NOT_FOUND_CLOSE = 4004;
const UTTERANCES = 0x10000;
const QUERY_KEYS = ['model', 'call_id', 'intent'];

/** How new connections are met: let in, answered with an HTTP status, or left hanging. */
export type Door = 'open' | 'hang' | number;

export interface FakeModel {
  /** `ws://127.0.0.1:<port>/v1/realtime` */
  readonly url: string;
  /** `http://127.0.0.1:<port>/v1`: the REST interface, of which there is text to speech, and speech to text. */
  readonly apiUrl: string;
  /** What a strict server would dislike of its clients, oldest first. */
  readonly complaints: string[];
  /** Oldest first; the last 2,000 are kept. */
  readonly sessions: FakeSession[];
  door: Door;
  /** From now on every response begins so much later than the options say. */
  slowMs: number;
  /** The same for requests of speech, and for what is to be written down. */
  speechDoor: Door;
  transcriptionDoor: Door;
  chatDoor: Door;
  /** What it says to a chat that wants structured output; nobody asks: `{}`. */
  chat(asked: ChatRequest): unknown;
  /** What was written down, oldest first. */
  readonly writtenDown: string[];
  /** Requests of speech so far, those included that the door turned away. */
  readonly asked: number;
  /** What was asked for and spoken, oldest first. */
  readonly spoken: SpokenText[];
  /** Connections that wait at a door that hangs. */
  readonly hanging: number;
  /** Resolves when `predicate` holds, looked at after every event of any session; rejects after `boundMs`. */
  waitFor(predicate: (model: FakeModel) => boolean, boundMs: number, what?: string): Promise<void>;
  close(): Promise<void>;
}

interface Hall {
  readonly options: FakeModelOptions;
  readonly settings: ModelSettings;
  readonly model: FakeModel;
  readonly watch: Watch;
  readonly account: Account;
  readonly random: () => number;
  utterances: number;
  count: number;
  asked: number;
}

function settingsOf(options: FakeModelOptions): ModelSettings {
  const given = Object.entries(options).filter(([key, value]) => key in DEFAULT_SETTINGS && value !== undefined);
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(given) };
}

/** Why the upgrade is answered by HTTP, or null. */
function refusedStatus(request: IncomingMessage, options: FakeModelOptions): number | null {
  const url = new URL(request.url ?? '/', 'ws://127.0.0.1');
  if (url.pathname !== PATH) return 404;
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined || (options.apiKey !== undefined && bearer !== options.apiKey)) return 401;
  const given = QUERY_KEYS.filter((key) => url.searchParams.has(key));
  return given.length === 1 && given[0] === 'model' ? null : 400;
}

function answerHttp(socket: Duplex, status: number): void {
  const body = JSON.stringify({ error: { code: status === 401 ? 'invalid_api_key' : 'invalid_request_error' } });
  const head = `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}

function complainOf({ options, model }: Hall, who: string, complaint: string): void {
  if (options.tolerates?.(complaint) === true || model.complaints.length >= COMPLAINTS_MAX) return;
  model.complaints.push(`${who}: ${complaint}`);
}

function nextUtterance(hall: Hall): number {
  hall.utterances = (hall.utterances + 1) % UTTERANCES;
  return hall.utterances;
}

function answerRest(hall: Hall, request: IncomingMessage, response: ServerResponse): void {
  const { model, options, settings, watch } = hall;
  if (request.method === 'POST' && request.url === TRANSCRIPTION_PATH) return writeDown(hall, request, response);
  if (request.method === 'POST' && request.url === CHAT_PATH) return chat(hall, request, response);
  if (request.method !== 'POST' || request.url !== SPEECH_PATH) return void response.writeHead(404).end();
  const speech = {
    apiKey: options.apiKey,
    charsPerSecond: settings.charsPerSecond,
    nextUtterance: () => nextUtterance(hall),
    complain: (complaint: string) => complainOf(hall, 'speech', complaint),
    spoke(spoken: SpokenText) {
      if (model.spoken.push(spoken) > SPOKEN_MAX) model.spoken.shift();
      watch.changed();
    },
  };
  hall.asked += 1;
  if (model.speechDoor === 'hang') return;
  if (model.speechDoor !== 'open') return refuseSpeech(response, model.speechDoor, doorRefusal(model.speechDoor));
  // The client that goes away in the middle of its request gets no answer.
  void answerSpeech(request, response, speech).catch(() => response.destroy());
}

function writeDown(hall: Hall, request: IncomingMessage, response: ServerResponse): void {
  const { model, options, watch } = hall;
  const door = model.transcriptionDoor;
  if (door === 'hang') return;
  if (door !== 'open') return refuseSpeech(response, door, doorRefusal(door));
  const wroteDown = (text: string): void => {
    if (model.writtenDown.push(text) > SPOKEN_MAX) model.writtenDown.shift();
    watch.changed();
  };
  const complain = (complaint: string): void => complainOf(hall, 'transcription', complaint);
  void answerTranscription(request, response, { apiKey: options.apiKey, complain, wroteDown }).catch(() =>
    response.destroy(),
  );
}

function chat(hall: Hall, request: IncomingMessage, response: ServerResponse): void {
  const { model, options } = hall;
  if (model.chatDoor === 'hang') return;
  if (model.chatDoor !== 'open') return refuseSpeech(response, model.chatDoor, doorRefusal(model.chatDoor));
  const complain = (complaint: string): void => complainOf(hall, 'chat', complaint);
  void answerChat(request, response, {
    apiKey: options.apiKey,
    complain,
    answer: (asked) => model.chat(asked),
  }).catch(() => response.destroy());
}

function doorRefusal(status: number): Refusal {
  return refuse(
    status === 401 ? 'invalid_api_key' : status === 429 ? 'rate_limit_exceeded' : 'server_error',
    'refused',
  );
}

/** One kind of odd length after another: a client that relies on a length must fail. */
function nextDeltaBytes(hall: Hall): number {
  return hall.options.deltaBytes ?? DELTA_BYTES_MIN + 2 * Math.floor(hall.random() * DELTA_BYTES_SPAN);
}

function openSession(hall: Hall, socket: WebSocket, request: IncomingMessage): void {
  const { model: fake, options, settings, watch } = hall;
  const index = hall.count;
  hall.count += 1;
  const complain = (complaint: string): void => complainOf(hall, `session ${index}`, complaint);
  const model = new URL(request.url ?? '/', 'ws://127.0.0.1').searchParams.get('model') ?? '';
  const wire = new Wire(socket, watch, options.wayMs ?? 0);
  const session = new FakeSession({
    index,
    model,
    settings,
    wire,
    watch,
    complain,
    account: hall.account,
    nextDeltaBytes: () => nextDeltaBytes(hall),
    nextUtterance: () => nextUtterance(hall),
  });
  fake.sessions.push(session);
  if (fake.sessions.length > SESSIONS_MAX) fake.sessions.shift();
  socket.on('message', (data, isBinary) => wire.later(() => session.receive(data, isBinary)));
  socket.on('error', (error) => complain(`socket: ${error.message}`));
  socket.on('close', (code, reason) => {
    wire.closed = { code, reason: String(reason) };
    session.end();
    watch.changed();
  });
  options.onSession?.(session);
  greet(session, wire, request);
  watch.changed();
}

function greet(session: FakeSession, wire: Wire, request: IncomingMessage): void {
  if (request.headers['openai-beta'] !== undefined) return session.refuseBeta();
  if (!MODELS.has(session.model)) {
    session.refuse(refuse('model_not_found', `The model '${session.model}' does not exist.`, 'model'), null);
    return wire.close(MODEL_NOT_FOUND_CLOSE, 'invalid_request_error.model_not_found');
  }
  session.begin();
}

/**
 * An OpenAI Realtime (GA) server on 127.0.0.1 that is at least as strict as the real one, decides by rules from the
 * words it hears in the simulated voice, and answers in it. Shapes, limits and error codes follow the published
 * typings and documentation of the API as of November 2026.
 */
export async function startFakeModel(options: FakeModelOptions = {}): Promise<FakeModel> {
  const http = createServer((request, response) => answerRest(hall, request, response));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 32 * 1024 * 1024 });
  const hanging = new Set<Duplex>();
  const watch = new Watch();
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const seed = options.seed ?? 1;
  const { port } = http.address() as AddressInfo;
  const model: FakeModel = {
    url: `ws://127.0.0.1:${port}${PATH}`,
    apiUrl: `http://127.0.0.1:${port}${REST_PATH}`,
    complaints: [],
    sessions: [],
    door: 'open',
    slowMs: 0,
    speechDoor: 'open',
    transcriptionDoor: 'open',
    chatDoor: 'open',
    chat: () => ({}),
    writtenDown: [],
    spoken: [],
    get asked() {
      return hall.asked;
    },
    get hanging() {
      return hanging.size;
    },
    waitFor: (predicate, boundMs, what = String(predicate)) =>
      watch.waitFor(() => predicate(model), boundMs, `model: ${what}`),
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      for (const socket of hanging) socket.destroy();
      sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  const first = Math.imul(seed, 7919) & (UTTERANCES - 1);
  const given = settingsOf(options);
  const settings: ModelSettings = {
    ...given,
    get firstDeltaMs() {
      return given.firstDeltaMs + model.slowMs;
    },
  };
  const hall: Hall = {
    options,
    settings,
    account: new Account(settings.requestsPerMinute, settings.tokensPerMinute),
    model,
    watch,
    random: seededRandom(seed),
    utterances: first,
    count: 0,
    asked: 0,
  };
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (model.door === 'hang') {
      hanging.add(socket);
      socket.on('close', () => hanging.delete(socket));
      return watch.changed();
    }
    const status = model.door === 'open' ? refusedStatus(request, options) : model.door;
    if (status !== null) return answerHttp(socket, status);
    const upgrade = (): void =>
      sockets.handleUpgrade(request, socket, head, (client) => openSession(hall, client, request));
    if (options.openMs) setTimeout(upgrade, options.openMs).unref();
    else upgrade();
  });
  return model;
}
