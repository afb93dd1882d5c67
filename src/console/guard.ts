import type { AccountRole } from '../../entities/account.ts';
import type { Who } from '../services/audit.ts';
import type { UploadedFile } from './form.ts';
import type { ConsoleRequest, ConsoleResponse } from './message.ts';
import type { NavGroup } from './nav.ts';
import type { Words } from './words.ts';

export type Role = AccountRole;
export type { Who };

/** What a page is shown in. */
export interface Frame {
  nav: NavGroup[];
  /** A sentence from the page before, '' for none. */
  flash: string;
  /** Of the first admin and of machines there is nothing to change. */
  hasAccount: boolean;
}

export interface Store {
  name: string;
  timeZone: string;
}

/** Somebody who is signed in and may have this page asks for it. */
export interface PageRequest extends ConsoleRequest {
  who: Who;
  /** Of the session; forms send it as the hidden field `csrf`, htmx as header `x-csrf-token` (layout sets hx-headers). */
  csrf: string;
  /** Of a POST, parsed; without `csrf`. Empty for GET. */
  form: URLSearchParams;
  /** Of a multipart POST, by field. */
  files: ReadonlyMap<string, UploadedFile>;
  /** Parsed query. */
  search: URLSearchParams;
  /** What stood for each `:name` of the path, decoded; `*` for what a final `*` stood for, raw. */
  params: Readonly<Record<string, string>>;
  store: Store;
  /** Times as the store writes them. */
  words: Words;
  /** Whether the session still holds and may have this page: for answers that go on. Keeps it alive. Rejects like a store. */
  stillIn(): Promise<boolean>;
  frame: Frame;
}

export interface PageRoute {
  method: 'GET' | 'POST';
  /** `/admin/calls/:sid`, `/admin/recordings/*`. */
  path: string;
  /** The least that may. */
  role: Role;
  /** Of a POST; default `formBytesMax`, at most `uploadBytesMax`. */
  bodyBytesMax?: number;
  handler(request: PageRequest): ConsoleResponse | Promise<ConsoleResponse>;
}

export const pageLimits = {
  /** Of a form; 10,000 lines of text fit. */
  formBytesMax: 2 * 1024 * 1024,
  uploadBytesMax: 8 * 1024 * 1024,
} as const;
