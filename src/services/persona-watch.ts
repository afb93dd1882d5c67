import type { Catalog } from './catalog.ts';
import { personaOf, type Persona } from './persona.ts';
import { localMinute } from './promotions.ts';

/** A promotion that begins, an opening, midnight: noticed within it. */
const LOOK_MS = 1_000;

export interface PersonaWatch {
  /** In this language, else the store's first. The same object until something in it changes. */
  persona(language?: string): Persona;
  /** Calls back whenever what the assistant is told has changed, by data or by time; returns how to stop that. */
  watch(callback: () => void): () => void;
  /** Looks at once: the data may have changed. */
  look(): void;
  close(): void;
}

/** Keeps what the assistant is told, made anew when the catalog or the store's minute is another one. */
export function watchPersona(known: () => Catalog, now: () => number): PersonaWatch {
  const callbacks = new Set<() => void>();
  const personas = new Map<string, Persona>();
  let catalog: Catalog | null = null;
  let minute = '';
  let told = '';
  let timer: NodeJS.Timeout | undefined;

  /** True when what was made may no longer hold. */
  function isStale(): boolean {
    const latest = known();
    const thisMinute = localMinute(now(), latest.schedule.timeZone);
    if (catalog === latest && minute === thisMinute) return false;
    catalog = latest;
    minute = thisMinute;
    return true;
  }

  function persona(language = known().languages[0] ?? ''): Persona {
    if (isStale()) personas.clear();
    let made = personas.get(language);
    if (!made) personas.set(language, (made = personaOf(known(), now(), language)));
    return made;
  }

  function telling(): string {
    const { languages, assistant } = known();
    return JSON.stringify([assistant.voice, ...languages.map(persona)]);
  }

  function look(): void {
    if (callbacks.size === 0) return;
    const latest = telling();
    if (latest === told) return;
    told = latest;
    for (const callback of callbacks) callback();
  }

  return {
    persona,
    watch(callback) {
      if (callbacks.size === 0) told = telling();
      callbacks.add(callback);
      timer ??= setInterval(look, LOOK_MS).unref();
      return () => void callbacks.delete(callback);
    },
    look,
    close() {
      clearInterval(timer);
      callbacks.clear();
    },
  };
}
