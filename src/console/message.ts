/** Requests and responses as the console sees them: the shapes of the HTTP server's routes. */

export interface ConsoleRequest {
  /** In capitals; HEAD is asked as GET. */
  method: string;
  /** Raw, not decoded. */
  path: string;
  /** Raw, without the question mark. */
  query: string;
  /** By lower-case name, '' where absent. */
  header(name: string): string;
  /** Of whoever connected, which may be a proxy. */
  address: string;
  body: Buffer;
}

/** The body of an answer that goes on, as `http/` gives it. */
export interface ConsoleStream {
  /** False: the reader has not taken what it was sent so far. */
  write(text: string): boolean;
  /** Called whenever the reader has taken everything. */
  onDrain(listener: () => void): void;
  /** Called once, whoever ended it. */
  onEnd(listener: () => void): void;
  end(): void;
  readonly over: boolean;
}

export interface ConsoleResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** In place of a body: called with one that goes on, once the head is written. Not for HEAD. */
  stream?: (out: ConsoleStream) => void;
}

export interface ConsoleRoute {
  method: 'GET' | 'POST';
  /** Ends in `/*` where it answers everything below. */
  path: string;
  handler(request: ConsoleRequest): ConsoleResponse | Promise<ConsoleResponse>;
  bodyBytesMax?: number | ((request: Pick<ConsoleRequest, 'header'>) => number);
}

/** Everything from our own files, nothing inline. `connect`: origins that scripts may open sockets to besides. */
function policy(connect: readonly string[]): string {
  const reach = ["'self'", ...connect].join(' ');
  return [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:",
    `connect-src ${reach}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  ].join('; ');
}

export function html(
  status: number,
  body: string,
  headers: Record<string, string> = {},
  connect: readonly string[] = [],
): ConsoleResponse {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy(connect),
      // Without it browsers post our own forms with the origin `null`.
      'referrer-policy': 'same-origin',
      vary: 'hx-request',
      ...headers,
    },
    body,
  };
}

export function redirect(location: string, headers: Record<string, string> = {}): ConsoleResponse {
  return { status: 303, headers: { location, ...headers } };
}
