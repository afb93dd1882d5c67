/** An element of a document; `text` is what stands directly in it. */
export interface Verb {
  name: string;
  attributes: Record<string, string>;
  children: Verb[];
  text: string;
}

/** The document is none that Aida writes. */
export class TwimlError extends Error {
  override readonly name = 'TwimlError';
}

const PIECE =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<\/([A-Za-z]+)\s*>|<([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DEPTH_MAX = 8;
const VERBS_MAX = 500;
const CODE_POINT_MAX = 0x10ffff;

/** The verbs of a `<Response>`. Reads what Twilio's own library writes: elements, double-quoted attributes, text. Throws TwimlError. */
export function readTwiml(source: string): Verb[] {
  const root: Verb = { name: '', attributes: {}, children: [], text: '' };
  const path = [root];
  let count = 0;
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < source.length) {
    const at = PIECE.lastIndex;
    const piece = PIECE.exec(source);
    if (piece === null) throw new TwimlError(`not understood at character ${at}`);
    const [, closed, opened, attributes = '', isEmpty, text] = piece;
    const inner = path[path.length - 1] ?? root;
    if (closed !== undefined) {
      if (inner.name !== closed) throw new TwimlError(`</${closed}> closes <${inner.name}>`);
      path.pop();
    } else if (opened !== undefined) {
      const verb: Verb = { name: opened, attributes: attributesOf(attributes), children: [], text: '' };
      inner.children.push(verb);
      count += 1;
      if (count > VERBS_MAX || path.length > DEPTH_MAX) throw new TwimlError('too many elements');
      if (isEmpty === '') path.push(verb);
    } else if (text !== undefined) inner.text += resolved(text);
  }
  const [response, ...more] = root.children;
  if (path.length > 1 || response?.name !== 'Response' || more.length > 0) throw new TwimlError('no whole <Response>');
  return response.children;
}

function attributesOf(source: string): Record<string, string> {
  return Object.fromEntries([...source.matchAll(ATTRIBUTE)].map(([, name, value]) => [name, resolved(value ?? '')]));
}

function resolved(text: string): string {
  return text.replaceAll(ENTITY, (_, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? '';
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code <= CODE_POINT_MAX ? String.fromCodePoint(code) : '\uFFFD';
  });
}
