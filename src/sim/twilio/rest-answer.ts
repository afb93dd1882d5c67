/** An answer of the REST interface; bytes are media. */
export interface RestAnswer {
  status: number;
  body: object | Uint8Array | null;
  type?: string;
}

export interface RestAsk {
  method: string;
  /** Path below the account, without `.json`: `/Calls/CA…`. */
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
}

/** A request to the REST interface; `atMs` by performance.now(). */
export interface RestRecord {
  atMs: number;
  method: string;
  /** Below the account: `/Calls/CA….json`. */
  path: string;
  query: Record<string, string>;
  form: Record<string, string>;
  /** Null for one that was never answered. */
  status: number | null;
  /** Twilio's error code, null without one. */
  code: number | null;
}

/** Twilio's error body. */
export function restError(status: number, code: number, message: string): RestAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

export function notFound(path: string): RestAnswer {
  return restError(404, 20_404, `The requested resource ${path} was not found`);
}
