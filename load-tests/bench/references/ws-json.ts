/**
 * The pattern of most samples: the `ws` library on both sides, every message parsed and written anew as JSON, a mark
 * behind each piece of audio.
 *
 *   ws-json.ts MODEL_URL   prints {"port": …} when it listens on 127.0.0.1
 */
import { WebSocket, WebSocketServer } from 'ws';

interface CarrierMessage {
  event: string;
  start?: { streamSid: string };
  media?: { payload: string };
}

interface ModelEvent {
  type: string;
  item_id?: string;
  delta?: string;
}

const modelUrl = process.argv[2] ?? '';
const turns = { type: 'server_vad', silence_duration_ms: 500, create_response: true, interrupt_response: true };
const format = { type: 'audio/pcmu' };
const session = { type: 'realtime', audio: { input: { format, turn_detection: turns }, output: { format } } };

function bridge(caller: WebSocket): void {
  const model = new WebSocket(modelUrl, { perMessageDeflate: false });
  let streamSid = '';
  let sent = 0;
  const tell = (message: object): void => caller.send(JSON.stringify({ ...message, streamSid }));
  caller.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as CarrierMessage;
    if (message.event === 'start') streamSid = message.start?.streamSid ?? '';
    if (message.event !== 'media' || model.readyState !== WebSocket.OPEN) return;
    model.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: message.media?.payload }));
  });
  model.on('open', () => model.send(JSON.stringify({ type: 'session.update', session })));
  model.on('message', (data: Buffer) => {
    const event = JSON.parse(data.toString()) as ModelEvent;
    if (event.type === 'input_audio_buffer.speech_started') tell({ event: 'clear' });
    if (event.type !== 'response.output_audio.delta') return;
    tell({ event: 'media', media: { payload: event.delta } });
    tell({ event: 'mark', mark: { name: `${event.item_id}:${++sent}` } });
  });
  caller.on('close', () => model.terminate());
  caller.on('error', () => caller.terminate());
  model.on('error', () => caller.close());
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', bridge);
server.on('listening', () => console.log(JSON.stringify({ port: (server.address() as { port: number }).port })));
