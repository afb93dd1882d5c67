/**
 * Digits that survive a microphone, a filter and µ-law, as bits do not: each of 100 ms is a chord of two tones, one of four
 * low and one of four high ones (0–15), parted by 100 ms of silence.
 */
const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1209, 1336, 1477, 1633];
const TONE_MS = 100;
const GAP_MS = 100;
const LEVEL = 0.25;
/** Of a tone that is there, in power of the window; what is not there has some hundredths of it. */
const SHARE_MIN = 0.3;
const WINDOW_MS = 20;

export function encodeCodes(codes: readonly number[], rate: number): Float32Array {
  const step = Math.round(((TONE_MS + GAP_MS) * rate) / 1000);
  const sound = new Float32Array(codes.length * step);
  for (const [index, code] of codes.entries()) {
    const [low = 0, high = 0] = [LOW_HZ[code >> 2], HIGH_HZ[code & 3]];
    for (let at = 0; at < (TONE_MS * rate) / 1000; at += 1) {
      const turn = (2 * Math.PI * at) / rate;
      sound[index * step + at] = LEVEL * (Math.sin(turn * low) + Math.sin(turn * high));
    }
  }
  return sound;
}

/** The codes in samples from -1 to 1, each once, in order. */
export function decodeCodes(samples: Float32Array, rate: number): number[] {
  const size = (WINDOW_MS * rate) / 1000;
  const found: number[] = [];
  let before: number | null = null;
  let isSure = false;
  for (let from = 0; from + size <= samples.length; from += size) {
    const code = codeIn(samples.subarray(from, from + size), rate);
    if (code === null || code !== before) isSure = false;
    else if (!isSure) {
      // Two windows in a row: what lies over an edge is none.
      isSure = true;
      found.push(code);
    }
    before = code;
  }
  return found;
}

function codeIn(samples: Float32Array, rate: number): number | null {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  if (power < 0.001) return null;
  const low = strongest(samples, LOW_HZ, rate, power);
  const high = strongest(samples, HIGH_HZ, rate, power);
  return low === null || high === null ? null : (low << 2) | high;
}

function strongest(samples: Float32Array, tones: readonly number[], rate: number, power: number): number | null {
  const shares = tones.map((hz) => powerAt(samples, hz, rate) / power);
  const most = Math.max(...shares);
  return most < SHARE_MIN ? null : shares.indexOf(most);
}

/** Mean square of the one tone. */
function powerAt(samples: Float32Array, hz: number, rate: number): number {
  let [re, im] = [0, 0];
  samples.forEach((sample, at) => {
    const turn = (2 * Math.PI * hz * at) / rate;
    re += sample * Math.cos(turn);
    im += sample * Math.sin(turn);
  });
  return (2 * (re * re + im * im)) / samples.length ** 2;
}

/** A WAV file of 16 bits, as Chromium's fake microphone reads it. */
export function wavFile(samples: Float32Array, rate: number): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, at) => data.writeInt16LE(Math.round(sample * 32_767), at * 2));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
