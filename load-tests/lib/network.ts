/** What an answer was, or why there was none. */
export type WebResult =
  | { status: number; contentType: string; location: string | null; body: string; ms: number }
  /** `ct`: no connection; `rt`: no answer in time, or a broken one. */
  | { failed: 'ct' | 'rt'; isLate: boolean; ms: number };

export interface WebAsk {
  /** Where to connect to. */
  url: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string;
  /** For everything from the connection to the end of the answer. */
  timeoutMs: number;
  /** Path alone, under which tools sum requests up. */
  name: string;
}

export interface SocketListener {
  onOpen(): void;
  onMessage(text: string): void;
  onPong(): void;
  /** Once. Code 0: without a closing handshake; `refusal`: the upgrade's answer or the error of a connection never made. */
  onClose(code: number, refusal: string | null): void;
}

export interface Socket {
  /** Drops what cannot be sent any more. */
  send(text: string): void;
  ping(): void;
  close(): void;
  /** Closes without waiting for the other end. */
  destroy(): void;
}

/** Everything that the virtual caller needs of the world outside. */
export interface Network {
  nowMs(): number;
  /** Never rejects. */
  ask(ask: WebAsk): Promise<WebResult>;
  /** Length of a sound; null where it cannot be had. */
  soundMs(url: string, headers: Record<string, string>): Promise<number | null>;
  open(url: string, headers: Record<string, string>, listener: SocketListener): Socket;
  /** Calls once after so long; what it returns takes that back. */
  later(ms: number, callback: () => void): () => void;
  hmac(key: string, data: string): string;
  /** Base64; null for what is none. */
  decode(base64: string): ArrayBuffer | null;
  /** For names that are never used twice: 0 up to but without 1. */
  random(): number;
}
