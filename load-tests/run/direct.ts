import { parseArgs } from 'node:util';
import uWS from 'uWebSockets.js';
import { WebSocket } from 'ws';

/**
 * The least between a caller and the model: documents without a thought, audio from socket to socket. What callers measure
 * here is the rig's own part of what they measure elsewhere. `direct.ts --model URL --public URL` prints {"port": …}.
 */
const { values } = parseArgs({ options: { model: { type: 'string' }, public: { type: 'string' } } });
const { model: modelUrl = '', public: publicUrl = '' } = values;

const frameBytes = 160;
const payloadKey = '"payload":"';
const silenceByte = 0xff;
const format = { type: 'audio/pcmu' };
const turns = { type: 'server_vad', silence_duration_ms: 500, create_response: true, interrupt_response: true };
const transcription = { model: 'gpt-4o-mini-transcribe' };
const end = 'end_call';
const session = {
  type: 'realtime',
  instructions: 'Greeting: Welcome. How can I help you today?',
  output_modalities: ['audio'],
  tools: [{ type: 'function', name: end, description: end, parameters: { type: 'object', properties: {} } }],
  audio: {
    input: { format, turn_detection: turns, transcription },
    output: { format, voice: 'marin' },
  },
};

interface Line {
  streamSid: string;
  model: WebSocket | null;
  rest: Buffer;
  said: number;
  isLeaving: boolean;
}
type Caller = uWS.WebSocket<Line>;
interface ModelEvent {
  type: string;
  delta?: string;
  item?: { type: string; call_id: string; status: string };
  response?: { output: { type: string }[] };
}

const tell = (line: Line, event: object): void => line.model?.send(JSON.stringify(event));

function onModel(caller: Caller, event: ModelEvent): void {
  const line = caller.getUserData();
  const say = (message: object): void => void caller.send(JSON.stringify({ streamSid: line.streamSid, ...message }));
  const play = (audio: Buffer): void => say({ event: 'media', media: { payload: audio.toString('base64') } });
  if (event.type === 'session.created') tell(line, { type: 'session.update', session });
  if (event.type === 'session.updated') tell(line, { type: 'response.create' });
  if (event.type === 'input_audio_buffer.speech_started') {
    line.rest = Buffer.alloc(0);
    say({ event: 'clear' });
  }
  if (event.type === 'response.output_audio.delta') {
    const audio = Buffer.concat([line.rest, Buffer.from(event.delta ?? '', 'base64')]);
    const whole = audio.length - (audio.length % frameBytes);
    if (whole > 0) play(audio.subarray(0, whole));
    line.rest = audio.subarray(whole);
  }
  if (event.type === 'response.output_audio.done') {
    const last = Buffer.alloc(frameBytes, silenceByte);
    if (line.rest.copy(last) > 0) play(last);
    line.rest = Buffer.alloc(0);
    line.said += 1;
    say({ event: 'mark', mark: { name: `said${line.said}` } });
  }
  if (event.type === 'response.output_item.done' && event.item?.type === 'function_call') {
    line.isLeaving = true;
    const output = { type: 'function_call_output', call_id: event.item.call_id, output: '{}' };
    tell(line, { type: 'conversation.item.create', item: output });
    say({ event: 'mark', mark: { name: 'farewell' } });
  }
}

function openModel(caller: Caller): WebSocket {
  const model = new WebSocket(`${modelUrl}?model=gpt-realtime-2.1`, {
    headers: { Authorization: 'Bearer fake' },
    perMessageDeflate: false,
  });
  model.on('message', (data: Buffer) => onModel(caller, JSON.parse(data.toString()) as ModelEvent));
  model.on('error', () => undefined);
  return model;
}

function onCaller(caller: Caller, text: string): void {
  const line = caller.getUserData();
  const at = text.indexOf(payloadKey);
  if (at >= 0) {
    const from = at + payloadKey.length;
    const audio = text.slice(from, text.indexOf('"', from));
    if (line.model?.readyState === WebSocket.OPEN)
      line.model.send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
    return;
  }
  const { event, start, mark } = JSON.parse(text) as {
    event: string;
    start?: { streamSid: string };
    mark?: { name: string };
  };
  if (event === 'start') {
    line.streamSid = start?.streamSid ?? '';
    line.model = openModel(caller);
  }
  if (event === 'stop' || (line.isLeaving && mark?.name === 'farewell')) caller.end(1000);
}

const twiml = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?><Response>${body}</Response>`;
const stream = `<Stream url="${publicUrl.replace(/^http/, 'ws')}/media-stream"/>`;
const documents: Record<string, string> = {
  '/voice': twiml(`<Connect action="${publicUrl}/voice/next">${stream}</Connect>`),
  '/voice/next': twiml('<Hangup/>'),
};

const app = uWS.App();
app.ws<Line>('/media-stream', {
  upgrade: (response, request, context) =>
    response.upgrade<Line>(
      { streamSid: '', model: null, rest: Buffer.alloc(0), said: 0, isLeaving: false },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    ),
  message: (caller, data) => onCaller(caller, Buffer.from(data).toString('latin1')),
  close: (caller) => {
    const { model } = caller.getUserData();
    model?.removeAllListeners('message');
    model?.terminate();
  },
});
app.post('/*', (response, request) => {
  const document = documents[request.getUrl()];
  response.onAborted(() => undefined);
  response.onData((_chunk, isLast) => {
    if (!isLast) return;
    if (document === undefined) response.writeStatus('204 No Content').endWithoutBody();
    else response.writeHeader('Content-Type', 'text/xml').end(document);
  });
});
app.listen('127.0.0.1', 0, (socket) => {
  if (!socket) throw new Error('cannot listen');
  process.stdout.write(`${JSON.stringify({ port: uWS.us_socket_local_port(socket) })}\n`);
});
