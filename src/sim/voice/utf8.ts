const REPLACEMENT = 0xfffd;

function encodePoint(point: number): Uint8Array {
  if (point < 0x80) return Uint8Array.of(point);
  if (point < 0x800) return Uint8Array.of(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
  const last = [0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)] as const;
  if (point < 0x10000) return Uint8Array.of(0xe0 | (point >> 12), ...last);
  return Uint8Array.of(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), ...last);
}

/** The UTF-8 bytes of each code point, apart: text is never cut inside one. Lone surrogates become U+FFFD. */
export function utf8Points(text: string): Uint8Array[] {
  const points: Uint8Array[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? REPLACEMENT;
    points.push(encodePoint(point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point));
  }
  return points;
}

/** UTF-8 → text. Broken sequences become U+FFFD; never throws. */
export function utf8Text(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const size = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    let point = size === 1 ? lead : lead & (0xff >> (size + 1));
    let broken = size === 0 || at + size > bytes.length || lead >= 0xf5;
    for (let next = 1; next < size && !broken; next += 1) {
      const byte = bytes[at + next]!;
      broken = (byte & 0xc0) !== 0x80;
      point = (point << 6) | (byte & 0x3f);
    }
    broken ||= point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff);
    text += String.fromCodePoint(broken ? REPLACEMENT : point);
    at += broken ? 1 : size;
  }
  return text;
}
