import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DataSource } from 'typeorm';
import { PreparedLineEntity } from '../../entities/prepared-line.ts';
import { type FakeModel, startFakeModel } from '../sim/model/index.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { VoiceReader } from '../sim/voice/index.ts';
import { renderLines } from './line-renderer.ts';
import { lineNames, isFixed } from './lines.ts';
import { wavOf } from './mulaw.ts';
import { keepLines, soundOf } from './prepared-lines.ts';
import { createSpeech } from './speech.ts';
import { lineVersion, type LineSource, sha256, wantedLines } from './wanted-lines.ts';

const log = { warn: () => undefined, info: () => undefined };
/** Those that most tests render; a store has all of them. */
const SOME: ReadonlySet<string> = new Set(['greeting', 'moment', 'welcome', 'own']);
const FIXED = 3;
const HOUR_MS = 3_600_000;

/** A store whose settings a test changes. */
function shop() {
  const settings = { voice: 'marin', languages: ['en'], greeting: 'Hello from the shop!', closed: '' };
  const source: LineSource = {
    store: () => ({ name: 'The Shop', address: '', phone: '', email: '' }),
    assistant: () => settings as never,
    languages: () => settings.languages,
    persona: (language) => ({
      instructions: '',
      greeting: language === 'es' ? '¡Hola!' : settings.greeting,
      voice: settings.voice,
    }),
    closed: () => (settings.closed === '' ? null : { behaviour: 'announce', words: settings.closed }),
    promotionLines: () => [['Muddy Paws, through Monday.', 'Buy two, get one free.']],
  };
  return { settings, source };
}

let model: FakeModel;
beforeAll(async () => {
  model = await startFakeModel({ apiKey: 'sk-test', charsPerSecond: 64 });
});
afterAll(() => model.close());

function heard(ulaw: Buffer): string {
  const reader = new VoiceReader();
  reader.push(ulaw);
  reader.end();
  expect(reader.intact).toBe(true);
  return reader.text('assistant');
}

function render(dataSource: DataSource, { source, settings }: ReturnType<typeof shop>) {
  const speech = createSpeech({ apiUrl: model.apiUrl, apiKey: 'sk-test' });
  const wanted = wantedLines(source).filter(({ key }) => SOME.has(key));
  return renderLines({ dataSource, speech, wanted, voice: settings.voice, log });
}

test('all that is the same in every call is wanted, in each language that is offered, and nothing twice', () => {
  const { source, settings } = shop();
  const fixed = lineNames.filter(isFixed);
  settings.languages = ['en', 'es', 'es-MX', 'de'];
  const wanted = wantedLines(source);
  const keysOf = (language: string) => wanted.filter((line) => line.language === language).map(({ key }) => key);
  expect(keysOf('en')).toEqual([...fixed, 'own', 'own']);
  expect(keysOf('es')).toEqual(fixed);
  // The greeting alone: no other sentence is written in it.
  expect(keysOf('de')).toEqual(['own']);
  expect(new Set(wanted.map(({ language, textHash }) => language + textHash)).size).toBe(wanted.length);
  expect(wanted.every(({ text }) => !text.includes('{'))).toBe(true);
});

await onBothDatabases((database) => {
  beforeEach(async () => {
    model.spoken.length = 0;
    model.speechDoor = 'open';
    await database.source.getRepository(PreparedLineEntity).clear();
  });

  let nowMs = 0;
  const keep = (source: LineSource, more: Partial<Parameters<typeof keepLines>[1]> = {}) =>
    keepLines(database.source, { source, own: [], log, now: () => nowMs, ...more });

  test('what is missing is rendered once, in the store’s voice, and heard word for word', async () => {
    const { source, settings } = shop();
    const first = await render(database.source, { source, settings });
    // The promotion's two sentences besides.
    expect(first).toEqual({ rendered: FIXED + 2, kept: 0, missing: 0, failure: null, deleted: 0 });
    expect(model.spoken).toHaveLength(FIXED + 2);
    expect(new Set(model.spoken.map(({ voice }) => voice))).toEqual(new Set(['marin']));
    expect(model.spoken[0]?.instructions).toContain('Speak English');
    const lines = await keep(source);
    const greeting = lines.audio('greeting', 'en');
    expect(greeting).toMatchObject({ text: 'Hello from the shop!', ms: (greeting?.ulaw.length ?? 0) / 8 });
    expect(heard(greeting?.ulaw ?? Buffer.alloc(0))).toBe('Hello from the shop!');
    expect(heard(lines.audio('welcome', 'en')?.ulaw ?? Buffer.alloc(0))).toBe('Thank you for calling The Shop.');
    expect(heard(lines.said('Buy two, get one free.', 'en')?.ulaw ?? Buffer.alloc(0))).toBe('Buy two, get one free.');
    expect([lines.audio('waitPosition', 'en'), lines.audio('moment', 'es'), lines.said('Anything.', 'en')]).toEqual([
      null,
      null,
      null,
    ]);
    expect(lines.count()).toEqual({ ready: FIXED + 2, missing: lineNames.filter(isFixed).length - FIXED });
    lines.close();
    expect(await render(database.source, { source, settings })).toMatchObject({ rendered: 0, kept: FIXED + 2 });
    expect(model.spoken).toHaveLength(FIXED + 2);
  });

  test('settings that change are rendered anew; until then an old voice is better than none, an old text is not', async () => {
    const store = shop();
    await render(database.source, store);
    const lines = await keep(store.source);
    const before = lines.audio('moment', 'en');
    store.settings.voice = 'cedar';
    store.settings.greeting = 'Good day!';
    expect([lines.audio('moment', 'en'), lines.audio('greeting', 'en')]).toEqual([before, null]);
    store.settings.languages = ['en', 'es'];
    const again = await render(database.source, store);
    expect(again.rendered).toBe(2 * FIXED + 2);
    expect(await lines.refresh()).toBe(true);
    const after = lines.audio('moment', 'en');
    expect(after?.hash).not.toBe(before?.hash);
    expect(heard(lines.audio('moment', 'es')?.ulaw ?? Buffer.alloc(0))).toBe('Un momento, por favor.');
    expect(heard(lines.audio('greeting', 'es')?.ulaw ?? Buffer.alloc(0))).toBe('¡Hola!');
    // Announced a moment ago by a document that is still being played.
    expect((await lines.find(before?.hash ?? ''))?.ulaw).toEqual(before?.ulaw);
    lines.close();
  });

  test('while the store is closed its greeting says so, and both are ready', async () => {
    const store = shop();
    await render(database.source, store);
    store.settings.greeting = 'We are closed. Hello from the shop!';
    store.settings.closed = 'We are closed.';
    expect((await render(database.source, store)).rendered).toBe(2);
    const lines = await keep(store.source);
    expect(lines.audio('greeting', 'en')?.text).toBe('We are closed. Hello from the shop!');
    expect(lines.said('We are closed.', 'en')?.text).toBe('We are closed.');
    lines.close();
  });

  test('a node finds by its hash what another one announced, and looks for it once a second at most', async () => {
    const { source, settings } = shop();
    const music = { key: 'holdMusic', ...soundOf(Buffer.alloc(1_600, 7)) };
    const [here, there] = [await keep(source), await keep(source, { own: [music] })];
    expect(await there.find(music.hash)).toMatchObject({ ulaw: music.ulaw });
    expect(music.hash).toBe(sha256(wavOf(music.ulaw)));
    // Whoever asks meanwhile waits for the same look.
    const found = await Promise.all([here.find(music.hash), here.find(music.hash)]);
    expect(found).toEqual(found.map(() => expect.objectContaining({ ulaw: music.ulaw })));
    await render(database.source, { source, settings });
    const [row] = await database.source.getRepository(PreparedLineEntity).findBy({ key: 'moment' });
    // It has looked a moment ago.
    nowMs += 999;
    expect(await here.find(row?.hash ?? '')).toBeNull();
    nowMs += 1;
    expect(await here.find(row?.hash ?? '')).not.toBeNull();
    here.close();
    there.close();
  });

  test('what nobody wants is kept for two days, what is wanted for good', async () => {
    const rows = database.source.getRepository(PreparedLineEntity);
    const store = shop();
    await render(database.source, store);
    store.settings.voice = 'ash';
    await render(database.source, store);
    const age = (voice: string, hours: number) =>
      rows.update({ voice }, { wantedAt: new Date(Date.now() - hours * HOUR_MS) });
    await age('marin', 47);
    await age('ash', 47);
    expect((await render(database.source, store)).deleted).toBe(0);
    await age('marin', 49);
    // Wanted again a moment ago, the others are not touched by it.
    expect((await render(database.source, store)).deleted).toBe(FIXED + 2);
    expect(await rows.countBy({ voice: 'ash' })).toBe(FIXED + 2);
    expect(await rows.count()).toBe(FIXED + 2);
  });

  test('lines of another version are rendered anew and serve until then', async () => {
    const rows = database.source.getRepository(PreparedLineEntity);
    const store = shop();
    await render(database.source, store);
    await rows.updateAll({ version: lineVersion - 1 });
    const lines = await keep(store.source);
    const old = lines.audio('moment', 'en');
    expect(old).not.toBeNull();
    expect((await render(database.source, store)).rendered).toBe(FIXED + 2);
    await lines.refresh();
    expect(lines.audio('moment', 'en')?.hash).not.toBe(old?.hash);
    lines.close();
  });

  test('two that render at once leave one of each', async () => {
    const store = shop();
    await Promise.all([render(database.source, store), render(database.source, store)]);
    expect(await database.source.getRepository(PreparedLineEntity).count()).toBe(FIXED + 2);
  });

  test.each([
    [401, 'refused', 4],
    [500, 'away', 8],
  ] as const)('an interface that answers %d is not stormed', async (status, code, most) => {
    model.speechDoor = status;
    const asked = model.asked;
    const report = await render(database.source, shop());
    expect(report).toMatchObject({ rendered: 0, missing: FIXED + 2, failure: { code } });
    expect(model.asked - asked).toBeLessThanOrEqual(most);
    model.speechDoor = 'open';
    expect(await render(database.source, shop())).toMatchObject({ rendered: FIXED + 2, failure: null });
  });

  test('while the database cannot be read the last lines are served', async () => {
    const store = shop();
    await render(database.source, store);
    const lines = await keep(store.source);
    await database.source.query('ALTER TABLE prepared_line RENAME TO away');
    expect(await lines.refresh()).toBe(false);
    expect(lines.audio('moment', 'en')?.text).toBe('One moment, please.');
    await database.source.query('ALTER TABLE away RENAME TO prepared_line');
    expect(await lines.refresh()).toBe(true);
    lines.close();
  });
});
