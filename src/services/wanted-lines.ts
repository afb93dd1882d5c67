import { createHash } from 'node:crypto';
import { isFixed, lineLanguage, type LineName, lineNames, type LineStore, lineText } from './lines.ts';
import type { Services } from './services.ts';

/** Rendered anew where it rises: another model, filter or way of speaking. */
export const lineVersion = 1;
/** A store's own sentences, and those of its promotions. */
const OWN_MAX = 100;
/** A line is a sentence or two. */
const OWN_CHARS_MAX = 500;

/** A sentence that is to be ready as sound. */
export interface WantedLine {
  key: string;
  language: string;
  text: string;
  textHash: string;
}

/** What of the store its sentences depend on. */
export type LineSource = Pick<Services, 'store' | 'assistant' | 'languages' | 'persona' | 'closed' | 'promotionLines'>;

export function lineStore(source: Pick<LineSource, 'store' | 'assistant' | 'languages'>): LineStore {
  return { name: source.store().name, greeting: source.assistant().greeting, languages: source.languages() };
}

/** What a line says now: the greeting says first that the store is closed. */
export function currentText(line: LineName, source: LineSource, language: string): string {
  return line === 'greeting' ? source.persona(language).greeting : lineText(line, lineStore(source), language);
}

/** Everything that is the same in every call, in the languages that the store offers. Never the same text twice. */
export function wantedLines(source: LineSource): WantedLine[] {
  const offered = source.languages();
  const wanted = new Map<string, WantedLine>();
  const add = (key: string, language: string, text: string) => {
    const line = { key, language, text, textHash: sha256(text) };
    if (text !== '' && !wanted.has(spokenId(line))) wanted.set(spokenId(line), line);
  };
  for (const language of new Set(offered.map(lineLanguage)))
    for (const line of lineNames) if (isFixed(line)) add(line, language, currentText(line, source, language));
  const own = offered.flatMap((language) => [
    { language, text: source.persona(language).greeting },
    { language, text: source.closed(language)?.words ?? '' },
  ]);
  const [first = 'en'] = offered;
  const promotions = source.promotionLines().flat();
  const others = [...own, ...promotions.map((text) => ({ language: first, text }))];
  for (const { language, text } of others.slice(0, OWN_MAX))
    if (text.length <= OWN_CHARS_MAX) add('own', language, text);
  return [...wanted.values()];
}

/** The same for the same words in the same language. */
export function spokenId({ language, textHash }: Pick<WantedLine, 'language' | 'textHash'>): string {
  return `${language} ${textHash}`;
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
