import { describe, expect, vi } from 'vitest';
import type { SessionProfile } from '../model/profile.ts';
import { turnSilenceMs } from '../model/session-update.ts';
import { greeted, inWorld, long, tellsForMinutes, tellsLong } from './scene.fixture.ts';
import { greeting, profile, type WorldOptions } from './world.fixture.ts';

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

greeted('the greeting is heard word for word, and the call is told so', {}, async ({ sim, call }) => {
  expect(sim.heard()).toMatchObject([{ speaker: 'assistant', text: greeting, whole: true, faults: 0 }]);
  expect(call.types).toEqual([
    'carrier.streamStarted',
    'model.ready',
    'assistant.said',
    'model.responded',
    'assistant.heard',
    'assistant.fellSilent',
  ]);
  const [said] = call.of('assistant.said');
  const [heard] = call.of('assistant.heard');
  expect(said?.text).toBe(greeting);
  expect(heard).toEqual({
    type: 'assistant.heard',
    itemId: said?.itemId,
    text: greeting,
    heardMs: said?.totalMs,
    totalMs: said?.totalMs,
    cut: false,
  });
  expect(call.of('model.responded')).toMatchObject([
    { status: 'completed', spoke: true, toolCallIds: [], errorCode: null, usage: { audioIn: expect.any(Number) } },
  ]);
});

greeted('words go there and back, in order and whole', {}, async ({ sim, call, model }) => {
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('assistant.fellSilent').length === 2 && call.of('caller.said').length === 1);
  expect(model.sessions[0]?.heard.map((turn) => turn.text)).toEqual(['Do you like the moon?']);
  expect(sim.heard().map(({ text, whole, faults }) => [text, whole, faults])).toEqual([
    [greeting, true, 0],
    ['You said: Do you like the moon?', true, 0],
  ]);
  const [turn] = call.of('caller.said');
  expect(turn).toMatchObject({ text: 'Do you like the moon?', after: call.of('assistant.said')[0]?.itemId });
  const order = call.types.filter((type) => type.startsWith('caller.'));
  expect(order).toEqual(['caller.speechStarted', 'caller.speechStopped', 'caller.said']);
  // Told once the silence had lasted: the last sound was so long before.
  expect(call.of('caller.speechStopped')[0]?.agoMs).toBeGreaterThan(0.9 * turnSilenceMs);
});

greeted(
  'the caller interrupts: the voice stops, the model forgets what was not heard, late audio is dropped',
  tellsLong,
  async ({ sim, call, model }) => {
    sim.speak('What is on the menu?');
    await sim.waitFor(() => sim.heardText().includes('espresso'));
    sim.speak('Stop, what are your hours?');
    await sim.waitFor(() => call.of('assistant.heard').some((fact) => fact.cut) && sim.streams[0]?.clears.length === 1);
    await model.sessions[0]?.waitFor((session) => session.truncations.length > 0, 5000);
    const [truncation, ...more] = model.sessions[0]?.truncations ?? [];
    expect(more).toEqual([]);
    const greetingFrames = Math.ceil((call.of('assistant.said')[0]?.totalMs ?? 0) / 20);
    const playedMs = (sim.streams[0]?.clears[0]?.playedBytes ?? 0) / 8 - greetingFrames * 20;
    expect([truncation?.audioEndMs, playedMs, Math.abs((truncation?.audioEndMs ?? 0) - playedMs) <= 60]).toEqual([
      expect.any(Number),
      expect.any(Number),
      true,
    ]);
    const cut = call.of('assistant.heard').find((fact) => fact.cut);
    expect(cut).toMatchObject({ itemId: truncation?.itemId, heardMs: truncation?.audioEndMs });
    const heard = sim.heard().find((utterance) => utterance.text.startsWith('We have'));
    expect(words(heard?.text).length - words(cut?.text).length).toBeLessThanOrEqual(1);
    expect(words(heard?.text).slice(0, words(cut?.text).length)).toEqual(words(cut?.text));
    await sim.waitFor(() => sim.heardText().includes('You said: Stop'));
    expect(sim.heardText()).not.toContain('long time');
    expect(call.of('caller.said').map((fact) => fact.text)).toEqual([
      'What is on the menu?',
      'Stop, what are your hours?',
    ]);
  },
);

greeted(
  'an interruption after the model is done still stops the voice',
  { model: { ...tellsLong.model, speed: 60 } },
  async ({ sim, call, model }) => {
    sim.speak('What is on the menu?');
    await sim.waitFor(() => call.of('model.responded').length === 2 && sim.heardText().includes('coffee'));
    sim.speak('Stop, please.');
    await sim.waitFor(() => call.of('assistant.heard').some((fact) => fact.cut) && sim.streams[0]?.clears.length === 1);
    await model.sessions[0]?.waitFor((session) => session.truncations.length > 0, 5000);
    expect(sim.streams[0]?.clears[0]?.droppedBytes).toBeGreaterThan(0);
    expect(model.sessions[0]?.truncations).toHaveLength(1);
  },
);

describe('tools', () => {
  const ask: WorldOptions['model'] = {
    script: (turn) =>
      turn.kind === 'caller'
        ? [
            { say: 'One moment.' },
            { call: 'get_menu', arguments: { category: 'tea' } },
            { call: 'get_menu', arguments: { category: 'food' } },
          ]
        : turn.kind === 'tools'
          ? [{ say: `I found ${turn.outputs.map((output) => output.output).join(' and ')}.` }]
          : null,
  };

  greeted(
    'two calls in one response, answered apart: spoken about once',
    { model: ask },
    async ({ sim, call, model }) => {
      sim.speak('What do you have?');
      await sim.waitFor(() => call.of('model.responded').length === 2);
      const asked = call.of('tool.asked');
      expect(asked.map((fact) => fact.arguments)).toEqual(['{"category":"tea"}', '{"category":"food"}']);
      expect(call.of('model.responded')[1]).toMatchObject({
        spoke: true,
        toolCallIds: asked.map((fact) => fact.toolCallId),
      });
      call.port.deliverTool(asked[1]?.toolCallId ?? '', 'bread', true);
      await model.sessions[0]?.waitFor((session) => session.toolOutputs.length === 1, 5000);
      call.port.deliverTool(asked[0]?.toolCallId ?? '', 'mint', true);
      await sim.waitFor(() => sim.heardText().includes('I found'));
      await sim.waitFor(() => sim.heard().at(-1)?.whole === true);
      expect(sim.heardText()).toMatch(/I found (mint and bread|bread and mint)\.$/);
      expect(model.sessions[0]?.responses).toHaveLength(3);
      expect(model.sessions[0]?.errors).toEqual([]);
    },
  );

  greeted('an output that wants no answer gets none', { model: ask }, async ({ sim, call, model }) => {
    sim.speak('What do you have?');
    await sim.waitFor(() => call.of('model.responded').length === 2);
    for (const fact of call.of('tool.asked')) call.port.deliverTool(fact.toolCallId, 'ok', false);
    await model.sessions[0]?.waitFor((session) => session.toolOutputs.length === 2, 5000);
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
    expect(model.sessions[0]?.responses).toHaveLength(2);
  });
});

describe('the caller before and beside the model', () => {
  const gate: { open?: (profile: SessionProfile) => void } = {};
  const waiting = new Promise<SessionProfile>((resolve) => {
    gate.open = resolve;
  });

  inWorld(
    'what is said before the session is configured arrives whole',
    { sessions: { profile: () => waiting } },
    async ({ dial, model }) => {
      const { sim } = await dial();
      const speech = sim.speak('Hello, is anybody there?');
      await sim.waitFor(() => speech.endMs !== null);
      gate.open?.(profile);
      await model.waitFor((fake) => fake.sessions[0]?.heard.length === 1, 8000);
      expect(model.sessions[0]?.heard[0]?.text).toBe('Hello, is anybody there?');
    },
  );

  greeted('a line that goes mute in mid-sentence ends the turn', {}, async ({ sim, call }) => {
    sim.speak('Tell me about the coffee that you have and where it comes from and what it costs');
    await sim.waitFor(() => call.of('caller.speechStarted').length === 1);
    const line = sim.stream?.line;
    if (line) line.muted = true;
    await sim.waitFor(() => call.of('caller.speechStopped').length === 1, 8000);
    await sim.waitFor(() => call.of('caller.said').length === 1);
    expect(sim.stream).not.toBe(null);
  });

  greeted('keys are told', {}, async ({ sim, call }) => {
    sim.press('4#');
    await sim.waitFor(() => call.of('carrier.dtmf').length === 2);
    expect(call.of('carrier.dtmf').map((fact) => fact.digit)).toEqual(['4', '#']);
  });

  greeted('row 25: a carrier that reads slowly loses nothing within its bounds', tellsLong, async ({ sim, call }) => {
    sim.streams[0]?.pauseReading();
    sim.speak('What is on the menu?');
    await sim.waitFor(() => call.of('model.responded').length === 2, 15_000);
    sim.streams[0]?.resumeReading();
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2, 30_000);
    expect(sim.heard().at(-1)).toMatchObject({ text: long, whole: true, faults: 0 });
  });

  greeted(
    'row 25: what a carrier would hear two minutes late is dropped and counted',
    tellsForMinutes,
    async (scene) => {
      const { sim, call, metrics } = scene;
      const [stream] = sim.streams;
      stream?.pauseReading();
      sim.speak('What is on the menu?');
      const dropped = async () => (await metrics.droppedFrames.get()).values[0]?.value ?? 0;
      await vi.waitFor(async () => expect(await dropped()).toBeGreaterThan(0), { timeout: 20_000 });
      stream?.resumeReading();
      await sim.waitFor(() => sim.heardText().includes('We have coffee'), 15_000);
      sim.speak('Stop, do you like the moon?');
      await sim.waitFor(() => call.of('assistant.heard').length === 2, 15_000);
      expect(call.of('assistant.heard').at(-1)).toMatchObject({ cut: true });
      await sim.waitFor(() => sim.heardText().includes('You said'), 15_000);
      expect(call.of('carrier.streamStopped')).toEqual([]);
    },
  );
});
