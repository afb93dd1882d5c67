import { lineTable } from '../services/line-table.ts';
import type { LineName } from '../services/lines.ts';
import { encodeUtterance, joinBytes } from '../sim/voice/index.ts';
import type { StreamLines } from './own-lines.ts';

const utterances: LineName[] = [];

/** Sentences in the simulated voice; all others must be said by the model. */
export function rendered(lines: readonly LineName[], shielded: readonly LineName[] = []): StreamLines {
  const sounds = new Map(lines.map((line) => [line, Buffer.from(soundOf(line, textOf(line)))]));
  return {
    audio: (line) => {
      const ulaw = sounds.get(line);
      return ulaw ? { text: textOf(line), ulaw } : null;
    },
    text: textOf,
    shielded: (line) => shielded.includes(line),
  };
}

export function textOf(line: LineName): string {
  return lineTable[line].en.replace('{name}', 'Mangy Dog Coffee');
}

/** The same number for the same sentence: whoever hears it twice hears it as one. */
function soundOf(line: LineName, text: string): Uint8Array {
  if (!utterances.includes(line)) utterances.push(line);
  const utterance = 40_000 + utterances.indexOf(line);
  return joinBytes(encodeUtterance(text, { utterance, speaker: 'line', charsPerSecond: 32 }));
}
