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

/** Twilio's error body. */
export function restError(status: number, code: number, message: string): RestAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

export function notFound(path: string): RestAnswer {
  return restError(404, 20_404, `The requested resource ${path} was not found`);
}
