/** Requests and responses as the console sees them: the shapes of the HTTP server's routes. */

export interface ConsoleRequest {
  /** Raw, not decoded. */
  path: string;
  /** Raw, without the question mark. */
  query: string;
  /** By lower-case name, '' where absent. */
  header(name: string): string;
  body: Buffer;
}

export interface ConsoleResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface ConsoleRoute {
  method: 'GET' | 'POST';
  /** Ends in `/*` where it answers everything below. */
  path: string;
  handler(request: ConsoleRequest): ConsoleResponse | Promise<ConsoleResponse>;
}

/** No script at all; styles and pictures from our own files only. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function html(status: number, body: string, headers: Record<string, string> = {}): ConsoleResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY, ...headers },
    body,
  };
}

export function redirect(location: string, headers: Record<string, string> = {}): ConsoleResponse {
  return { status: 303, headers: { location, ...headers } };
}
