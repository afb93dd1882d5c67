import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pushPages, seriesIn, writeRequest } from './prometheus.ts';

const page = [
  '# HELP aida_calls_live Calls',
  '# TYPE aida_calls_live gauge',
  'aida_calls_live{state="talking"} 3',
  'aida_words_total{text="a \\"quoted\\" one\\nand \\\\",le="+Inf"} 1.5e3',
  'aida_streams_total 7',
  'aida_odd NaN',
  '',
].join('\n');

/** Takes a snappy block of literals apart, and the protobuf in it. */
function read(body: Buffer): { labels: Record<string, string>; value: number; atMs: number }[] {
  const [length, start] = varintAt(body, 0);
  const content: Buffer[] = [];
  for (let at = start; at < body.length;) {
    expect(body[at]).toBe(0xf4);
    const size = body.readUInt16LE(at + 1) + 1;
    content.push(body.subarray(at + 3, at + 3 + size));
    at += 3 + size;
  }
  const whole = Buffer.concat(content);
  expect(whole.length).toBe(length);
  return fieldsOf(whole).map(([, series]) => {
    const labels = fieldsOf(series).filter(([number]) => number === 1);
    const sample = fieldsOf(series).find(([number]) => number === 2)?.[1] ?? Buffer.alloc(0);
    const pairs = labels.map(([, label]) => fieldsOf(label).map(([, text]) => text.toString()));
    return {
      labels: Object.fromEntries(pairs) as Record<string, string>,
      value: sample.readDoubleLE(1),
      atMs: varintAt(sample, 10)[0],
    };
  });
}

function fieldsOf(bytes: Buffer): [number: number, content: Buffer][] {
  const fields: [number, Buffer][] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    expect(tag & 7).toBe(2);
    const [length, from] = varintAt(bytes, at + 1);
    fields.push([tag >> 3, bytes.subarray(from, from + length)]);
    at = from + length;
  }
  return fields;
}

function varintAt(bytes: Buffer, from: number): [value: number, next: number] {
  let [value, factor, at] = [0, 1, from];
  for (;;) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte < 0x80) return [value, at];
  }
}

test('every sample of a page goes out with its labels in order, others are no numbers', () => {
  const series = seriesIn(page, { job: 'aida', instance: 'node-1' });
  expect(series.map(({ labels }) => labels.map(([name]) => name))).toEqual([
    ['__name__', 'instance', 'job', 'state'],
    ['__name__', 'instance', 'job', 'le', 'text'],
    ['__name__', 'instance', 'job'],
  ]);
  const atMs = 1_763_860_000_123;
  const more = { job: 'aida', instance: 'node-1' };
  expect(read(writeRequest(series, atMs))).toEqual([
    { labels: { __name__: 'aida_calls_live', state: 'talking', ...more }, value: 3, atMs },
    {
      labels: { __name__: 'aida_words_total', text: 'a "quoted" one\nand \\', le: '+Inf', ...more },
      value: 1500,
      atMs,
    },
    { labels: { __name__: 'aida_streams_total', ...more }, value: 7, atMs },
  ]);
});

test('more than one block', () => {
  const long = seriesIn(Array.from({ length: 3_000 }, (_, index) => `aida_many{n="${index}"} ${index}`).join('\n'), {});
  const back = read(writeRequest(long, 1));
  expect([back.length, back[2_999]]).toEqual([
    3_000,
    { labels: { __name__: 'aida_many', n: '2999' }, value: 2_999, atMs: 1 },
  ]);
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

test('they are posted as the protocol says; what is wrong with the other end is told', async () => {
  const requests: { headers: Record<string, unknown>; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(requests.length === 1 ? 204 : 400).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`;
  expect(await pushPages(url, [{ text: page, labels: { job: 'aida' } }])).toBeNull();
  expect(requests[0]?.headers).toMatchObject({
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  });
  expect(read(requests[0]?.body ?? Buffer.alloc(0))).toHaveLength(3);
  expect(await pushPages(url, [{ text: page, labels: {} }])).toBe(`${url} answered 400`);
  expect(await pushPages('http://127.0.0.1:1/write', [{ text: page, labels: {} }])).toMatch('http://127.0.0.1:1/write');
  expect(await pushPages(url, [])).toBeNull();
});
