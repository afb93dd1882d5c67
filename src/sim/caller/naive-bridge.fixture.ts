import { WebSocket } from 'ws';
import { silence } from '../voice/index.ts';
import { type SmallStream, startSmallService, type SmallService } from '../twilio/small-service.fixture.ts';

const INSTRUCTIONS = `You answer the phone of Mangy Dog Coffee.
Greeting: Welcome to Mangy Dog Coffee. How can I help you?
Our promotion this week: 20% off every bag of beans, with the code BEANS.`;

const ANSWERS: Record<string, object> = {
  get_store_hours: { days: [{ dayName: 'Monday', formattedHours: '07:00 - 18:00' }] },
  get_product_details: { name: 'Oat Milk Latte', priceRange: '$4.50 - $5.50', description: 'Espresso with oat milk.' },
  end_call: { ok: true },
};

type ModelEvent = { type: string; [field: string]: unknown };

/** The least bridge between the two fakes: no journal, no clock, no care. It proves that the fakes understand each other. */
export function startNaiveBridge(modelUrl: string): Promise<SmallService> {
  const lines = new Map<SmallStream, WebSocket>();
  return startSmallService({
    routes: {
      '/voice': () =>
        '<Response><Connect action="/next"><Stream url="wss://voice.example.com/media"/></Connect></Response>',
      '/next': () => '<Response><Hangup/></Response>',
      '/voice/status': () => ({ status: 204 }),
    },
    onStart: (stream) => void lines.set(stream, openModel(stream, modelUrl)),
    onMedia: (stream, audio) => {
      const model = lines.get(stream);
      if (model?.readyState === WebSocket.OPEN)
        tell(model, { type: 'input_audio_buffer.append', audio: audio.toString('base64') });
    },
    onMessage: (stream, message) => {
      if (message.event === 'stop') lines.get(stream)?.close();
      if (message.event === 'mark' && (message['mark'] as { name: string }).name === 'farewell')
        stream.socket.close(1000);
    },
  });
}

function openModel(stream: SmallStream, url: string): WebSocket {
  const model = new WebSocket(`${url}?model=gpt-realtime-2.1`, { headers: { Authorization: 'Bearer key' } });
  let rest = Buffer.alloc(0);
  let leaving = false;
  const handlers: Record<string, (event: ModelEvent) => void> = {
    'session.created': () => tell(model, { type: 'session.update', session: session() }),
    'session.updated': () => tell(model, { type: 'response.create' }),
    'input_audio_buffer.speech_started': () => stream.clear(),
    'response.output_audio.delta': (event) => {
      rest = Buffer.concat([rest, Buffer.from(String(event['delta']), 'base64')]);
      const whole = rest.length - (rest.length % 160);
      if (whole > 0) stream.play(rest.subarray(0, whole));
      rest = rest.subarray(whole);
    },
    'response.output_audio.done': () => {
      if (rest.length > 0) stream.play(Buffer.concat([rest, silence(20)]).subarray(0, 160));
      rest = Buffer.alloc(0);
    },
    'response.output_item.done': (event) => {
      const item = event['item'] as { type: string; name: string; call_id: string; status: string };
      if (item.type !== 'function_call' || item.status !== 'completed') return;
      leaving ||= item.name === 'end_call';
      const output = JSON.stringify(ANSWERS[item.name] ?? {});
      tell(model, {
        type: 'conversation.item.create',
        item: { type: 'function_call_output', call_id: item.call_id, output },
      });
    },
    'response.done': (event) => {
      const output = (event['response'] as { output: { type: string }[] }).output;
      if (leaving) stream.mark('farewell');
      else if (output.some((item) => item.type === 'function_call')) tell(model, { type: 'response.create' });
    },
  };
  model.on('message', (data) => {
    const event = JSON.parse((data as Buffer).toString('utf8')) as ModelEvent;
    handlers[event.type]?.(event);
  });
  stream.socket.on('close', () => model.close());
  return model;
}

function session(): object {
  const tools = Object.keys(ANSWERS).map((name) => ({
    type: 'function',
    name,
    description: name,
    parameters: { type: 'object', properties: {} },
  }));
  const format = { type: 'audio/pcmu' };
  return {
    type: 'realtime',
    instructions: INSTRUCTIONS,
    output_modalities: ['audio'],
    tools,
    audio: { input: { format, turn_detection: { type: 'server_vad' } }, output: { format, voice: 'marin' } },
  };
}

function tell(model: WebSocket, event: object): void {
  model.send(JSON.stringify(event));
}
