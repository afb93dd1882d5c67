export interface Series {
  /** With `__name__` among them. */
  labels: readonly (readonly [name: string, value: string])[];
  value: number;
}

/** The samples of a page as Prometheus scrapes it, with more labels for each. */
export function seriesIn(text: string, more: Readonly<Record<string, string>>): Series[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    const value = Number((parts?.[3] ?? '').replace('+Inf', 'Infinity'));
    if (!parts || Number.isNaN(value)) return [];
    const labels = [...(parts[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, name = '', raw = '']) => [name, raw.replaceAll('\\n', '\n').replace(/\\(.)/g, '$1')] as const,
    );
    const all = [['__name__', parts[1] ?? ''] as const, ...labels, ...Object.entries(more)];
    // The protocol wants them in the order of their names.
    return [{ labels: all.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)), value }];
  });
}

/** A remote-write request, version 1: a `WriteRequest` as protobuf in a snappy block. */
export function writeRequest(series: readonly Series[], atMs: number): Buffer {
  return snappyBlock(Buffer.concat(series.map((one) => field(1, timeSeries(one, atMs)))));
}

function timeSeries({ labels, value }: Series, atMs: number): Buffer {
  const sample = Buffer.concat([Buffer.from([(1 << 3) | 1]), doubleOf(value), Buffer.from([2 << 3]), varint(atMs)]);
  return Buffer.concat([
    ...labels.map(([name, text]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(text))])),
    ),
    field(2, sample),
  ]);
}

/** Of bytes: number, length, content. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
}

function doubleOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** A whole number from 0, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

const literalBytesMax = 0x1_0000;
const literalOf2Bytes = 61 << 2;

/** The format without its compression: the length, then literals. */
function snappyBlock(content: Buffer): Buffer {
  const parts = [varint(content.length)];
  for (let at = 0; at < content.length; at += literalBytesMax) {
    const literal = content.subarray(at, at + literalBytesMax);
    const head = Buffer.from([literalOf2Bytes, 0, 0]);
    head.writeUInt16LE(literal.length - 1, 1);
    parts.push(head, literal);
  }
  return Buffer.concat(parts);
}

const answerMsMax = 5_000;

/** Sends what nodes tell to a Prometheus that takes remote writes. Returns what went wrong, or null. */
export async function pushPages(
  url: string,
  pages: readonly { text: string; labels: Readonly<Record<string, string>> }[],
): Promise<string | null> {
  const series = pages.flatMap(({ text, labels }) => seriesIn(text, labels));
  if (series.length === 0) return null;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-protobuf',
        'Content-Encoding': 'snappy',
        'X-Prometheus-Remote-Write-Version': '0.1.0',
      },
      body: new Uint8Array(writeRequest(series, Date.now())),
      signal: AbortSignal.timeout(answerMsMax),
    });
    await answer.arrayBuffer();
    return answer.ok ? null : `${url} answered ${answer.status}`;
  } catch (error) {
    return `${url}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
