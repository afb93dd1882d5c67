/** The bodies that browsers post. */

export interface UploadedFile {
  /** As the browser calls it; '' where none was chosen. */
  name: string;
  type: string;
  body: Buffer;
}

export interface Form {
  fields: URLSearchParams;
  files: ReadonlyMap<string, UploadedFile>;
}

const URLENCODED = /^application\/x-www-form-urlencoded\s*(;|$)/i;
const MULTIPART = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i;
const PARTS_MAX = 2_000;
/** A page's longest form has some thousands; each costs far more than its bytes. */
export const FIELDS_MAX = 10_000;
const AMPERSAND = '&';
const NAME = /;\s*name="([^"]*)"/i;
const FILE_NAME = /;\s*filename="([^"]*)"/i;
const TYPE = /^content-type:\s*(\S+)/im;
const HEAD_END = '\r\n\r\n';

/** Null for what is no form, and for one of more fields than any page has. */
export function readForm(contentType: string, body: Buffer): Form | null {
  if (isUrlencoded(contentType))
    return hasTooMany(body) ? null : { fields: new URLSearchParams(body.toString()), files: new Map() };
  const [, quoted, bare] = MULTIPART.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return body.length === 0 ? { fields: new URLSearchParams(), files: new Map() } : null;
  return readParts(body, `--${boundary}`);
}

export const isUrlencoded = (contentType: string): boolean => URLENCODED.test(contentType);

function hasTooMany(body: Buffer): boolean {
  let count = 1;
  for (let at = body.indexOf(AMPERSAND); at >= 0 && count <= FIELDS_MAX; at = body.indexOf(AMPERSAND, at + 1))
    count += 1;
  return count > FIELDS_MAX;
}

function readParts(body: Buffer, delimiter: string): Form | null {
  const fields = new URLSearchParams();
  const files = new Map<string, UploadedFile>();
  let at = body.indexOf(delimiter);
  for (let count = 0; at >= 0; count++) {
    const from = at + delimiter.length;
    if (body.toString('latin1', from, from + 2) === '--') return { fields, files };
    const to = body.indexOf(`\r\n${delimiter}`, from);
    const headEnd = body.indexOf(HEAD_END, from);
    if (to < 0 || headEnd < 0 || headEnd > to || count >= PARTS_MAX) return null;
    const head = body.toString('utf8', from, headEnd);
    const content = body.subarray(headEnd + HEAD_END.length, to);
    const name = unescaped(NAME.exec(head)?.[1] ?? '');
    const fileName = FILE_NAME.exec(head)?.[1];
    if (fileName === undefined) fields.append(name, content.toString());
    else files.set(name, { name: unescaped(fileName), type: TYPE.exec(head)?.[1] ?? '', body: content });
    at = to + 2;
  }
  return null;
}

/** As browsers write names in the head of a part. */
const unescaped = (name: string): string => name.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n');
