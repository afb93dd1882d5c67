import type { LineName, PreparedLines } from '../services/lines.ts';
import type { Services } from '../services/services.ts';
import { currentText, type LineSource } from '../services/wanted-lines.ts';
import type { StreamLines } from './own-lines.ts';

/** The law wants these heard to the end. */
const legal: ReadonlySet<LineName> = new Set(['recorded']);

/** The store's sentences as streams play them. */
export function storeLines(prepared: PreparedLines, source: LineSource & Pick<Services, 'assistant'>): StreamLines {
  const own = (language: string | null) => language ?? source.languages()[0] ?? 'en';
  return {
    audio: (line, language) => {
      const audio = prepared.audio(line, own(language));
      return audio !== null && audio.ulaw.length > 0 ? audio : null;
    },
    text: (line, language) => currentText(line, source, own(language)),
    shielded: (line) => legal.has(line) || (line === 'greeting' && source.assistant().greetingUninterruptible),
  };
}
