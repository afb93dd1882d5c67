/** An element of a parsed document. Text is what stands directly in the element, entities resolved. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

/** The document is not well-formed; `offset` counts characters. */
export class XmlError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at character ${offset}`);
    this.offset = offset;
  }
}

const NAME = /[A-Za-z_:][\w.:-]*/y;
const SPACE = /\s+/y;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DEPTH_MAX = 16;

/** Parses a whole document without DTD. Throws {@link XmlError} on anything that XML 1.0 does not allow. */
export function parseXml(source: string): XmlElement {
  const reader = new Reader(source.startsWith('\uFEFF') ? source.slice(1) : source);
  reader.prolog();
  const root = reader.element(0);
  reader.misc();
  if (!reader.atEnd()) reader.fail('content after the root element');
  return root;
}

class Reader {
  private at = 0;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  fail(message: string): never {
    throw new XmlError(message, this.at);
  }

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  prolog(): void {
    if (this.source.startsWith('<?xml')) {
      const end = this.source.indexOf('?>');
      if (end < 0) this.fail('unfinished XML declaration');
      if (
        !/^<\?xml\s+version=(["'])1\.[01]\1(\s+encoding=(["'])utf-8\3)?(\s+standalone=(["'])(yes|no)\5)?\s*$/i.test(
          this.source.slice(0, end),
        )
      ) {
        this.fail('bad XML declaration');
      }
      this.at = end + 2;
    }
    this.misc();
    if (this.source.startsWith('<!DOCTYPE', this.at)) this.fail('document type declarations are refused');
  }

  misc(): void {
    for (;;) {
      this.space();
      if (this.source.startsWith('<!--', this.at)) this.comment();
      else return;
    }
  }

  element(depth: number): XmlElement {
    if (depth > DEPTH_MAX) this.fail(`elements nest deeper than ${DEPTH_MAX}`);
    this.expect('<');
    const name = this.match(NAME) ?? this.fail('element name expected');
    const element: XmlElement = { name, attributes: this.attributes(), children: [], text: '' };
    if (this.source.startsWith('/>', this.at)) {
      this.at += 2;
      return element;
    }
    this.expect('>');
    this.content(element, depth);
    return element;
  }

  private content(element: XmlElement, depth: number): void {
    for (;;) {
      if (this.atEnd()) this.fail(`<${element.name}> is not closed`);
      if (this.source.startsWith('</', this.at)) return this.closing(element.name);
      if (this.source.startsWith('<!--', this.at)) this.comment();
      else if (this.source.startsWith('<![CDATA[', this.at)) element.text += this.cdata();
      else if (this.source[this.at] === '<') element.children.push(this.element(depth + 1));
      else element.text += this.words('<');
    }
  }

  private closing(name: string): void {
    this.at += 2;
    const found = this.match(NAME);
    if (found !== name) this.fail(`</${name}> expected, </${found ?? ''}> found`);
    this.space();
    this.expect('>');
  }

  private attributes(): Record<string, string> {
    const attributes: Record<string, string> = {};
    while (this.space()) {
      const name = this.match(NAME);
      if (name === null) break;
      this.space();
      this.expect('=');
      this.space();
      const quote = this.source[this.at];
      if (quote !== '"' && quote !== "'") this.fail(`the value of ${name} is not quoted`);
      this.at += 1;
      const value = this.words(quote);
      this.expect(quote);
      if (name in attributes) this.fail(`attribute ${name} stands twice`);
      attributes[name] = value;
    }
    return attributes;
  }

  /** Characters up to `stop`, entities resolved. */
  private words(stop: string): string {
    const end = this.source.indexOf(stop, this.at);
    const raw = this.source.slice(this.at, end < 0 ? undefined : end);
    if (raw.includes('<')) this.fail("'<' in an attribute value");
    // oxlint-disable-next-line no-control-regex
    if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/.test(raw)) this.fail('control character');
    const text = raw.replace(/&([^;\s&]*;?)/g, (_, entity: string) => this.entity(entity));
    this.at += raw.length;
    return text;
  }

  private entity(entity: string): string {
    const name = entity.endsWith(';') ? entity.slice(0, -1) : this.fail("'&' that begins no entity");
    const known = ENTITIES[name];
    if (known !== undefined) return known;
    const code = /^#x([0-9a-f]+)$/i.exec(name)?.[1] ?? /^#(\d+)$/.exec(name)?.[1];
    if (code === undefined) this.fail(`unknown entity &${name};`);
    return String.fromCodePoint(Number.parseInt(code, name[1]?.toLowerCase() === 'x' ? 16 : 10));
  }

  private comment(): void {
    const end = this.source.indexOf('--', this.at + 4);
    if (end < 0 || this.source[end + 2] !== '>') this.fail('bad comment');
    this.at = end + 3;
  }

  private cdata(): string {
    const end = this.source.indexOf(']]>', this.at);
    if (end < 0) this.fail('unfinished CDATA section');
    const text = this.source.slice(this.at + 9, end);
    this.at = end + 3;
    return text;
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private space(): boolean {
    return this.match(SPACE) !== null;
  }

  private expect(text: string): void {
    if (!this.source.startsWith(text, this.at)) this.fail(`'${text}' expected`);
    this.at += text.length;
  }
}
