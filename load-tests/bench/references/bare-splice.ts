/**
 * FROZEN: what Aida's cost is measured against, the least that a bridge can do here. uWebSockets.js to the caller, a raw
 * socket to the model, a slice of base64 between them, one write for each frame. No checks, no marks, no state, and
 * nothing is kept that comes before the model's socket is open. A test holds it to its bytes: a bar that moves is none.
 *
 *   bare-splice.ts MODEL_URL   prints {"port": …} when it listens on 127.0.0.1
 */
import { randomFillSync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import uWS from 'uWebSockets.js';

interface Line {
  streamSid: string;
  model: Socket | null;
  isOpen: boolean;
  rest: Buffer;
}
type Caller = uWS.WebSocket<Line>;

const model = new URL(process.argv[2] ?? '');
const isSecure = model.protocol === 'wss:';
const port = Number(model.port || (isSecure ? 443 : 80));
const payloadKey = '"payload":"';
const append = '{"type":"input_audio_buffer.append","audio":"';
const deltaType = '"type":"response.output_audio.delta"';
const deltaKey = '"delta":"';
const format = { type: 'audio/pcmu' };
const turns = { type: 'server_vad', silence_duration_ms: 500, create_response: true, interrupt_response: true };
const session = { type: 'realtime', audio: { input: { format, turn_detection: turns }, output: { format } } };
const update = JSON.stringify({ type: 'session.update', session });
const masks = new Uint8Array(4 * 4096);
let maskAt = masks.length;

/** One text message of ASCII as a client writes it. */
function frameOf(text: string): Buffer {
  const { length } = text;
  const from = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(from + length);
  frame[0] = 0x81;
  frame[1] = 0x80 | (length < 126 ? length : 126);
  if (length >= 126) frame.writeUInt16BE(length, 2);
  if (maskAt === masks.length) {
    randomFillSync(masks);
    maskAt = 0;
  }
  for (let i = 0; i < 4; i++) frame[from - 4 + i] = masks[maskAt++] as number;
  frame.write(text, from, 'latin1');
  for (let i = from; i < frame.length; i++)
    frame[i] = (frame[i] as number) ^ (frame[from - 4 + ((i - from) & 3)] as number);
  return frame;
}

function onCaller(line: Line, data: ArrayBuffer): void {
  const text = Buffer.from(data).toString('latin1');
  const at = text.indexOf(payloadKey);
  if (at < 0) {
    if (line.streamSid === '') line.streamSid = /"streamSid":"([^"]+)"/.exec(text)?.[1] ?? '';
    return;
  }
  const from = at + payloadKey.length;
  if (line.isOpen) line.model?.write(frameOf(`${append}${text.slice(from, text.indexOf('"', from))}"}`));
}

function onModel(caller: Caller, line: Line, message: Buffer): void {
  if (!message.toString('latin1', 0, 160).includes(deltaType)) return;
  const text = message.toString('latin1');
  const from = text.indexOf(deltaKey) + deltaKey.length;
  const payload = text.slice(from, text.indexOf('"', from));
  caller.send(`{"event":"media","streamSid":"${line.streamSid}","media":{"payload":"${payload}"}}`);
}

/** Whole messages of the model; what is left waits for the next chunk. */
function read(caller: Caller, line: Line, chunk: Buffer): void {
  let bytes = line.rest.length === 0 ? chunk : Buffer.concat([line.rest, chunk]);
  if (!line.isOpen) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end >= 0) {
      line.isOpen = true;
      line.model?.write(frameOf(update));
      bytes = bytes.subarray(end + 4);
    }
  }
  while (line.isOpen && bytes.length >= 2) {
    const short = (bytes[1] as number) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) break;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
    if (bytes.length < head + length) break;
    if (((bytes[0] as number) & 0x0f) === 1) onModel(caller, line, bytes.subarray(head, head + length));
    bytes = bytes.subarray(head + length);
  }
  line.rest = bytes;
}

function open(caller: Caller): void {
  const line = caller.getUserData();
  const socket = isSecure ? connectTls(port, model.hostname) : connect(port, model.hostname);
  line.model = socket;
  socket.setNoDelay(true);
  const key = Buffer.from(randomFillSync(new Uint8Array(16))).toString('base64');
  const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`;
  socket.write(`GET ${model.pathname} HTTP/1.1\r\nHost: ${model.host}\r\n${upgrade}\r\n\r\n`);
  socket.on('data', (chunk: Buffer) => read(caller, line, chunk));
  socket.on('error', () => socket.destroy());
}

uWS
  .App()
  .ws<Line>('/*', {
    upgrade: (res, req, context) => {
      const [key, protocol] = [req.getHeader('sec-websocket-key'), req.getHeader('sec-websocket-protocol')];
      const line = { streamSid: '', model: null, isOpen: false, rest: Buffer.alloc(0) };
      res.upgrade<Line>(line, key, protocol, req.getHeader('sec-websocket-extensions'), context);
    },
    open,
    message: (caller, data) => onCaller(caller.getUserData(), data),
    close: (caller) => caller.getUserData().model?.destroy(),
  })
  .listen('127.0.0.1', 0, (socket) => console.log(JSON.stringify({ port: uWS.us_socket_local_port(socket) })));
