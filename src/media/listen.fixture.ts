import { once } from 'node:events';
import WebSocket from 'ws';
import { VoiceReader } from '../sim/voice/index.ts';

/** A browser that listens: what it read out of both sides, and what else it was told. */
export class TestListener {
  readonly caller = new VoiceReader();
  readonly assistant = new VoiceReader();
  readonly events: { event: string; frames?: number }[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor(url: string, token: string | Uint8Array) {
    this.socket = new WebSocket(url);
    this.socket.on('open', () => this.socket.send(token));
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.events.push(JSON.parse(data.toString()) as { event: string });
      else (data[0] === 0 ? this.caller : this.assistant).push(data.subarray(1));
    });
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
  }

  /** The words of one side. */
  words(side: 'caller' | 'assistant'): string[] {
    return this[side].spans.map(({ text }) => text);
  }
}
