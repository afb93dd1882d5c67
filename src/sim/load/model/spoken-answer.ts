import type { FrameJourneys } from '../frame-journeys.ts';
import { writeTag } from '../voice/name-tag.ts';
import { type CutAnswer, framesWithin, taggedPiece } from './answers.ts';

/** Where an answer's events go; ids and `event_id` are added there. */
export interface AnswerPort {
  send(type: string, body: string): void;
  /** Hot. */
  sendText(text: string): void;
  nextEventId(): string;
}

export interface AnswerOptions {
  responseId: string;
  itemId: string;
  /** Of the conversation, before this one. */
  previousId: string | null;
  cut: CutAnswer;
  line: number;
  turn: number;
  firstAt: number;
  speed: number;
  journeys: FrameJourneys | null;
}

/** One response with one spoken message, sent piece by piece. */
export class SpokenAnswer {
  readonly options: AnswerOptions;
  readonly #port: AnswerPort;
  #next = 0;
  #words = '';
  /** When the next piece is due. */
  dueAt: number;
  generatedMs = 0;
  isOver = false;
  #begun = false;

  constructor(port: AnswerPort, options: AnswerOptions) {
    this.#port = port;
    this.options = options;
    this.dueAt = options.firstAt;
  }

  get transcript(): string {
    return this.#words;
  }

  /** Sends what is due. True: the message is complete. */
  advance(now: number): boolean {
    const { cut, speed } = this.options;
    if (!this.#begun) this.#begin();
    while (this.#next < cut.pieces.length) {
      if (this.dueAt > now) return false;
      const { ms } = this.#sendPiece(true);
      this.dueAt += ms / speed;
    }
    return true;
  }

  /** A piece that was already made when the response was cancelled. */
  late(): void {
    if (this.#begun && this.#next < this.options.cut.pieces.length) this.#sendPiece(false);
  }

  /** The events at the end of the message. `status`: of the item. */
  close(status: 'completed' | 'incomplete'): void {
    this.isOver = true;
    if (!this.#begun) return;
    const place = this.#place();
    const transcript = JSON.stringify(this.#words);
    this.#port.send('response.output_audio.done', place);
    this.#port.send('response.output_audio_transcript.done', `${place},"transcript":${transcript}`);
    this.#port.send('response.content_part.done', `${place},"part":{"type":"audio","transcript":${transcript}}`);
    const { responseId, previousId } = this.options;
    const item = this.item(status);
    this.#port.send('response.output_item.done', `"response_id":"${responseId}","output_index":0,"item":${item}`);
    this.#port.send('conversation.item.done', `"previous_item_id":${quoted(previousId)},"item":${item}`);
  }

  item(status: 'in_progress' | 'completed' | 'incomplete'): string {
    const content =
      status === 'in_progress' ? '' : `{"type":"output_audio","transcript":${JSON.stringify(this.#words)}}`;
    return (
      `{"id":"${this.options.itemId}","object":"realtime.item","type":"message","status":"${status}",` +
      `"role":"assistant","content":[${content}]}`
    );
  }

  #begin(): void {
    this.#begun = true;
    const { responseId, previousId } = this.options;
    const item = this.item('in_progress');
    this.#port.send('response.output_item.added', `"response_id":"${responseId}","output_index":0,"item":${item}`);
    this.#port.send('conversation.item.added', `"previous_item_id":${quoted(previousId)},"item":${item}`);
    this.#port.send('response.content_part.added', `${this.#place()},"part":{"type":"audio","transcript":""}`);
  }

  #sendPiece(isHeard: boolean): { ms: number } {
    const { cut, line, turn, journeys, responseId, itemId } = this.options;
    const piece = cut.pieces[this.#next] as (typeof cut.pieces)[number];
    if (isHeard) {
      const words = this.#next === 0 ? writeTag(line, turn) + piece.words : piece.words;
      this.#words += words;
      if (words !== '') {
        const delta = JSON.stringify(words);
        this.#port.send('response.output_audio_transcript.delta', `${this.#place()},"delta":${delta}`);
      }
    }
    const audio = this.#next === 0 ? taggedPiece(cut, line, turn) : piece.base64;
    this.#next++;
    this.#port.sendText(
      `{"type":"response.output_audio.delta","event_id":"${this.#port.nextEventId()}","response_id":"${responseId}",` +
        `"item_id":"${itemId}","output_index":0,"content_index":0,"delta":"${audio}"}`,
    );
    this.generatedMs += piece.ms;
    if (journeys && isHeard) {
      const to = framesWithin(piece.toByte);
      const now = performance.now();
      for (let frame = framesWithin(piece.fromByte); frame < to; frame++) journeys.left(line, turn, frame, now);
    }
    return piece;
  }

  #place(): string {
    const { responseId, itemId } = this.options;
    return `"response_id":"${responseId}","item_id":"${itemId}","output_index":0,"content_index":0`;
  }
}

const quoted = (id: string | null): string => (id === null ? 'null' : `"${id}"`);
