import type { z } from 'zod';

/** What an `error` event says. */
export interface Refusal {
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

export function refuse(code: string, message: string, param: string | null = null): Refusal {
  return { type: code === 'server_error' ? 'server_error' : 'invalid_request_error', code, message, param };
}

function spell(path: readonly PropertyKey[]): string {
  let spelled = '';
  for (const part of path) {
    spelled += typeof part === 'number' ? `[${part}]` : `${spelled === '' ? '' : '.'}${String(part)}`;
  }
  return spelled;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Turns the first problem of a schema check into the API's words: unknown, missing, wrong type, wrong value. */
export function refusalOf(error: z.ZodError, input: unknown, prefix: string): Refusal {
  const issue = error.issues.find((each) => each.code === 'unrecognized_keys') ?? error.issues[0]!;
  const path = issue.path;
  const at = spell([...(prefix === '' ? [] : [prefix]), ...path]);
  if (issue.code === 'unrecognized_keys') {
    const param = at === '' ? issue.keys[0]! : `${at}.${issue.keys[0]}`;
    return refuse('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  const value = valueAt(input, path);
  if (value === undefined) return refuse('missing_required_parameter', `Missing required parameter: '${at}'.`, at);
  if (issue.code === 'invalid_type') {
    return refuse('invalid_type', `Invalid type for '${at}': expected ${issue.expected}.`, at);
  }
  return refuse('invalid_value', `Invalid value for '${at}': ${issue.message}`, at);
}
