import { BYTES_PER_MS, encodeSample, mulawToPcm } from './mulaw.ts';

const RATE = BYTES_PER_MS * 1000;
const FORMAT_PCM = 1;
const FORMAT_MULAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 44;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function writeTag(bytes: Uint8Array, at: number, tag: string): void {
  for (let index = 0; index < tag.length; index += 1) bytes[at + index] = tag.charCodeAt(index);
}

/** An 8 kHz mono WAV file of µ-law bytes, kept as they are (`mulaw`) or decoded to 16-bit samples (`pcm16`). */
export function writeWav(mulaw: Uint8Array, format: 'mulaw' | 'pcm16'): Uint8Array {
  const sampleBytes = format === 'mulaw' ? 1 : 2;
  const dataBytes = mulaw.length * sampleBytes;
  const file = new Uint8Array(HEADER_BYTES + dataBytes + (dataBytes & 1));
  const view = viewOf(file);
  writeTag(file, 0, 'RIFF');
  view.setUint32(4, file.length - 8, true);
  writeTag(file, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, format === 'mulaw' ? FORMAT_MULAW : FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * sampleBytes, true);
  view.setUint16(32, sampleBytes, true);
  view.setUint16(34, sampleBytes * 8, true);
  writeTag(file, 36, 'data');
  view.setUint32(40, dataBytes, true);
  if (format === 'mulaw') file.set(mulaw, HEADER_BYTES);
  else mulawToPcm(mulaw).forEach((sample, at) => view.setInt16(HEADER_BYTES + at * 2, sample, true));
  return file;
}

/**
 * The sound of a WAV file as 8 kHz mono µ-law: 8-bit µ-law or 16-bit PCM, any rate and number of channels.
 * Throws Error on anything else. µ-law at 8 kHz mono comes back byte for byte.
 */
export function readWav(file: Uint8Array): Uint8Array {
  if (file.length < 12 || tagAt(file, 0) !== 'RIFF' || tagAt(file, 8) !== 'WAVE') throw new Error('not a WAV file');
  const view = viewOf(file);
  let format: { code: number; channels: number; rate: number; bits: number } | null = null;
  for (let at = 12; at + 8 <= file.length;) {
    const tag = tagAt(file, at);
    const size = Math.min(view.getUint32(at + 4, true), file.length - at - 8);
    if (tag === 'fmt ' && size >= 16) format = readFormat(view, at + 8, size);
    if (tag === 'data') {
      if (format === null) throw new Error('WAV data before its format');
      return toLine(file.subarray(at + 8, at + 8 + size), format);
    }
    at += 8 + size + (size & 1);
  }
  throw new Error('WAV file without data');
}

function readFormat(view: DataView, at: number, size: number) {
  const code = view.getUint16(at, true);
  return {
    code: code === FORMAT_EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : code,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

function toLine(data: Uint8Array, format: ReturnType<typeof readFormat>): Uint8Array {
  const { code, channels, rate, bits } = format;
  const mulaw = code === FORMAT_MULAW && bits === 8;
  if (!mulaw && !(code === FORMAT_PCM && bits === 16))
    throw new Error(`WAV format ${code} of ${bits} bits is not read`);
  if (channels < 1 || rate < 1) throw new Error(`WAV of ${channels} channels at ${rate} Hz`);
  if (mulaw && channels === 1 && rate === RATE) return data.slice();
  const view = viewOf(data);
  const sampleAt = mulaw
    ? (index: number) => mulawToPcm(data.subarray(index, index + 1))[0]!
    : (index: number) => view.getInt16(index * 2, true);
  const count = Math.floor(data.length / (mulaw ? 1 : 2) / channels);
  const mono = (index: number): number => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += sampleAt(index * channels + channel);
    return sum / channels;
  };
  const line = new Uint8Array(Math.floor((count * RATE) / rate));
  for (let at = 0; at < line.length; at += 1) {
    const place = (at * rate) / RATE;
    const before = Math.floor(place);
    const after = Math.min(before + 1, count - 1);
    line[at] = encodeSample(mono(before) + (mono(after) - mono(before)) * (place - before));
  }
  return line;
}
