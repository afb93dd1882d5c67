import { describe, expect } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import type { SessionProfile } from '../model/profile.ts';
import { rendered } from './lines.fixture.ts';
import { greeted, long, type Scene, tellsLong } from './scene.fixture.ts';
import { greeting, profile, type WorldOptions } from './world.fixture.ts';

const seed: Turn[] = [
  { who: 'assistant', itemId: 'a', text: greeting, cut: false },
  { who: 'caller', itemId: 'b', text: 'Do you like the moon?' },
  { who: 'assistant', itemId: 'c', text: 'You said: Do you like the moon?', cut: false },
];

async function answered({ sim, call }: Scene): Promise<void> {
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 2 && call.of('caller.said').length === 1);
}

describe('another session', () => {
  greeted('goes on in a pause, knowing everything; nothing the caller says is lost or doubled', {}, async (scene) => {
    const { sim, call, model } = scene;
    await answered(scene);
    call.port.rotate(seed);
    // Its first sounds reach the old session, all of its words the new one.
    const speech = sim.speak('What did I ask you?');
    await sim.waitFor(() => call.of('model.rotated').length === 1);
    await sim.waitFor(
      () => speech.endMs !== null && sim.heardText().includes('You asked me: Do you like the moon?'),
      15_000,
    );
    expect(call.of('model.rotated')).toMatchObject([{ sessionId: 'sess_1', rotateMs: expect.any(Number) }]);
    expect(sim.heardText()).toContain('You asked me: Do you like the moon?');
    expect(model.sessions.map(({ heard }) => heard.map(({ text }) => text))).toEqual([
      ['Do you like the moon?'],
      ['What did I ask you?'],
    ]);
    expect(call.of('caller.said').map(({ text }) => text)).toEqual(['Do you like the moon?', 'What did I ask you?']);
    expect([model.sessions[0]?.open, model.sessions[1]?.open]).toEqual([false, true]);
    expect(call.of('model.lost')).toEqual([]);
    expect(call.of('model.ready')).toHaveLength(1);
  });

  const gate: { opens: ((profile: SessionProfile) => void)[]; count: number } = { opens: [], count: 0 };
  /** The second session's profile comes when the test has it come. */
  const late: WorldOptions = {
    ...tellsLong,
    media: { lines: rendered(['stillThere']) },
    sessions: {
      profile: () => (gate.count++ % 2 === 0 ? Promise.resolve(profile) : new Promise((open) => gate.opens.push(open))),
    },
  };

  greeted('is given up where somebody begins to speak before it is ready', late, async (scene) => {
    const { sim, call, model } = scene;
    call.port.rotate(seed);
    sim.speak('What is on the menu?');
    await sim.waitFor(() => call.of('model.rotated').length === 1);
    expect(call.of('model.rotated')).toEqual([{ type: 'model.rotated', sessionId: null, rotateMs: 0 }]);
    expect(call.types.indexOf('model.rotated')).toBeLessThan(call.types.indexOf('caller.speechStarted'));
    await sim.waitFor(() => sim.heardText().includes('long time.'), 15_000);
    expect(sim.heard().at(-1)).toMatchObject({ text: long, faults: 0 });
    expect(model.sessions.map(({ open }) => open)).toEqual([true, ...model.sessions.slice(1).map(() => false)]);
  });

  greeted(
    'is not made ready while something is heard, or when the one that talks is lost meanwhile',
    {},
    async (scene) => {
      const { sim, call, model } = scene;
      sim.speak('Do you like the moon?');
      await sim.waitFor(() => sim.heardText().includes('You said'));
      call.port.rotate(seed);
      expect(call.of('model.rotated')).toHaveLength(1);
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
      model.door = 'hang';
      call.port.rotate(seed);
      await model.waitFor((fake) => fake.hanging === 1, 5_000);
      model.sessions[0]?.break('die');
      await sim.waitFor(() => call.of('model.lost').length === 1);
      expect(call.types.slice(-2)).toEqual(['model.rotated', 'model.lost']);
      expect(call.of('model.rotated').map(({ sessionId }) => sessionId)).toEqual([null, null]);
      expect(model.sessions).toHaveLength(1);
    },
  );

  greeted('that cannot be had leaves the old one where it is', {}, async ({ sim, call, model }) => {
    model.door = 503;
    call.port.rotate(seed);
    await sim.waitFor(() => call.of('model.rotated').length === 1);
    expect(call.of('model.rotated')).toMatchObject([{ sessionId: null }]);
    sim.speak('Do you like the moon?');
    await sim.waitFor(() => sim.heardText().includes('You said'));
  });
});

describe('rows 19 and 20: a session that is lost', () => {
  const reopens: WorldOptions = {
    react: (fact, resident) => {
      if (fact.type === 'carrier.streamStarted') resident.port.openModel('greeting', []);
      else if (fact.type === 'model.lost') resident.port.openModel('resuming', []);
    },
  };

  greeted('in the middle of a turn: the next one hears the whole turn and answers it', reopens, async (scene) => {
    const { sim, call, model } = scene;
    sim.speak('Tell me whether you like the moon and the stars above the sea');
    await sim.waitFor(() => call.of('caller.speechStarted').length === 1 && sim.nowMs() > 0);
    await model.sessions[0]?.waitFor((session) => session.appendedMs > 3_500, 10_000);
    model.sessions[0]?.break('die');
    await sim.waitFor(() => sim.heardText().includes('above the sea'), 15_000);
    expect(sim.heardText()).toContain('You said: Tell me whether you like the moon and the stars above the sea');
    expect(call.of('caller.said')).toHaveLength(1);
  });

  greeted(
    'that says nothing is asked once more, then given up',
    { ...reopens, model: { firstDeltaMs: 3_000 } },
    async (scene) => {
      const { sim, call, model } = scene;
      sim.speak('Do you like the moon?');
      await sim.waitFor(() => call.of('caller.said').length === 1);
      call.port.nudge();
      await model.sessions[0]?.waitFor((session) => session.responses.length === 3, 10_000);
      expect(model.sessions[0]?.responses.map(({ status }) => status)).toEqual([
        'completed',
        'cancelled',
        'in_progress',
      ]);
      call.port.dropModel();
      await sim.waitFor(() => call.of('model.ready').length === 2);
      expect(call.of('model.lost')).toEqual([{ type: 'model.lost', code: 'dead_air', fatal: false }]);
      expect(model.sessions.map(({ open }) => open)).toEqual([false, true]);
    },
  );

  greeted(
    'that says nothing because nobody is there',
    { ...tellsLong, media: { lines: rendered(['moment']) }, ...reopens },
    async (scene) => {
      const { sim, call, model } = scene;
      model.sessions[0]?.break('freeze');
      const frozenMs = sim.nowMs();
      sim.speak('Are you there?');
      call.port.play('moment', 'en');
      await sim.waitFor(() => sim.heardText().includes('One moment'));
      await sim.waitFor(() => call.of('model.lost').length === 1, 12_000);
      expect(call.of('model.lost')).toMatchObject([{ code: 'half_open', fatal: false }]);
      await sim.waitFor(() => call.of('model.ready').length === 2);
      expect(sim.nowMs() - frozenMs).toBeLessThan(10_000);
      sim.speak('Do you like the moon?');
      await sim.waitFor(() => sim.heardText().includes('You said: Do you like the moon?'));
    },
  );
});
