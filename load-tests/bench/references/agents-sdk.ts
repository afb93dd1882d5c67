/**
 * OpenAI's agents SDK with its transport for Twilio, as its own example has it: one session for each media socket.
 *
 *   agents-sdk.ts MODEL_URL PACKAGES   prints {"port": …} when it listens on 127.0.0.1
 *
 * PACKAGES is the folder with its packages: they are no dependency of this project.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';

interface RealtimeSession {
  connect(options: { apiKey: string; url: string }): Promise<void>;
  on(event: 'error', listener: (error: unknown) => void): void;
  close(): void;
}

/** What is used of the SDK. */
interface Sdk {
  RealtimeAgent: new (options: { name: string; instructions: string }) => object;
  RealtimeSession: new (agent: object, options: { transport: object; model: string }) => RealtimeSession;
}
interface Extensions {
  TwilioRealtimeTransportLayer: new (options: { twilioWebSocket: WebSocket }) => object;
}

const [modelUrl = '', packages = ''] = process.argv.slice(2);
const { resolve } = createRequire(join(packages, 'package.json'));
const load = (name: string): Promise<unknown> =>
  import(pathToFileURL(resolve(name)).href.replace(/\.js$/, '.mjs')) as Promise<unknown>;
const { RealtimeAgent, RealtimeSession } = (await load('@openai/agents/realtime')) as Sdk;
const { TwilioRealtimeTransportLayer } = (await load('@openai/agents-extensions')) as Extensions;

const agent = new RealtimeAgent({ name: 'Receptionist', instructions: 'You answer the phone of a restaurant.' });

async function bridge(twilioWebSocket: WebSocket): Promise<void> {
  const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket });
  const session = new RealtimeSession(agent, { transport, model: 'gpt-realtime-2.1' });
  session.on('error', () => twilioWebSocket.close());
  await session.connect({ apiKey: 'fake', url: modelUrl });
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => void bridge(socket).catch(() => socket.close()));
server.on('listening', () => console.log(JSON.stringify({ port: (server.address() as { port: number }).port })));
