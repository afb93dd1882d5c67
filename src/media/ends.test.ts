import { describe, expect } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { greeted, inWorld, tellsLong } from './scene.fixture.ts';
import { greeting, profile, type WorldOptions } from './world.fixture.ts';

describe('ends', () => {
  inWorld(
    'a hang-up in mid-sentence: what was heard is told, then the stop, once',
    {},
    async ({ dial, model, media }) => {
      const { sim, call } = await dial();
      await sim.waitFor(() => sim.heardText().includes('Mangy'));
      sim.hangUp();
      await sim.done;
      await sim.waitFor(() => call.of('carrier.streamStopped').length === 1);
      expect(call.types.slice(-2)).toEqual(['assistant.heard', 'carrier.streamStopped']);
      const [heard] = call.of('assistant.heard');
      expect([heard?.cut, greeting.startsWith(heard?.text ?? 'x')]).toEqual([true, true]);
      expect(call.facts.at(-1)).toMatchObject({ reason: 'stopped', streamSid: sim.streams[0]?.sid });
      await model.waitFor((fake) => fake.sessions.every((session) => !session.open), 5000);
      expect(media.streams()).toBe(0);
      const { length } = call.facts;
      call.port.end('failed');
      call.port.openModel('greeting', []);
      call.port.deliverTool('x', 'y', true);
      await call.port.lastWords();
      expect(call.facts).toHaveLength(length);
    },
  );

  greeted('a line that breaks without a word', {}, async ({ sim, call }) => {
    sim.streams[0]?.cut();
    await sim.waitFor(() => call.of('carrier.streamStopped').length === 1);
    expect(call.of('carrier.streamStopped')).toMatchObject([{ reason: 'closed' }]);
  });

  greeted('leaving on purpose after the last words: the carrier asks what is next', {}, async ({ sim, call }) => {
    sim.speak('Good bye.');
    await sim.waitFor(() => call.of('caller.speechStopped').length === 1);
    await call.port.lastWords();
    call.port.end('left');
    await sim.done;
    expect(call.of('carrier.streamStopped')).toMatchObject([{ reason: 'left' }]);
    expect(call.types.at(-1)).toBe('carrier.streamStopped');
    expect(sim.streams[0]?.end).toMatchObject({ by: 'server', code: 1000 });
    expect(sim.documents).toHaveLength(2);
  });

  greeted('a holding sentence is said without being asked for, and its end awaited', {}, async ({ sim, call }) => {
    await call.port.say('holding');
    expect(sim.heardText()).toContain('One moment please, I am still on it.');
    expect(call.of('assistant.heard').at(-1)).toMatchObject({
      text: 'One moment please, I am still on it.',
      cut: false,
    });
    expect(call.of('tool.asked')).toEqual([]);
    sim.hangUp();
    await sim.done;
    await call.port.say('withdrawn');
    expect(sim.heardText()).not.toContain('sorry');
  });

  greeted('a line knows for how long it has not been heard', {}, async ({ sim, call }) => {
    const stream = sim.streams[0];
    await expect.poll(() => call.port.heardMs()).toBeLessThan(500);
    if (stream) stream.line.muted = true;
    stream?.pauseReading();
    await expect.poll(() => call.port.heardMs(), { timeout: 5_000 }).toBeGreaterThan(1_000);
    stream?.resumeReading();
    if (stream) stream.line.muted = false;
    await expect.poll(() => call.port.heardMs(), { timeout: 5_000 }).toBeLessThan(500);
    call.port.end('left');
    expect(call.port.heardMs()).toBe(Infinity);
    await sim.done;
  });

  greeted('lastWords waits for the words of the caller and of the assistant', {}, async ({ sim, call }) => {
    sim.speak('Do you like the moon?');
    await sim.waitFor((now) => now.leg.streams.length === 1 && call.of('caller.speechStopped').length === 1);
    await sim.waitFor(() => call.of('assistant.heard').length === 1 && sim.heardText().includes('You said'));
    await call.port.lastWords();
    expect(call.of('caller.said')).toHaveLength(1);
  });

  greeted(
    'neither frame nor echo nor pong for ten seconds: the line is dead',
    { media: { now: () => performance.now() * 10 } },
    async ({ sim, call }) => {
      const stream = sim.streams[0];
      if (stream) stream.line.muted = true;
      stream?.pauseReading();
      await sim.waitFor(() => call.of('carrier.streamStopped').length === 1);
      expect(call.of('carrier.streamStopped')).toMatchObject([{ reason: 'silent' }]);
      stream?.resumeReading();
    },
  );

  greeted(
    'a mute line that echoes the probe lives',
    { media: { now: () => performance.now() * 10 } },
    async ({ sim, call, model }) => {
      const stream = sim.streams[0];
      if (stream) stream.line.muted = true;
      const echoed = () => stream?.marks.filter((mark) => mark.name === 'p' && mark.echoedMs !== null).length ?? 0;
      await sim.waitFor(() => echoed() >= 8);
      expect(call.of('carrier.streamStopped')).toEqual([]);
      expect(model.sessions[0]?.open).toBe(true);
    },
  );
});

describe('row 19: a model that fails', () => {
  const refused: WorldOptions = {
    model: { tolerates: () => true },
    sessions: { profile: () => Promise.resolve({ ...profile, voice: 'robot' }) },
  };

  inWorld(
    'a refused session: no sound ever reaches the caller, and the call is told that it is fatal',
    refused,
    async ({ dial, model }) => {
      const { sim, call } = await dial();
      await sim.waitFor(() => call.of('model.lost').length === 1);
      expect(call.of('model.lost')).toMatchObject([{ code: 'invalid_value', fatal: true }]);
      await model.waitFor((fake) => fake.sessions.every((session) => !session.open), 5000);
      sim.hangUp();
      await sim.done;
      expect(sim.streams[0]?.mediaBytes).toBe(0);
      expect(call.of('model.ready')).toEqual([]);
    },
  );

  const seed: Turn[] = [
    { who: 'assistant', itemId: 'a', text: greeting, cut: false },
    { who: 'caller', itemId: 'b', text: 'What is on the menu?' },
    { who: 'assistant', itemId: 'c', text: 'We have coffee and', cut: true },
  ];
  const reopens: WorldOptions = {
    ...tellsLong,
    react: (fact, resident) => {
      if (fact.type === 'carrier.streamStarted') resident.port.openModel('greeting', []);
      else if (fact.type === 'model.lost' && !fact.fatal) resident.port.openModel('bridging', seed);
    },
  };

  greeted(
    'a socket that dies in mid-answer: the conversation goes on in a new session that knows it',
    reopens,
    async ({ sim, call, model, metrics }) => {
      sim.speak('What is on the menu?');
      await sim.waitFor(() => sim.heardText().includes('espresso'));
      model.sessions[0]?.break('die');
      await sim.waitFor(() => sim.heardText().includes('as I was saying'), 15_000);
      expect(call.of('model.lost')).toMatchObject([{ code: 'closed_1006', fatal: false }]);
      expect(call.of('model.ready')).toHaveLength(2);
      expect((await metrics.modelReconnects.get()).values).toEqual([{ labels: { result: 'ready' }, value: 1 }]);
      expect(
        call
          .of('assistant.said')
          .map((fact) => fact.text)
          .slice(0, 1),
      ).toEqual([greeting]);
      expect(model.sessions[1]?.items.slice(0, 3).map((item) => item.role)).toEqual(['assistant', 'user', 'assistant']);
      expect(sim.heard().every((utterance) => utterance.faults === 0)).toBe(true);
      sim.speak('Stop, what did I ask you?');
      await sim.waitFor(() => sim.heardText().includes('You asked me: What is on the menu?'), 15_000);
    },
  );

  greeted('what the caller says between two sessions is not lost', {}, async ({ sim, call, model }) => {
    model.sessions[0]?.break('die');
    await sim.waitFor(() => call.of('model.lost').length === 1);
    const speech = sim.speak('Are you still there?');
    await sim.waitFor(() => speech.endMs !== null);
    call.port.openModel('bridging', []);
    await model.waitFor((fake) => fake.sessions[1]?.heard.length === 1, 8000);
    expect(model.sessions[1]?.heard[0]?.text).toBe('Are you still there?');
  });

  greeted('a half-open socket is given up', {}, async ({ sim, call, model }) => {
    model.sessions[0]?.break('freeze');
    await sim.waitFor(() => call.of('model.lost').length === 1, 10_000);
    expect(call.of('model.lost')).toMatchObject([{ code: 'half_open', fatal: false }]);
  });

  greeted('quota gone: fatal, and no retry', {}, async ({ sim, call, model }) => {
    model.sessions[0]?.failNext('insufficient_quota');
    sim.speak('Hello?');
    await sim.waitFor(() => call.of('model.lost').length === 1);
    expect(call.of('model.lost')).toMatchObject([{ code: 'insufficient_quota', fatal: true }]);
    expect(model.sessions[0]?.received['response.create']).toBe(1);
  });

  greeted('a failure that passes is tried again, once', {}, async ({ sim, call, model }) => {
    model.sessions[0]?.failNext('server_error');
    sim.speak('Do you like the moon?');
    await sim.waitFor(() => sim.heardText().includes('You said'));
    expect(call.of('model.responded').map((fact) => fact.status)).toEqual(['completed', 'failed', 'completed']);
  });
});
