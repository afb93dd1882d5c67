import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** What a page should load for one picture. */
export const pictureBytesMax = 150_000;
const coloursMin = 16;

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const colourTypeIndexed = 3;
const colourTypeAlpha = 6;
const coloursMax = 256;

interface Pixels {
  width: number;
  height: number;
  /** RGB, three bytes each. */
  rgb: Buffer;
}

/**
 * A PNG with few colours, a third of the size or less: pictures of lines and text have few that matter. Takes what
 * Chromium writes (8 bits, RGB or RGBA, not interlaced); see the PNG specification, chapters 9 (filters) and 11 (chunks).
 */
export function fewColours(png: Buffer): Buffer {
  const pixels = decode(png);
  let colours = coloursMax;
  let small = encode(pixels, colours);
  while (small.length > pictureBytesMax && colours > coloursMin) small = encode(pixels, (colours /= 2));
  return small;
}

function encode({ width, height, rgb }: Pixels, colours: number): Buffer {
  const { palette, indices } = reduce(rgb, colours);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) indices.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colourTypeIndexed, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function decode(png: Buffer): Pixels {
  const parts: Buffer[] = [];
  let width = 0;
  let height = 0;
  let channels = 3;
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      width = data.readUInt32BE(0);
      height = data.readUInt32BE(4);
      channels = data[9] === colourTypeAlpha ? 4 : 3;
    } else if (type === 'IDAT') parts.push(data);
    at += length + 12;
  }
  const flat = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const rgb = Buffer.alloc(width * height * 3);
  for (let i = 0, o = 0; i < flat.length; i += channels, o += 3) flat.copy(rgb, o, i, i + 3);
  return { width, height, rgb };
}

function unfiltered(raw: Buffer, stride: number, height: number, channels: number): Buffer {
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      const left = i >= channels ? (out[at - channels] ?? 0) : 0;
      const up = y > 0 ? (out[at - stride] ?? 0) : 0;
      const corner = y > 0 && i >= channels ? (out[at - stride - channels] ?? 0) : 0;
      out[at] = ((raw[y * (stride + 1) + 1 + i] ?? 0) + predicted(filter, left, up, corner)) & 0xff;
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      if (a <= b && a <= c) return left;
      return b <= c ? up : corner;
    }
    default:
      return 0;
  }
}

/** The commonest colours stay as they are; each other one becomes the nearest of them. */
function reduce(rgb: Buffer, colours: number): { palette: Buffer; indices: Buffer } {
  const counts = new Map<number, number>();
  for (let i = 0; i < rgb.length; i += 3) {
    const colour = rgb.readUIntBE(i, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const kept = [...counts.keys()].toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)).slice(0, colours);
  const nearest = new Map<number, number>(kept.map((colour, index) => [colour, index]));
  const indices = Buffer.alloc(rgb.length / 3);
  for (let i = 0, o = 0; i < rgb.length; i += 3, o++) {
    const colour = rgb.readUIntBE(i, 3);
    let index = nearest.get(colour);
    if (index === undefined) {
      index = indexOfNearest(colour, kept);
      nearest.set(colour, index);
    }
    indices[o] = index;
  }
  const palette = Buffer.alloc(kept.length * 3);
  kept.forEach((colour, index) => palette.writeUIntBE(colour, index * 3, 3));
  return { palette, indices };
}

function indexOfNearest(colour: number, kept: readonly number[]): number {
  let best = 0;
  let bestDistance = Infinity;
  for (const [index, other] of kept.entries()) {
    const [r, g, b] = [
      (colour >> 16) - (other >> 16),
      ((colour >> 8) & 255) - ((other >> 8) & 255),
      (colour & 255) - (other & 255),
    ];
    const distance = r * r + g * g + b * b;
    if (distance < bestDistance) [best, bestDistance] = [index, distance];
  }
  return best;
}
