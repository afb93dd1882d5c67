import { expect } from 'vitest';
import { greeted, inWorld } from './scene.fixture.ts';
import { greeting, type WorldOptions } from './world.fixture.ts';

greeted('a note is in the next answer, once, and asks for none by itself', {}, async ({ sim, call }) => {
  call.port.note('note1', 'The oven is broken.');
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
  sim.speak('And the sun?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 3);
  expect(sim.heard().map(({ text }) => text)).toEqual([
    greeting,
    'You said: Do you like the moon?',
    'The oven is broken.',
    'You said: And the sun?',
  ]);
});

const early: WorldOptions = {
  react: (fact, call) => {
    if (fact.type !== 'carrier.streamStarted') return;
    call.port.openModel('resuming', []);
    call.port.note('note1', 'The oven is broken.');
  },
};

inWorld('one that comes while a session is made ready is told as soon as it is', early, async (world) => {
  const { sim, call } = await world.dial();
  await sim.waitFor(() => call.of('model.ready').length === 1);
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
  expect(sim.heardText()).toContain('The oven is broken.');
});

const reopened: WorldOptions = {
  react: (fact, call) => {
    if (fact.type !== 'carrier.streamStarted') return;
    call.port.openModel('resuming', []);
    call.port.note('note1', 'The oven is broken.');
    // As the call does when the session is lost before it was ready: the note is in the seed of the next one.
    call.port.openModel('resuming', [{ who: 'supervisor', itemId: 'note1', text: 'The oven is broken.' }]);
  },
};

inWorld('one that is in the seed of the session is not told again', reopened, async (world) => {
  const { sim, call } = await world.dial();
  await sim.waitFor(() => call.of('model.ready').length === 1);
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
  expect(sim.heard().map(({ text }) => text)).toEqual(['You said: Do you like the moon?', 'The oven is broken.']);
});
