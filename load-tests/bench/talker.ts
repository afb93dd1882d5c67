import { Person } from '../../src/sim/caller/person.ts';
import type { ScriptStep } from '../../src/sim/caller/script.ts';
import { Transcript } from '../../src/sim/caller/transcript.ts';
import type { Stack } from '../../src/sim/stack.ts';
import type { SimCall } from '../../src/sim/twilio/index.ts';

const withinS = 20;
/** Callers speak twice as fast as people do. */
const pace = 2;

let callers = 0;

/** Someone who says what they are told to, and hears out what is answered. */
export class Talker {
  readonly call: SimCall;
  private readonly person: Person;

  constructor(stack: Stack) {
    callers += 1;
    const from = `+1207${String(callers).padStart(7, '0')}`;
    this.call = stack.twilio.placeCall({ from, to: '+12075550142', keepAudio: false });
    const { call } = this;
    const utterances = () => call.heard();
    const transcript = new Transcript({ call, tools: () => [], utterances, onLine: () => undefined });
    const words = (sinceMs: number): string =>
      call
        .heard()
        .filter(({ speaker, startMs }) => speaker !== 'caller' && startMs >= sinceMs)
        .map(({ text }) => text)
        .join(' ');
    this.person = new Person({ call, transcript, words, audio: new Map(), dir: '', pace });
  }

  hear(words: string): Promise<void> {
    return this.person.act({ kind: 'hear', hear: words, withinS });
  }

  say(text: string, more: Partial<Extract<ScriptStep, { kind: 'say' }>> = {}): Promise<void> {
    return this.person.act({ kind: 'say', say: text, afterS: 0, withinS, atOnce: false, ...more });
  }

  async leave(): Promise<void> {
    await this.person.act({ kind: 'hangUp', hangUp: true, afterS: 0, atOnce: false });
    await this.call.done;
  }
}

/** Silence at the ear after a saying, ms. */
export function answerMs(call: SimCall, saying: number): number {
  const endMs = call.said[saying]?.endMs ?? Number.NaN;
  const voiceMs = call.leg.ear.voiced.find(({ startMs }) => startMs >= endMs)?.startMs ?? Number.NaN;
  return voiceMs - endMs;
}

/** From the first sound of the interruption to the last one of what it interrupts. */
export function bargeInMs(call: SimCall): number {
  const startMs = call.said.at(-1)?.startMs ?? Number.NaN;
  const under = call.leg.ear.voiced.find((voiced) => voiced.startMs < startMs && voiced.endMs > startMs);
  return (under?.endMs ?? Number.NaN) - startMs;
}

/** Silences inside of what the assistant said in one go. */
export function holes(call: SimCall): number[] {
  const { voiced } = call.leg.ear;
  return call.heard().flatMap(({ startMs, endMs }) => {
    const inside = voiced.filter((one) => one.startMs >= startMs && one.endMs <= endMs);
    return inside.slice(1).map((one, index) => one.startMs - (inside[index]?.endMs ?? one.startMs));
  });
}
