/**
 * Mean magnitudes of a frame, full scale 32,768. Below it nothing counts as an onset: −52 dBFS, where a telephone line's
 * own noise ends.
 */
const levelMin = 64;
/** An onset is so many times as loud as the noise was. */
const onsetFactor = 2;
/** Of the difference, per frame of 20 ms: the noise is followed down within 0.2 s, up within 5 s. */
const fallShare = 1 / 8;
const riseShare = 1 / 256;
/** What sounded lately, over half a second. */
const recentShare = 1 / 25;
/** What is no speech may get so much louder and still be none. */
const overFactor = 1.25;
/** It has ended where it was this much quieter for half a second; a second later it is forgotten. */
const endedShare = 1 / 8;
const dullLeft = 1 - 1 / 25;

const exponentBias = 0x84;

/** The magnitude of a µ-law byte (G.711). */
const magnitudes = Uint16Array.from({ length: 256 }, (_, byte) => {
  const inverted = ~byte & 0x7f;
  return ((((inverted & 0x0f) << 3) + exponentBias) << (inverted >> 4)) - exponentBias;
});

/** Of the samples one in so many is looked at: that is enough for a mean, and costs a third. */
const stride = 3;

/** Mean magnitude of µ-law samples, 0 to 32,124. */
function levelOf(audio: Uint8Array): number {
  const { length } = audio;
  let sum = 0;
  for (let i = 0; i < length; i += stride) sum += magnitudes[audio[i] as number] as number;
  return (sum * stride) / length;
}

/** Hears whether a frame stands out of the noise before it. It knows nothing of speech: it is to be early, not right. */
export class EnergyGate {
  /** What is always there. */
  #noise = 0;
  #recent = 0;
  /** The loudest frame since it opened. */
  #peak = 0;
  /** An onset has to be this loud, because what sounds at present is known to be no speech. */
  #dull = 0;

  /** Hot. True: louder than what is known. `learns`: it may be noise itself. */
  hear(audio: Uint8Array, learns: boolean): boolean {
    const level = levelOf(audio);
    const noise = this.#noise;
    if (level < noise) this.#noise += (level - noise) * fallShare;
    else if (learns) this.#noise += (level - noise) * riseShare;
    this.#recent += (level - this.#recent) * recentShare;
    if (level > this.#peak) this.#peak = level;
    if (this.#dull > 0 && this.#recent < this.#dull * endedShare) this.#dull *= dullLeft;
    return level >= levelMin && level >= noise * onsetFactor && level >= this.#dull;
  }

  /** The sound that the last frame began is looked at. */
  opened(): void {
    this.#peak = 0;
  }

  /** That sound was no speech. */
  wasNoise(): void {
    this.#dull = Math.max(this.#dull, this.#peak * overFactor);
  }
}
