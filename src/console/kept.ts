import { FIELDS_MAX, readForm } from './form.ts';
import { pageLimits } from './guard.ts';
import type { ConsoleRequest } from './message.ts';

/** A form that could not be taken because nobody was signed in: it travels through the sign-in page and is offered again. */
export interface Kept {
  action: string;
  fields: [string, string][];
  /** It had files, which no page can hand back. */
  hadFiles: boolean;
}

/** `/admin/menu?x=1`, `/phone`: a page of ours, never another site's address. */
const OWN_PATH = /^\/(?:admin|phone)(?:\/[\w.%~-]+)*(?:\?[\w.%~&=+-]*)?$/;
const NOT_AFTER = new Set(['/admin/login', '/admin/logout']);

export const isOwnPath = (path: string): boolean => OWN_PATH.test(path) && !NOT_AFTER.has(path.split('?')[0] ?? '');

/** Null for what is no form of ours, and for one that is larger than any page takes: strangers may post it too. */
export function keptOf(action: string, request: ConsoleRequest): Kept | null {
  if (request.body.length > pageLimits.formBytesMax) return null;
  const form = readForm(request.header('content-type'), request.body);
  if (!form || !isOwnPath(action)) return null;
  form.fields.delete('csrf');
  return { action, fields: [...form.fields], hadFiles: form.files.size > 0 };
}

/** For a hidden field. */
export const packKept = (kept: Kept): string => Buffer.from(JSON.stringify(kept)).toString('base64url');

/** Null for nothing, and for what we did not pack. */
export function unpackKept(packed: string): Kept | null {
  if (packed === '') return null;
  try {
    const { action, fields, hadFiles } = JSON.parse(Buffer.from(packed, 'base64url').toString()) as Kept;
    const isSound =
      isOwnPath(action) &&
      Array.isArray(fields) &&
      fields.length <= FIELDS_MAX &&
      fields.every(
        (field) => Array.isArray(field) && field.length === 2 && field.every((each) => typeof each === 'string'),
      );
    return isSound ? { action, fields, hadFiles: Boolean(hadFiles) } : null;
  } catch {
    return null;
  }
}
