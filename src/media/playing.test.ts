import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Playout } from '../sim/twilio/playout.ts';
import { Mouth } from './mouth.ts';

/** A carrier's playout and the mouth in front of it, on one virtual clock with a delay each way. */
class Line {
  now = 0;
  readonly mouth: Mouth;
  readonly truncated = new Map<string, number>();
  readonly whole = new Set<string>();
  readonly cleared: number[] = [];
  readonly #delayMs: number;
  readonly #playout: Playout;
  /** What is under way, by its time. */
  #due: { at: number; run: () => void }[] = [];
  /** Item of each byte that the carrier was sent, by their end. */
  readonly sent: { itemId: string; endByte: number }[] = [];
  readonly generated = new Map<string, number>();

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
    this.#playout = new Playout(() => undefined);
    this.mouth = new Mouth(
      {
        full: false,
        media: (payload) => {
          const audio = new Uint8Array(Buffer.from(payload, 'base64'));
          this.sent.push({ itemId: this.speaking, endByte: (this.sent.at(-1)?.endByte ?? 0) + audio.length });
          this.#later(() => this.#playout.push(audio, this.now));
        },
        mark: (name) =>
          this.#later(() => this.#playout.mark(() => this.#later(() => this.mouth.echoed(name, this.now)), this.now)),
        clear: () => this.#later(() => this.cleared.push(this.#playout.clear(this.now).playedBytes)),
      },
      {
        onSaid: () => undefined,
        onHeard: (itemId, _text, _heardMs, _totalMs, cut) => (cut ? undefined : this.whole.add(itemId)),
        onTruncate: (itemId, ms) => this.truncated.set(itemId, ms),
        onUnderrun: () => undefined,
        onDropped: () => undefined,
        onBegun: () => undefined,
      },
    );
  }

  speaking = '';

  /** Goes on millisecond by millisecond. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now++;
      this.#playout.advance(this.now);
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { run } of due) run();
    }
  }

  speak(itemId: string, bytes: number): void {
    this.speaking = itemId;
    this.generated.set(itemId, (this.generated.get(itemId) ?? 0) + bytes);
    this.mouth.audio('resp', itemId, Buffer.alloc(bytes, 5).toString('base64'), bytes, false);
    this.mouth.pump(this.now);
  }

  end(itemId: string): void {
    this.mouth.ended('resp', itemId, 'words');
    this.mouth.pump(this.now);
  }

  /** Bytes of the item among the first so many that were played. */
  playedBytes(itemId: string, total: number): number {
    let from = 0;
    let played = 0;
    for (const { itemId: owner, endByte } of this.sent) {
      if (owner === itemId) played += Math.max(0, Math.min(endByte, total) - from);
      from = endByte;
    }
    return Math.min(played, this.generated.get(itemId) ?? 0);
  }

  #later(run: () => void): void {
    this.#due.push({ at: this.now + this.#delayMs, run });
  }
}

const step = fc.record({ pauseMs: fc.nat(900), bytes: fc.integer({ min: 1, max: 7000 }), ends: fc.boolean() });

test('whenever the caller interrupts, items end where the carrier stopped playing, within 60 ms and the way of the echo', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.nat(4000),
      fc.constantFrom(0, 5, 40),
      (steps, waitMs, delayMs) => {
        const line = new Line(delayMs);
        let item = 1;
        // All audio fits into the lead: what is sent in one go belongs to the item at hand.
        for (const { pauseMs, bytes, ends } of steps) {
          line.speak(`item_${item}`, bytes);
          if (ends) line.end(`item_${item++}`);
          line.pass(pauseMs);
        }
        fc.pre(line.mouth.waiting === false);
        line.pass(waitMs);
        line.mouth.interrupt(line.now);
        line.pass(200);
        const [playedBytes = 0] = line.cleared;
        for (const [itemId, generatedBytes] of line.generated) {
          const totalMs = Math.floor(generatedBytes / 8);
          const playedMs = line.playedBytes(itemId, playedBytes) / 8;
          const heardMs = line.whole.has(itemId) ? totalMs : (line.truncated.get(itemId) ?? -1);
          expect(heardMs).toBeLessThanOrEqual(totalMs);
          expect(Math.abs(heardMs - playedMs), `${itemId} ${heardMs} ${playedMs}`).toBeLessThanOrEqual(
            60 + 2 * delayMs,
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
