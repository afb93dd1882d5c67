import type { LineLedgers } from './caller.ts';
import { frameBytes, type FrameMark, frameMs, speechOf } from './frames.ts';

/** Here no node is between the two ends: the model's end speaks to the carrier's in the carrier's words. */
export const directPath = '/direct';

/** As the sessions ask for it. */
export const turnSilenceMs = 500;
/** From the end of a turn to the first audio of its answer. */
export const firstAudioMs = 250;
const answerMs = 4_000;
const greetingMs = 1_000;
/** Audio is made so many times faster than it plays. */
const speed = 8;
const prefixMs = 300;
const onsetFrames = 2;
/** Lengths of the deltas, in turns: as the real ones they are no whole frames. */
const deltaBytes = [3201, 4805, 2407, 5603, 4001, 3999];
const bytesPerMs = frameBytes / frameMs;

const appendStart = '{"type":"input_audio_buffer.append","audio":"';
const appendEnd = 2;
const mediaPayloadKey = '"payload":"';
const directSid = `MZ${'0'.repeat(32)}`;
const callerWords = 'Could you tell me how long you are open today, please?';
const answerWords = 'We are open until seven in the evening today, and the kitchen closes at half past six. ';
const speechBytes = { answer: answerMs * bytesPerMs, greeting: greetingMs * bytesPerMs };
const plainAnswer = speechOf(answerMs / frameMs);

/** Where a line's messages go. */
export interface LineSocket {
  send(text: string): void;
}

interface Response {
  id: string;
  itemId: string;
  audio: Buffer;
  /** Bytes, and frames, that have left. */
  sentBytes: number;
  sentFrames: number;
  deltas: number;
}

/** The model's end of one line: it takes any configuration, hears turns by the frames' marks, and answers each. */
export class ModelLine {
  readonly #socket: LineSocket;
  readonly #number: number;
  readonly #isDirect: boolean;
  readonly #ledgers: LineLedgers;
  readonly #onFrame = (mark: FrameMark): void => this.#hear(mark);
  /** The caller's line, known from its first frame. */
  #line = -1;
  #events = 0;
  #items = 0;
  #lastItem: string | null = null;
  #heardMs = 0;
  #loudFrames = 0;
  #quietMs = 0;
  #turn: string | null = null;
  #asked = false;
  #response: Response | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** A configuration came: whoever is on the other side is ready. */
  isReady: boolean;
  /** Of the caller. */
  turns = 0;
  /** Answers that were made to their end. */
  answers = 0;

  constructor(socket: LineSocket, number: number, isDirect: boolean, ledgers: LineLedgers) {
    this.#socket = socket;
    this.#number = number;
    this.#isDirect = isDirect;
    this.#ledgers = ledgers;
    this.isReady = isDirect;
    const session = { id: `sess_${number}`, object: 'realtime.session', type: 'realtime', model: 'lean' };
    this.#send('session.created', { session });
  }

  /** The bytes are only valid during the call. */
  take(message: Buffer): void {
    if (this.#isDirect) this.#takeMedia(message);
    else this.#takeEvent(message);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #takeMedia(message: Buffer): void {
    const at = message.indexOf(mediaPayloadKey);
    if (at < 0) return;
    const from = at + mediaPayloadKey.length;
    this.#ledgers.toModel.take(message, from, message.indexOf(0x22, from), this.#onFrame);
  }

  #takeEvent(message: Buffer): void {
    if (message.toString('latin1', 0, appendStart.length) === appendStart) {
      this.#ledgers.toModel.take(message, appendStart.length, message.length - appendEnd, this.#onFrame);
      return;
    }
    const event = JSON.parse(message.toString()) as {
      type: string;
      audio?: string;
      item?: { id?: string };
      item_id?: string;
      audio_end_ms?: number;
    };
    switch (event.type) {
      case 'input_audio_buffer.append': {
        // Somebody's keys stand in another order.
        const audio = Buffer.from(event.audio ?? '');
        return this.#ledgers.toModel.take(audio, 0, audio.length, this.#onFrame);
      }
      case 'session.update':
        this.isReady = true;
        return this.#send('session.updated', { session: { type: 'realtime' } });
      case 'conversation.item.create':
        return this.#add({ id: this.#nextItem(), ...event.item });
      case 'conversation.item.truncate':
        return this.#send('conversation.item.truncated', {
          item_id: event.item_id,
          content_index: 0,
          audio_end_ms: event.audio_end_ms,
        });
      case 'response.create':
        this.#asked = true;
        if (this.#line >= 0) this.#greet();
    }
  }

  #hear({ line, isSpeech }: FrameMark): void {
    if (this.#line < 0) {
      this.#line = line;
      if (this.#asked) this.#greet();
    }
    this.#heardMs += frameMs;
    if (isSpeech) {
      this.#quietMs = 0;
      if (++this.#loudFrames === onsetFrames && this.#turn === null) this.#begins();
      return;
    }
    this.#loudFrames = 0;
    this.#quietMs += frameMs;
    if (this.#turn !== null && this.#quietMs >= turnSilenceMs) this.#ends(this.#turn);
  }

  #begins(): void {
    const itemId = this.#nextItem();
    this.#turn = itemId;
    const startMs = Math.max(0, this.#heardMs - onsetFrames * frameMs - prefixMs);
    this.#send('input_audio_buffer.speech_started', { audio_start_ms: startMs, item_id: itemId });
    if (this.#response) this.#finish(this.#response, 'cancelled');
  }

  #ends(itemId: string): void {
    this.#turn = null;
    this.turns++;
    this.#send('input_audio_buffer.speech_stopped', { audio_end_ms: this.#heardMs, item_id: itemId });
    this.#send('input_audio_buffer.committed', { item_id: itemId, previous_item_id: this.#lastItem });
    const content = [{ type: 'input_audio', transcript: null }];
    this.#add({ id: itemId, type: 'message', role: 'user', status: 'completed', content });
    this.#respond(speechBytes.answer, itemId);
  }

  #greet(): void {
    this.#asked = false;
    if (!this.#response) this.#respond(speechBytes.greeting, null);
  }

  #respond(bytes: number, turn: string | null): void {
    const id = `resp_${this.#number}_${++this.#items}`;
    const audio = Buffer.from(plainAnswer.subarray(0, bytes));
    for (let frame = 0; frame * frameBytes < bytes; frame++)
      this.#ledgers.toCaller.mark(this.#line, true, audio, frame * frameBytes, frame);
    const response = { id, itemId: this.#nextItem(), audio, sentBytes: 0, sentFrames: 0, deltas: 0 };
    this.#response = response;
    this.#send('response.created', { response: shown(id, 'in_progress', [], null) });
    this.#send('rate_limits.updated', rateLimits);
    this.#later(firstAudioMs, () => this.#open(response, turn));
  }

  #open(response: Response, turn: string | null): void {
    if (turn !== null) {
      this.#send('conversation.item.input_audio_transcription.completed', {
        item_id: turn,
        content_index: 0,
        transcript: callerWords,
        usage: { type: 'duration', seconds: 3 },
      });
    }
    const item = assistantItem(response.itemId, 'in_progress', []);
    this.#send('response.output_item.added', { response_id: response.id, output_index: 0, item });
    this.#add(item);
    this.#send('response.content_part.added', { ...place(response), part: { type: 'audio', transcript: '' } });
    this.#speak(response);
  }

  #speak(response: Response): void {
    const { audio } = response;
    const from = response.sentBytes;
    const to = Math.min(audio.length, from + (deltaBytes[response.deltas % deltaBytes.length] as number));
    response.deltas++;
    const words = answerWords.slice(
      Math.floor((from / audio.length) * answerWords.length),
      Math.floor((to / audio.length) * answerWords.length),
    );
    this.#send('response.output_audio_transcript.delta', { ...place(response), delta: words });
    while ((response.sentFrames + 1) * frameBytes <= to) {
      this.#ledgers.toCaller.leaves(this.#line);
      response.sentFrames++;
    }
    this.#sendAudio(response, audio.toString('base64', from, to), (to - from) / bytesPerMs);
    response.sentBytes = to;
    if (to === audio.length) this.#finish(response, 'completed');
    else this.#later((to - from) / bytesPerMs / speed, () => this.#speak(response));
  }

  #sendAudio(response: Response, payload: string, ms: number): void {
    if (this.#isDirect) {
      this.#socket.send(`{"event":"media","streamSid":"${directSid}","media":{"payload":"${payload}"}}`);
      this.#socket.send(`{"event":"mark","streamSid":"${directSid}","mark":{"name":"g1:1:${Math.floor(ms)}"}}`);
      return;
    }
    this.#socket.send(
      `{"type":"response.output_audio.delta","event_id":"event_${++this.#events}","response_id":"${response.id}",` +
        `"item_id":"${response.itemId}","output_index":0,"content_index":0,"delta":"${payload}"}`,
    );
  }

  #finish(response: Response, status: 'completed' | 'cancelled'): void {
    this.stop();
    this.#response = null;
    if (status === 'completed') this.answers++;
    const transcript = answerWords.slice(
      0,
      Math.floor((response.sentBytes / response.audio.length) * answerWords.length),
    );
    const { id, itemId } = response;
    if (response.deltas > 0) {
      this.#send('response.output_audio.done', place(response));
      this.#send('response.output_audio_transcript.done', { ...place(response), transcript });
      this.#send('response.content_part.done', { ...place(response), part: { type: 'audio', transcript } });
    }
    const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
    const item = assistantItem(itemId, itemStatus, [{ type: 'output_audio', transcript }]);
    this.#send('response.output_item.done', { response_id: id, output_index: 0, item });
    this.#send('conversation.item.done', { previous_item_id: this.#lastItem, item });
    this.#send('response.done', { response: shown(id, status, [item], usage) });
  }

  #add(item: { id: string; [key: string]: unknown }): void {
    this.#send('conversation.item.added', { previous_item_id: this.#lastItem, item });
    this.#lastItem = item.id;
  }

  #nextItem(): string {
    return `item_${this.#number}_${++this.#items}`;
  }

  #later(ms: number, work: () => void): void {
    this.#timer = setTimeout(work, ms);
  }

  #send(type: string, event: object): void {
    if (!this.#isDirect) this.#socket.send(JSON.stringify({ type, event_id: `event_${++this.#events}`, ...event }));
  }
}

const place = ({ id, itemId }: Response): object => ({
  response_id: id,
  item_id: itemId,
  output_index: 0,
  content_index: 0,
});

const assistantItem = (id: string, status: string, content: object[]) => ({
  id,
  object: 'realtime.item',
  type: 'message',
  status,
  role: 'assistant',
  content,
});

const shown = (id: string, status: string, output: object[], used: object | null): object => ({
  object: 'realtime.response',
  id,
  status,
  status_details: status === 'cancelled' ? { type: 'cancelled', reason: 'turn_detected' } : null,
  output,
  conversation_id: 'conv_1',
  output_modalities: ['audio'],
  max_output_tokens: 'inf',
  metadata: null,
  usage: used,
});

const usage = {
  total_tokens: 770,
  input_tokens: 668,
  output_tokens: 102,
  input_token_details: {
    text_tokens: 610,
    audio_tokens: 58,
    image_tokens: 0,
    cached_tokens: 576,
    cached_tokens_details: { text_tokens: 576, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 72 },
};

const rateLimits = {
  rate_limits: [
    { name: 'requests', limit: 20_000, remaining: 19_997, reset_seconds: 0.36 },
    { name: 'tokens', limit: 15_000_000, remaining: 14_990_000, reset_seconds: 1.78 },
  ],
};
