import { describe, expect } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import type { SessionProfile } from '../model/profile.ts';
import { rendered, textOf } from './lines.fixture.ts';
import { greeted, inWorld, long, type Scene, tellsLong } from './scene.fixture.ts';
import { profile, type WorldOptions } from './world.fixture.ts';

const hello = textOf('greeting');

function texts({ model }: Pick<Scene, 'model'>, session = 0): string[] {
  return model.sessions[session]?.conversation.wordsOf('assistant') ?? [];
}

async function countOf(histogram: { get(): Promise<{ values: { metricName: string; value: number }[] }> }) {
  const { values } = await histogram.get();
  return values.find(({ metricName }) => metricName.endsWith('_count'))?.value;
}

describe('a prepared greeting', () => {
  const gate: { open?: (profile: SessionProfile) => void } = {};
  const late: WorldOptions = {
    media: { lines: rendered(['greeting']) },
    sessions: { profile: () => new Promise((resolve) => (gate.open = resolve)) },
  };

  inWorld('is heard before there is a session, which begins with it in its memory', late, async (world) => {
    const { sim, call } = await world.dial();
    await sim.waitFor(() => call.of('assistant.heard').length === 1);
    expect(call.types).toEqual(['carrier.streamStarted', 'assistant.said', 'assistant.heard', 'assistant.fellSilent']);
    expect(call.of('assistant.heard')).toMatchObject([{ itemId: 'line_greeting_70001', text: hello, cut: false }]);
    expect(sim.heard()).toMatchObject([{ speaker: 'line', text: hello, whole: true, faults: 0 }]);
    expect(await countOf(world.metrics.firstWordSeconds)).toBe(1);
    const speech = sim.speak('What did I ask you?');
    await sim.waitFor(() => speech.endMs !== null);
    gate.open?.(profile);
    await sim.waitFor(() => sim.heardText().includes('You have not asked me anything yet.'));
    expect(texts(world)[0]).toBe(hello);
    expect(world.model.sessions[0]?.responses).toHaveLength(1);
  });

  inWorld(
    'that may not be interrupted is heard to its end; what the caller said into it is answered then',
    { media: { lines: rendered(['greeting'], ['greeting']) }, model: { firstDeltaMs: 10 } },
    async ({ dial }) => {
      const { sim, call } = await dial();
      await sim.waitFor(() => sim.heardText().includes('Thank'));
      sim.speak('Hi?', 60);
      await sim.waitFor(() => sim.heardText().includes('You said: Hi?'));
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
      expect(sim.streams[0]?.clears).toEqual([]);
      expect(sim.heard()).toMatchObject([
        { speaker: 'line', text: hello, whole: true, faults: 0 },
        { speaker: 'assistant', text: 'You said: Hi?', whole: true, faults: 0 },
      ]);
    },
  );

  inWorld('that may be stops where the caller speaks', { media: { lines: rendered(['greeting']) } }, async (world) => {
    const { sim, call } = await world.dial();
    await sim.waitFor(() => sim.heardText().includes('Thank'));
    sim.speak('What are your hours?');
    await sim.waitFor(() => call.of('assistant.heard').length === 1);
    expect(call.of('assistant.heard')).toMatchObject([{ itemId: 'line_greeting_70001', cut: true }]);
    await sim.waitFor(() => sim.heardText().includes('You said'));
    expect(sim.streams[0]?.clears).toHaveLength(1);
    expect(texts(world)[0]).toBe(`${call.of('assistant.heard')[0]?.text} …`);
  });
});

describe('a line', () => {
  const ready: WorldOptions = {
    ...tellsLong,
    media: { lines: rendered(['moment', 'connecting', 'stillThere', 'holding']) },
  };

  greeted('waits for the end of what the model is saying, and the model knows of it', ready, async (scene) => {
    const { sim, call, model } = scene;
    sim.speak('What is on the menu?');
    await sim.waitFor(() => sim.heardText().includes('coffee'));
    call.port.play('connecting', 'en');
    await sim.waitFor(() => call.of('assistant.heard').length === 3, 15_000);
    expect(sim.heard().slice(1)).toMatchObject([
      { speaker: 'assistant', text: long, whole: true, faults: 0 },
      { speaker: 'line', text: textOf('connecting'), whole: true, faults: 0 },
    ]);
    expect(texts(scene).slice(1)).toEqual([long, textOf('connecting')]);
    expect(call.of('assistant.heard').at(-1)).toMatchObject({ itemId: 'line_connecting_70001', cut: false });
    expect(model.sessions[0]?.truncations).toEqual([]);
  });

  greeted('that the caller cuts short is known to the model as far as it was heard', ready, async (scene) => {
    const { sim, call, model } = scene;
    call.port.play('connecting', 'en');
    await sim.waitFor(() => sim.heardText().includes('Somebody on our'));
    sim.speak('No, wait, what are your hours?');
    await sim.waitFor(() => call.of('caller.said').length === 1);
    const [, heard] = call.of('assistant.heard');
    expect(heard).toMatchObject({ itemId: 'line_connecting_70001', cut: true });
    expect(texts(scene)[1]).toBe(`${heard?.text} …`);
    expect(model.sessions[0]?.received['conversation.item.delete']).toBe(1);
    expect(model.sessions[0]?.truncations).toEqual([]);
  });

  greeted(
    'that fills a silence is not for the model, and not for a caller who hears something',
    ready,
    async (scene) => {
      const { sim, call } = scene;
      call.port.play('moment', 'en');
      call.port.play('moment', 'en');
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
      expect(sim.heard().slice(1)).toMatchObject([{ speaker: 'line', text: textOf('moment'), whole: true }]);
      sim.speak('What is on the menu?');
      await sim.waitFor(() => sim.heardText().includes('coffee'));
      call.port.play('moment', 'en');
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 3, 15_000);
      expect(call.of('assistant.said').filter(({ itemId }) => itemId.startsWith('line_'))).toHaveLength(1);
      expect(texts(scene)).not.toContain(textOf('moment'));
    },
  );

  greeted('whose end is waited for', ready, async ({ sim, call, model }) => {
    await call.port.say('holding');
    expect(sim.heard().at(-1)).toMatchObject({ speaker: 'line', text: textOf('holding'), whole: true });
    expect(model.sessions[0]?.responses).toHaveLength(1);
  });

  greeted('that is not rendered is said by the model', {}, async ({ sim, call }) => {
    call.port.play('stillThere', 'en');
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
    expect(sim.heard().at(-1)).toMatchObject({ speaker: 'assistant', text: textOf('stillThere'), whole: true });
  });

  greeted('while no session is there is told to the next one', ready, async (scene) => {
    const { sim, call, model } = scene;
    model.sessions[0]?.break('die');
    await sim.waitFor(() => call.of('model.lost').length === 1);
    call.port.openModel('resuming', [{ who: 'assistant', itemId: 'a', text: 'Hello.', cut: false }]);
    call.port.play('stillThere', 'en');
    await sim.waitFor(() => call.of('model.ready').length === 2 && call.of('assistant.fellSilent').length === 2);
    await model.sessions[1]?.waitFor(() => texts(scene, 1).length === 2, 5_000);
    expect(texts(scene, 1)).toEqual(['Hello.', textOf('stillThere')]);
  });
});

describe('the first words of a session that goes on', () => {
  const ready: WorldOptions = {
    media: { lines: rendered(['greeting', 'bridging', 'staffUnavailable']) },
    react: (fact, resident) => {
      if (fact.type === 'model.lost') resident.port.openModel('bridging', seed);
    },
  };
  const seed: Turn[] = [
    { who: 'assistant', itemId: 'a', text: hello, cut: false },
    { who: 'caller', itemId: 'b', text: 'Do you like the moon?' },
    { who: 'assistant', itemId: 'c', text: 'Yes, I do, and', cut: true },
  ];

  inWorld('are heard at once and once, while one session after the other is tried', ready, async (world) => {
    world.model.door = 503;
    const { sim, call } = await world.dial();
    call.port.openModel('bridging', seed);
    await sim.waitFor(() => sim.heardText().includes('Sorry about that') && call.of('model.lost').length >= 3);
    world.model.door = 'open';
    await sim.waitFor(() => sim.heardText().includes('You asked me: Do you like the moon?'));
    expect(sim.heard().map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual([
      `line: ${textOf('bridging')}`,
      'assistant: as I was saying, You asked me: Do you like the moon?',
    ]);
    // Its silence was none.
    expect(await countOf(world.metrics.deadAirSeconds)).toBe(0);
  });

  inWorld('are not a second greeting where the first session was lost', ready, async (world) => {
    world.model.door = 503;
    const { sim, call } = await world.dial();
    call.port.openModel('greeting', []);
    await sim.waitFor(() => call.of('model.lost').length >= 1);
    world.model.door = 'open';
    call.port.openModel('greeting', [{ who: 'assistant', itemId: 'line_greeting_70001', text: hello, cut: true }]);
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
    expect(sim.heardText()).toBe(hello);
    await sim.waitFor(() => texts(world, world.model.sessions.length - 1).length > 0);
    // The session that was on its way when this one was asked for was told nothing.
    expect(texts(world, world.model.sessions.length - 1)).toEqual([`${hello} …`]);
  });

  inWorld('tell that nobody could be had, and the model offers what else there is', ready, async (world) => {
    const { sim, call } = await world.dial();
    call.port.openModel('staffUnavailable', seed);
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
    const [first, second, ...more] = sim.heard().map(({ speaker }) => speaker);
    expect([first, second, more]).toEqual(['line', 'assistant', []]);
    expect(sim.heardText()).not.toContain('I am sorry, nobody could pick up');
  });
});

inWorld(
  'a turn that follows a sentence of ours is placed behind it',
  { media: { lines: rendered(['greeting', 'connecting']) } },
  async ({ dial }) => {
    const { sim, call } = await dial();
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
    sim.speak('Do you like the moon?');
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2 && call.of('caller.said').length === 1);
    call.port.play('connecting', 'en');
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 3);
    sim.speak('And the stars?');
    await sim.waitFor(() => call.of('caller.said').length === 2);
    expect(call.of('caller.said').map(({ after }) => after)).toEqual(['line_greeting_70001', 'line_connecting_70002']);
  },
);
