import { WebSocketClient, type WebSocketOptions } from './client.ts';
import { RecordingListener } from './listener.fixture.ts';

const patient: Omit<WebSocketOptions, 'url'> = {
  headers: { Authorization: 'Bearer key' },
  handshakeTimeoutMs: 20_000,
  closeTimeoutMs: 20_000,
  messageBytesMax: 1_000_000,
};

/** Clients of one test file, cut when it ends. */
export class Clients {
  readonly #clients: WebSocketClient[] = [];

  connect(url: URL, options: Partial<WebSocketOptions> = {}): { client: WebSocketClient; listener: RecordingListener } {
    const listener = new RecordingListener();
    const client = new WebSocketClient({ ...patient, url, ...options }, listener);
    this.#clients.push(client);
    return { client, listener };
  }

  cut(): void {
    for (const client of this.#clients.splice(0)) client.terminate();
  }
}
