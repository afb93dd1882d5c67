import { WebSocket } from 'ws';

export interface RelayListener {
  onOpen(): void;
  /** A message of the node's, as it is. */
  onMessage(text: string): void;
  /** Once: the node closed, or could not be reached. */
  onEnd(end: 'closed' | 'broken' | 'refused'): void;
}

const HANDSHAKE_MS = 3_000;
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** A node that does not read for so long is lost. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const BROKEN = 1006;

/** One media stream to a node: what the page says goes there unread, and back. */
export class MediaRelay {
  private readonly listener: RelayListener;
  private readonly headers: Record<string, string>;
  private socket: WebSocket | null = null;
  private isOver = false;

  /** Tries the addresses one after another until one opens. */
  constructor(urls: readonly string[], headers: Record<string, string>, listener: RelayListener) {
    this.listener = listener;
    this.headers = headers;
    this.connect(urls);
  }

  send(text: string): void {
    const socket = this.socket;
    if (this.isOver || socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > UNREAD_BYTES_MAX) return this.end('broken');
    socket.send(text);
  }

  /** Nothing is told after it. */
  close(): void {
    this.isOver = true;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.close(1000);
    else this.socket?.terminate();
  }

  private connect([url, ...others]: readonly string[]): void {
    if (this.isOver) return;
    if (url === undefined) return this.end('refused');
    const socket = new WebSocket(url, {
      headers: this.headers,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
    });
    this.socket = socket;
    let isOpen = false;
    socket.once('open', () => {
      isOpen = true;
      if (!this.isOver) this.listener.onOpen();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (!this.isOver && !isBinary) this.listener.onMessage(data.toString('utf8'));
    });
    // The close follows.
    socket.on('error', () => undefined);
    socket.once('close', (code) => {
      if (!isOpen) this.connect(others);
      else this.end(code === BROKEN ? 'broken' : 'closed');
    });
  }

  private end(end: 'closed' | 'broken' | 'refused'): void {
    if (this.isOver) return;
    this.isOver = true;
    this.socket?.terminate();
    this.listener.onEnd(end);
  }
}
