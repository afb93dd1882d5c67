import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIELDS_MAX, readForm } from './form.ts';

test('what browsers post is read back: text of any kind, several of a name, files byte for byte', async () => {
  const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 128]);
  const data = new FormData();
  data.append('title', 'Ä "quoted"\r\n--x');
  data.append('tag', 'one');
  data.append('tag', 'two');
  data.append('na"me', 'odd');
  data.append('file', new Blob([bytes], { type: 'text/csv' }), 'me"nu.csv');
  const request = new Request('http://x/', { method: 'POST', body: data });
  const form = readForm(request.headers.get('content-type') ?? '', Buffer.from(await request.arrayBuffer()));
  expect([...(form?.fields ?? [])]).toEqual([
    ['title', 'Ä "quoted"\r\n--x'],
    ['tag', 'one'],
    ['tag', 'two'],
    ['na"me', 'odd'],
  ]);
  expect(form?.files.get('file')).toEqual({ name: 'me"nu.csv', type: 'text/csv', body: bytes });
});

test('a field for a file that nobody chose is a file without name', () => {
  const body = '--b\r\ncontent-disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b--\r\n';
  const form = readForm('multipart/form-data; boundary="b"', Buffer.from(body));
  expect(form?.files.get('f')).toEqual({ name: '', type: '', body: Buffer.alloc(0) });
});

test('urlencoded, an empty body without a type, and what is no form', () => {
  const fields = (type: string, body: string) => readForm(type, Buffer.from(body))?.fields.toString();
  expect(fields('application/x-www-form-urlencoded; charset=UTF-8', 'a=1&a=%C3%A4+b')).toBe('a=1&a=%C3%A4+b');
  expect(fields('', '')).toBe('');
  expect(fields('', 'a=1')).toBeUndefined();
  for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'application/x-www-form-urlencodedx'])
    expect(fields(type, 'a=1')).toBeUndefined();
});

test('broken parts are refused or read, never thrown at', () => {
  const type = 'multipart/form-data; boundary=b';
  const pieces = fc.constantFrom(
    '--b',
    '--b--',
    '\r\n',
    '\r\n\r\n',
    'content-disposition: form-data; name="x"',
    'filename="y"',
    'z',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      readForm(type, Buffer.from(parts.join('')));
    }),
  );
  const many = `${'--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(3_000)}--b--`;
  expect(readForm(type, Buffer.from(many))).toBeNull();
});

test('more fields than any page has are no form: they would cost far more than their bytes', () => {
  const read = (count: number) =>
    readForm('application/x-www-form-urlencoded', Buffer.from(Array(count).fill('a').join('&')));
  expect([read(FIELDS_MAX)?.fields.size, read(FIELDS_MAX + 1)]).toEqual([FIELDS_MAX, null]);
});
