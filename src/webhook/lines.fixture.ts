import type { PreparedAudio } from '../services/lines.ts';
import { soundOf } from '../services/prepared-lines.ts';
import type { SoundShelf } from './routes.ts';

/** Nothing is rendered: the carrier says everything. */
export const noSounds: SoundShelf = { said: () => null, find: () => Promise.resolve(null) };

/** These sentences are rendered, in this language: a second of a sound that is each one's own. */
export function soundsOf(texts: readonly string[], language = 'en'): SoundShelf & { hashOf(text: string): string } {
  const audios = new Map<string, PreparedAudio>(
    texts.map((text, index) => {
      const { hash, ulaw } = soundOf(Buffer.alloc(8_000, index));
      return [text, { hash, text, ulaw, ms: 1_000 }];
    }),
  );
  return {
    said: (text, asked) => (asked === language ? (audios.get(text) ?? null) : null),
    find: (hash) => Promise.resolve(audios.values().find((audio) => audio.hash === hash) ?? null),
    hashOf: (text) => audios.get(text)?.hash ?? '',
  };
}
