import type { Opening } from '../../machines/call-events.ts';
import { defaultLanguage, languageName } from '../services/languages.ts';
import type { OpenCall } from './seed.ts';

export interface OpeningScene {
  greeting: string;
  /** ISO 639-1 of what is spoken in the call, null where it is not known. */
  language: string | null;
  /** The caller spoke last and was not answered. */
  callerWaits: boolean;
  /** The caller has said something in this call. */
  callerSpoke: boolean;
  /** The caller has heard what happened, and a word of excuse, from elsewhere. */
  excused: boolean;
  /** Tools that still run; their results will follow. */
  running: readonly OpenCall[];
}

/**
 * What the model is told before it speaks first, by why the session was opened; null where it lets the caller speak
 * first. A system item, not the instructions of a response: those would replace the persona.
 */
const texts: Readonly<Record<Opening, (scene: OpeningScene) => string | null>> = {
  greeting: ({ greeting }) => `The caller is on the line now. Speak first. Say exactly: "${greeting}"`,
  bridging: ({ greeting, callerWaits, callerSpoke, excused }) => {
    const told = excused ? ' You have said sorry for it already.' : '';
    // Of a greeting that broke off there is nothing to go on with.
    if (!callerSpoke)
      return `The line broke for a moment before the caller could say anything.${told} Say exactly: "${excused ? '' : 'Sorry about that. '}${greeting}"`;
    if (callerWaits)
      return `The line broke for a moment before you could answer.${told} ${excused ? 'Answer' : 'Say that you are sorry about that, then answer'} what the caller said last. Do not greet again.`;
    return `The line broke for a moment while you spoke.${told} Say "${excused ? '' : 'Sorry about that, '}as I was saying," and go on where your last words stopped. Do not greet again.`;
  },
  staffUnavailable: ({ excused }) =>
    `The caller asked for a person and nobody on the staff could answer; the caller is back with you${
      excused
        ? ' and knows it. Say "What can I do for you instead?"'
        : '. Say "I am sorry, nobody could pick up just now."'
    } Offer to go on helping or to take a voicemail. Refer to what the caller wanted. Do not greet again.`,
  // Nobody was in the middle of anything, and nobody noticed: a word about it would be the only thing to hear.
  resuming: ({ callerWaits }) => (callerWaits ? 'Answer what the caller said last. Do not greet again.' : null),
  returned: ({ callerWaits, callerSpoke, excused }) =>
    `The caller has talked with a colleague of the staff and is back with you${
      excused ? ' and knows it. ' : '. Say "You are back with me." '
    }${
      callerSpoke
        ? `You do not know what they said. ${callerWaits ? 'Answer what the caller said last before that' : 'Ask what is left to do, and go on where you were'}.`
        : 'Ask what you can do for the caller.'
    } Do not greet again.`,
  redialed: ({ callerWaits }) =>
    `The caller was cut off a moment ago and has called again; you know what was said. Say "Welcome back, it seems we were cut off." ${
      callerWaits ? 'Offer to answer what the caller said last' : 'Offer to go on where you were'
    }, or to help with something else. Do not say the usual greeting.`,
};

export function openingText(opening: Opening, scene: OpeningScene): string | null {
  const text = texts[opening](scene);
  if (text === null && scene.running.length === 0) return null;
  const running = scene.running.map(
    (call) =>
      ` The tool ${call.name} with the arguments ${call.arguments} is still running; its result will follow. Do not call it again.`,
  );
  const told = text ?? 'Answer with the result once it is there. Do not greet again.';
  return [told, spokenIn(scene.language), ...running].join('');
}

/** What is to be said stands in these texts in English. */
function spokenIn(language: string | null): string {
  return language === null || language === defaultLanguage ? '' : ` Say all of it in ${languageName(language)}.`;
}
