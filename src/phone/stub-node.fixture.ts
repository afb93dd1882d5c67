import type { Socket } from '../http/socket.ts';
import { createServer, type Server } from '../http/server.ts';
import { LINE_RATE, wavOf } from '../services/mulaw.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { isFormType, parseForm } from '../webhook/form.ts';
import { isRefused, readRequest, refuseUpgrade } from '../webhook/request.ts';

export const PUBLIC_URL = 'https://aida.example.com';
export const MEDIA_URL = 'wss://aida.example.com/media-stream';
export const AUTH_TOKEN = 'a-token-that-signs';
export const ACCOUNT_SID = `AC${'1'.repeat(32)}`;

export type Answer = string | number | ((params: Record<string, string>) => string | number);

export interface Asked {
  path: string;
  params: Record<string, string>;
}

/** A stream's messages at the node's end. */
export class StubStream {
  readonly messages: Record<string, unknown>[] = [];
  code: number | null = null;
  readonly socket: Socket<StubStream | null>;

  constructor(socket: Socket<StubStream | null>) {
    this.socket = socket;
  }

  of(event: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message['event'] === event);
  }

  get streamSid(): string {
    return (this.of('start')[0]?.['streamSid'] as string | undefined) ?? '';
  }

  send(event: string, more: Record<string, unknown> = {}): void {
    this.socket.send(JSON.stringify({ event, streamSid: this.streamSid, ...more }));
  }

  /** All audio that came, in order. */
  audio(): Buffer {
    return Buffer.concat(
      this.of('media').map(({ media }) => Buffer.from((media as { payload: string }).payload, 'base64')),
    );
  }
}

/** Webhooks and media socket as a node has them: what is not signed is refused by the node's own code. */
export class StubNode {
  /** By path: the TwiML, or a status; left out: 204. */
  readonly answers: Record<string, Answer> = {};
  readonly asked: Asked[] = [];
  readonly streams: StubStream[] = [];
  refusesStreams = false;
  /** At `/audio/a`. */
  sound = new Uint8Array(LINE_RATE / 10);
  private server: Server | null = null;

  get origin(): string {
    return `http://127.0.0.1:${this.server?.port}`;
  }

  /** Requests to a path. */
  to(path: string): Record<string, string>[] {
    return this.asked.filter((each) => each.path === path).map(({ params }) => params);
  }

  async start(): Promise<this> {
    const metrics = createMetrics();
    const authTokens = [AUTH_TOKEN];
    const rules = { publicUrl: PUBLIC_URL, authTokens, metrics };
    const paths = ['', '/next', '/menu', '/dial-result', '/voicemail', '/fallback', '/status', '/stream-status'];
    this.server = await createServer({
      host: '127.0.0.1',
      port: 0,
      log: createLog('silent'),
      metrics,
      routes: [
        ...paths.map((rest) => ({
          method: 'POST' as const,
          path: `/voice${rest}`,
          handler: (request: Parameters<typeof readRequest>[0]) => {
            const read = readRequest(request, rules);
            if (isRefused(read)) return read;
            const form = isFormType(request.header('content-type')) ? parseForm(request.body) : null;
            const params = Object.fromEntries(form ?? []);
            this.asked.push({ path: request.path, params });
            const given = this.answers[request.path] ?? 204;
            const answer = typeof given === 'function' ? given(params) : given;
            if (typeof answer === 'number') return { status: answer };
            const body = `<?xml version="1.0" encoding="UTF-8"?><Response>${answer}</Response>`;
            return { status: 200, headers: { 'content-type': 'text/xml' }, body };
          },
        })),
        { method: 'GET', path: '/audio/a', handler: () => ({ status: 200, body: wavOf(this.sound) }) },
      ],
      sockets: [
        {
          path: '/media-stream',
          settings: { idleTimeoutS: 30, backpressureBytesMax: 1e6, messageBytesMax: 65_536 },
          upgrade: (request) => {
            const refusal = refuseUpgrade(request, { hosts: () => ['aida.example.com'], authTokens, metrics });
            if (this.refusesStreams) return { refuse: { status: 503 } };
            return refusal ? { refuse: refusal } : { accept: { stream: null as StubStream | null } };
          },
          open: (socket) => {
            const data = socket.getUserData() as { stream: StubStream | null };
            data.stream = new StubStream(socket as Socket<StubStream | null>);
            this.streams.push(data.stream);
          },
          message: (socket, message) => {
            const { stream } = socket.getUserData() as { stream: StubStream | null };
            stream?.messages.push(JSON.parse(Buffer.from(message).toString()) as Record<string, unknown>);
          },
          close: (socket, code) => {
            const { stream } = socket.getUserData() as { stream: StubStream | null };
            if (stream) stream.code = code;
          },
        },
      ],
    });
    return this;
  }

  async close(): Promise<void> {
    await this.server?.close();
  }
}

/** As Aida writes it. */
export function connectTwiml(mediaUrl = MEDIA_URL): string {
  return (
    `<Connect action="${PUBLIC_URL}/voice/next#ct=1000&amp;rt=2500" method="POST"><Stream url="${mediaUrl}" name="aida" ` +
    `statusCallback="${PUBLIC_URL}/voice/stream-status#rc=3" statusCallbackMethod="POST"><Parameter name="token" value="t1"/></Stream></Connect>`
  );
}
