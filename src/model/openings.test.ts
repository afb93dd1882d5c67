import { expect, test } from 'vitest';
import type { Opening } from '../../machines/call-events.ts';
import { openingText } from './openings.ts';

const scene = { greeting: 'Hello.', callerWaits: true, callerSpoke: true, excused: false, running: [] };
const openings: Opening[] = ['greeting', 'bridging', 'staffUnavailable', 'resuming', 'redialed'];

test('what the model is to say first is said in the language of the call', () => {
  const last = (language: string | null) =>
    openings.map((opening) => openingText(opening, { ...scene, language })?.endsWith(' Say all of it in Spanish.'));
  expect([last('es'), last('en'), last(null)]).toEqual([
    [true, true, true, true, true],
    [false, false, false, false, false],
    [false, false, false, false, false],
  ]);
});

test('where nobody was in the middle of anything nothing is said in any language', () => {
  expect(openingText('resuming', { ...scene, callerWaits: false, language: 'es' })).toBe(null);
});

test('tools that still run are told of last', () => {
  const running = [{ toolCallId: 't1', name: 'get_menu', arguments: '{}' }];
  expect(openingText('resuming', { ...scene, callerWaits: false, language: 'es', running })).toBe(
    'Answer with the result once it is there. Do not greet again. Say all of it in Spanish. The tool get_menu with the arguments {} is still running; its result will follow. Do not call it again.',
  );
});
