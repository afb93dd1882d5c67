import { LogHistogram } from './log-histogram.ts';

const framesMax = 1024;

/** When the frames of what is said on one line left, by frame. */
class Departures {
  turn = -1;
  readonly at = new Float64Array(framesMax);
}

/**
 * How long frames with speech were under way, for runs in which both ends are in this process: who sends one notes it
 * here by line, turn and frame, who hears it finds it again. One clock, ms.
 */
export class FrameJourneys {
  readonly #departures = new Map<number, Departures>();
  readonly ms = new LogHistogram();

  /** A frame leaves; the newest turn of a line takes the place of the one before it. */
  left(line: number, turn: number, frame: number, now: number): void {
    let departures = this.#departures.get(line);
    if (!departures) this.#departures.set(line, (departures = new Departures()));
    departures.turn = turn;
    departures.at[frame & (framesMax - 1)] = now;
  }

  arrived(line: number, turn: number, frame: number, now: number): void {
    const departures = this.#departures.get(line);
    if (departures?.turn === turn) this.ms.add(now - (departures.at[frame & (framesMax - 1)] as number));
  }

  forget(line: number): void {
    this.#departures.delete(line);
  }
}

/** Both directions. */
export interface Journeys {
  toModel: FrameJourneys;
  toCaller: FrameJourneys;
}

export function newJourneys(): Journeys {
  return { toModel: new FrameJourneys(), toCaller: new FrameJourneys() };
}
