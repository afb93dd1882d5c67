import { describe, expect } from 'vitest';
import { noise } from './noise.fixture.ts';
import { greeted, long, type Scene, tellsLong } from './scene.fixture.ts';
import type { WorldOptions } from './world.fixture.ts';

const { script } = tellsLong.model ?? {};

/** The long answer is under way when a noise is made. */
async function coughInto({ sim, call }: Scene, heard = 'espresso'): Promise<void> {
  sim.speak('What is on the menu?');
  await sim.waitFor(() => sim.heardText().includes(heard));
  sim.play(noise(300), 'cough');
  await sim.waitFor(() => call.of('caller.speechStarted').length === 2);
}

async function counted({ metrics }: Scene): Promise<number> {
  return (await metrics.falseBargeIns.get()).values[0]?.value ?? 0;
}

/** The words without their blanks: where the cut was, a frame may have been heard twice. */
function spoken(scene: Scene): string {
  return scene.sim.heardText().replaceAll(/\s+/g, ' ');
}

describe('a noise into an answer', () => {
  greeted(
    'stops it for a moment; it goes on where it was cut, and nobody answers the noise',
    tellsLong,
    async (scene) => {
      const { sim, call, model } = scene;
      await coughInto(scene);
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 2, 15_000);
      expect(sim.streams[0]?.clears).toHaveLength(1);
      expect(spoken(scene)).toContain('for a long time.');
      expect(spoken(scene)).not.toContain('did not hear');
      const heard = call.of('assistant.heard').slice(1);
      const [cut] = heard;
      const resumed = heard.find(({ itemId }) => itemId === 'resumed_70001');
      expect([cut?.cut, resumed?.cut]).toEqual([true, false]);
      expect(`${cut?.text} ${resumed?.text}`).toBe(long);
      const { totalMs = 0 } = call.of('assistant.said').find(({ itemId }) => itemId === cut?.itemId) ?? {};
      expect(Math.abs((cut?.heardMs ?? 0) + (resumed?.totalMs ?? 0) - totalMs)).toBeLessThanOrEqual(40);
      expect(call.of('caller.said').map(({ text }) => text)).toEqual(['What is on the menu?', '']);
      expect(await counted(scene)).toBe(1);
      // The model knows what was heard in all, and goes on from there.
      const words = model.sessions[0]?.conversation.wordsOf('assistant').slice(1) ?? [];
      expect(words.at(-1)).toBe(resumed?.text);
      sim.speak('Do you like the moon?');
      await sim.waitFor(() => sim.heardText().includes('You said: Do you like the moon?'));
    },
  );

  const slow: WorldOptions = { model: { ...tellsLong.model, speed: 1.3 } };

  greeted('before all of it is there: what there is goes on, then the model', slow, async (scene) => {
    const { sim, call, model } = scene;
    await coughInto(scene);
    await sim.waitFor(() => sim.heardText().includes('As I was saying'), 15_000);
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2, 15_000);
    expect(
      model.sessions[0]?.responses.map(({ status }) => status).filter((each) => each === 'cancelled'),
    ).toHaveLength(2);
    expect(call.of('assistant.said').map(({ itemId }) => itemId)).toContain('resumed_70001');
    expect(spoken(scene)).not.toContain('did not hear');
  });

  greeted(
    'whose words could not be made out is a noise',
    { model: { ...tellsLong.model, onSession: (session) => session.failTranscriptions() } },
    async (scene) => {
      await coughInto(scene);
      await scene.sim.waitFor(() => spoken(scene).includes('for a long time.'), 15_000);
      expect(await counted(scene)).toBe(1);
    },
  );

  greeted('and then another one', tellsLong, async (scene) => {
    const { sim, call } = scene;
    await coughInto(scene);
    await sim.waitFor(() => call.of('caller.said').length === 2 && sim.heardText().includes('tea'));
    sim.play(noise(200), 'cough');
    await sim.waitFor(() => spoken(scene).includes('for a long time.'), 15_000);
    expect(await counted(scene)).toBe(2);
    expect(spoken(scene)).not.toContain('did not hear');
  });

  greeted(
    'whose transcript is late: the model has begun to answer, and is let',
    { model: { ...tellsLong.model, transcriptionMs: 3_000 } },
    async (scene) => {
      const { sim, call } = scene;
      await coughInto(scene);
      await sim.waitFor(() => sim.heardText().includes('did not hear you'), 15_000);
      await sim.waitFor(() => call.of('caller.said').length === 2, 15_000);
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 2, 15_000);
      expect(spoken(scene)).not.toContain('long time');
      expect(await counted(scene)).toBe(0);
    },
  );
});

greeted(
  'one short word is no noise: it is answered, what was cut stays cut',
  { model: { ...(script && { script }) } },
  async (scene) => {
    const { sim, call } = scene;
    sim.speak('What is on the menu?');
    await sim.waitFor(() => sim.heardText().includes('espresso'));
    sim.speak('Stop.');
    await sim.waitFor(() => sim.heardText().includes('You said: Stop.'), 15_000);
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2, 15_000);
    expect(spoken(scene)).not.toContain('long time');
    expect(await counted(scene)).toBe(0);
  },
);
