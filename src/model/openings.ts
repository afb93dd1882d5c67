import type { Opening } from '../../machines/call-events.ts';
import type { OpenCall } from './seed.ts';

export interface OpeningScene {
  greeting: string;
  /** The caller spoke last and was not answered. */
  callerWaits: boolean;
  /** Tools that still run; their results will follow. */
  running: readonly OpenCall[];
}

/**
 * What the model is told before it speaks first, by why the session was opened. A system item, not the
 * instructions of a response: those would replace the persona.
 */
const texts: Readonly<Record<Opening, (scene: OpeningScene) => string>> = {
  greeting: ({ greeting }) => `The caller is on the line now. Speak first. Say exactly: "${greeting}"`,
  bridging: ({ callerWaits }) =>
    callerWaits
      ? 'The line broke for a moment before you could answer. Say that you are sorry about that, then answer what the caller said last. Do not greet again.'
      : 'The line broke for a moment while you spoke. Say "Sorry about that, as I was saying," and go on where your last words stopped. Do not greet again.',
  staffUnavailable: () =>
    'The caller asked for a person and nobody on the staff could answer; the caller is back with you. Say "I am sorry, nobody could pick up just now." Offer to go on helping or to take a voicemail. Refer to what the caller wanted. Do not greet again.',
};

export function openingText(opening: Opening, scene: OpeningScene): string {
  const running = scene.running.map(
    (call) =>
      ` The tool ${call.name} with the arguments ${call.arguments} is still running; its result will follow. Do not call it again.`,
  );
  return texts[opening](scene) + running.join('');
}
