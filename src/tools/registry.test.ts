import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { pumpkinWeeks, smallCatalog } from '../services/catalog.fixture.ts';
import { emptyCatalog, type Catalog } from '../services/catalog.ts';
import { createKnowledge } from '../services/knowledge.ts';
import { answersOf, type Services } from '../services/services.ts';
import { fitJson } from './fit.ts';
import { createTools, type ToolAnswer } from './registry.ts';
import type { StaffPerson } from '../services/staff.ts';
import type { StaffFound } from '../services/staff-desk.ts';
import { defineTool, type Tool } from './tool.ts';

/** Away on Mondays. */
const evening = [1, 0, 1, 1, 1, 1, 1].map((works) =>
  works ? { openTime: '16:00', closeTime: '20:00', isClosed: false } : undefined,
);
const person: StaffPerson = { name: 'Ann', number: '+15035550111', ringS: 25, mode: 'warm', hours: 'store' };

/** Monday, 12:00 in Los Angeles. */
const noon = Date.UTC(2026, 10, 16, 20);

function storeOf(catalog: Catalog): Services {
  const log = { warn: () => {} } as never;
  const away = createKnowledge({ query: () => Promise.reject(new Error('away')) }, { now: () => noon, log });
  return {
    ...answersOf(
      () => catalog,
      away,
      () => noon,
    ),
    refresh: () => Promise.resolve(true),
    close: () => {},
  };
}

function toolsOf(
  catalog: Catalog = smallCatalog,
  tools?: Tool[],
  isOff?: (name: string) => boolean,
  found: StaffFound = { kind: 'away' },
) {
  const errors: [Record<string, unknown>, string][] = [];
  const entry = (values: Record<string, unknown>, message: string) => void errors.push([values, message]);
  const registry = createTools(
    storeOf(catalog),
    {
      log: { error: entry, warn: entry } as never,
      staff: { reserve: () => Promise.resolve(found), leave: () => Promise.resolve() },
      ...(isOff && { isOff }),
    },
    tools,
  );
  let asks = 0;
  const ask = (name: string, args: unknown = {}): Promise<ToolAnswer> =>
    registry.run({
      callSid: 'CA1',
      from: '+15035550199',
      epoch: 7,
      toolCallId: `call_${(asks += 1)}`,
      name,
      arguments: typeof args === 'string' ? args : JSON.stringify(args),
    });
  const answer = async (name: string, args: unknown = {}): Promise<Record<string, unknown>> => {
    const { result, output } = await ask(name, args);
    expect(result).toBe('ok');
    return JSON.parse(output) as Record<string, unknown>;
  };
  return { registry, ask, answer, errors };
}

test('a tool that is switched off says in words that it is not available, and is there again at once', async () => {
  const off = new Set(['get_menu']);
  const { ask, errors } = toolsOf(smallCatalog, undefined, (name) => off.has(name));
  expect(await ask('get_menu')).toMatchObject({
    result: 'refused',
    output: expect.stringMatching(/^Right now the menu is not available\. Say so in a few words, and offer/),
    leave: null,
  });
  expect((await ask('get_store_hours')).result).toBe('ok');
  off.clear();
  expect((await ask('get_menu')).result).toBe('ok');
  expect(errors).toEqual([]);
});

describe('what the model is told', () => {
  const { definitions } = toolsOf().registry;

  test('parity: names, parameter names and which are required', () => {
    expect(
      definitions.map(({ name, parameters }) => [
        name,
        Object.keys(parameters.properties ?? {}),
        parameters.required ?? [],
      ]),
    ).toEqual([
      ['get_menu', ['category'], []],
      ['get_product_details', ['productName'], ['productName']],
      ['get_store_hours', ['day'], []],
      ['get_subscription_info', [], []],
      ['search_knowledge_base', ['query'], ['query']],
      ['transfer_to_staff', ['reason'], []],
      ['leave_voicemail', ['topic'], []],
      ['end_call', ['reason'], []],
      ['speak_language', ['language'], ['language']],
      ['request_callback', ['reason'], []],
    ]);
  });

  test('the whole of it, flat as the Realtime API wants it', () => {
    expect(definitions).toMatchSnapshot();
    for (const definition of definitions)
      expect(Object.keys(definition)).toEqual(['type', 'name', 'description', 'parameters']);
  });
});

describe('get_menu', () => {
  test('all categories with their items and price ranges', async () => {
    expect(await toolsOf().answer('get_menu')).toEqual({
      categories: [
        { category: 'Coffee', items: ['Drip Coffee $2.50', 'Oat Milk Latte $4.50 - $10.00', 'Secret Brew'] },
        { category: 'Food', items: ['Blueberry Muffin $3.50'] },
      ],
    });
  });

  test('one category by slug or as it is said, with descriptions', async () => {
    const { answer } = toolsOf();
    expect(await answer('get_menu', { category: 'food' })).toEqual({
      category: 'Food',
      items: [{ name: 'Blueberry Muffin', price: '$3.50' }],
    });
    expect(await answer('get_menu', { category: 'COFFEES' })).toMatchObject({
      category: 'Coffee',
      items: [
        {},
        { name: 'Oat Milk Latte', price: '$4.50 - $10.00', description: 'Espresso with steamed oat milk.' },
        { price: '' },
      ],
    });
  });

  test('an unknown category: the list of categories', async () => {
    expect(await toolsOf().answer('get_menu', { category: 'sushi' })).toEqual({
      found: false,
      note: 'There is no such category. These are all.',
      categories: ['Coffee', 'Food'],
    });
  });
});

describe('get_product_details', () => {
  test('category, sizes, modifiers, price range and the promotion that speaks of it', async () => {
    expect(await toolsOf().answer('get_product_details', { productName: 'an oat latte please' })).toEqual({
      found: true,
      product: {
        name: 'Oat Milk Latte',
        description: 'Espresso with steamed oat milk.',
        category: 'Coffee',
        priceRange: '$4.50 - $10.00',
        sizes: [
          { name: 'Small', price: '$10.00' },
          { name: 'Medium', price: '$4.50' },
          { name: 'Large', price: '$5.25' },
        ],
        modifiers: [
          { kind: 'milk', name: 'Soy Milk', price: '$0.75 more' },
          { kind: 'milk', name: 'Whole Milk', price: 'free' },
        ],
      },
      promotions: [
        'Pumpkin Weeks, through Monday, November 30: One dollar off every Oat Milk Latte. The code is PUMPKIN26. Terms: One for each customer and day.',
      ],
    });
  });

  test('a sold out promotion is told as such', async () => {
    const { answer } = toolsOf({ ...smallCatalog, promotions: [{ ...pumpkinWeeks, soldOut: true }] });
    const { promotions } = await answer('get_product_details', { productName: 'oat latte' });
    expect(promotions).toEqual([
      'Pumpkin Weeks is sold out and can no longer be had. It was: One dollar off every Oat Milk Latte.',
    ]);
  });

  test('missing description and no sizes: the default words and an empty price range', async () => {
    expect(await toolsOf().answer('get_product_details', { productName: 'secret brew' })).toMatchObject({
      product: { description: 'A delicious coffee selection.', priceRange: '', sizes: [] },
    });
  });

  test('no match: null and suggestions', async () => {
    const { answer } = toolsOf();
    expect(await answer('get_product_details', { productName: 'raspberry muffin' })).toEqual({
      found: false,
      product: null,
      suggestions: ['Blueberry Muffin'],
    });
    expect(await answer('get_product_details', { productName: 'hamburger' })).toEqual({
      found: false,
      product: null,
      suggestions: [],
      categories: ['Coffee', 'Food'],
    });
  });
});

describe('get_store_hours', () => {
  test('all days from Sunday, whether it is open, where it is, and the special days', async () => {
    const hours = await toolsOf().answer('get_store_hours');
    expect(hours).toMatchObject({
      isOpen: true,
      now: "We're open until 18:00 today.",
      store: {
        name: 'Mangy Dog Coffee',
        address: '12 Bark Street, Portland',
        phone: '+15035550100',
        email: 'hello@mangydogcoffee.com',
      },
      specialDays: [{ dayName: 'Friday', date: 'December 25', formattedHours: 'Closed', reason: 'Christmas Day' }],
    });
    expect((hours.week as unknown[]).slice(0, 2)).toEqual([
      { dayName: 'Sunday', formattedHours: 'Closed' },
      { dayName: 'Monday', formattedHours: '07:00 - 18:00' },
    ]);
  });

  test.each([
    ['today', 'Monday', 'November 16', '07:00 - 18:00'],
    ['tomorrow', 'Tuesday', 'November 17', '07:00 - 18:00'],
    ['sUnDaY', 'Sunday', 'November 22', 'Closed'],
    ['December 25', 'Friday', 'December 25', 'Closed'],
    ['Christmas', 'Friday', 'December 25', 'Closed'],
  ])('%s', async (day, dayName, date, formattedHours) => {
    const { days } = await toolsOf().answer('get_store_hours', { day });
    expect(days).toEqual([
      { dayName, date, formattedHours, ...(date === 'December 25' ? { reason: 'Christmas Day' } : {}) },
    ]);
  });

  test('words that name no day: the usual hours, and that it was not understood', async () => {
    expect(await toolsOf().answer('get_store_hours', { day: 'Groundhog Day' })).toMatchObject({
      note: 'No special hours are known for that day. These are the usual ones; ask which date is meant.',
      week: { length: 7 },
    });
  });
});

test('get_subscription_info: plans with price and interval in words', async () => {
  expect(await toolsOf().answer('get_subscription_info')).toEqual({
    plans: [
      { name: 'Taster', price: '$18.50', spokenPrice: '18 dollars and 50 cents every month', description: 'One bag.' },
      { name: 'Pack', price: '$32.00', spokenPrice: '32 dollars every 2 weeks' },
    ],
  });
});

describe('search_knowledge_base', () => {
  test('answers with the titles of the sources, from memory while the database is away', async () => {
    expect(await toolsOf().answer('search_knowledge_base', { query: 'can I bring my dog' })).toEqual({
      found: true,
      answers: [{ source: 'Dogs', category: 'visit', answer: 'Dogs are welcome on the patio and inside.' }],
    });
  });

  test('nothing known: says so', async () => {
    expect(await toolsOf().answer('search_knowledge_base', { query: 'helicopters' })).toMatchObject({
      found: false,
      answers: [],
    });
  });
});

describe('leaving the conversation', () => {
  test.each([
    ['transfer_to_staff', { reason: 'wants a refund' }, { kind: 'transfer', reason: 'wants a refund' }],
    ['transfer_to_staff', {}, { kind: 'transfer', reason: '' }],
    ['leave_voicemail', { topic: 'wedding' }, { kind: 'voicemail', topic: 'wedding' }],
    ['leave_voicemail', {}, { kind: 'voicemail', topic: '' }],
    ['end_call', {}, { kind: 'hangup', reason: '' }],
  ])('%s %j asks for a one-sentence farewell and carries the intent', async (name, args, leave) => {
    const answer = await toolsOf().ask(name, args);
    expect(answer).toMatchObject({ result: 'ok', leave });
    expect(JSON.parse(answer.output)).toMatchObject({
      accepted: true,
      next: expect.stringMatching(/one short sentence/),
    });
  });

  test('without a staff number there is no transfer, but words that offer a voicemail', async () => {
    const { ask } = toolsOf({ ...smallCatalog, staff: [] });
    expect(await ask('transfer_to_staff')).toMatchObject({
      result: 'refused',
      leave: null,
      output: 'No staff member can be reached by telephone. Say so, and offer to take a voicemail.',
    });
  });

  const callbacks = { ...smallCatalog.callbacks, offered: true };
  const asked = (found: StaffFound, catalog: Catalog = { ...smallCatalog, callbacks }) =>
    toolsOf(catalog, undefined, undefined, found).ask('transfer_to_staff', { reason: 'a refund' });

  test('somebody is free: the call leaves for the one who is kept for it', async () => {
    const ring = { number: '+15035550111', hold: '1', ringS: 25, isWarm: true };
    expect(await asked({ kind: 'ring', ring })).toMatchObject({
      result: 'ok',
      leave: { kind: 'transfer', reason: 'a refund', to: '+15035550111' },
      output: expect.stringContaining('putting the caller through'),
    });
  });

  test('it is not known whether anybody is free: the caller is promised no more than a try', async () => {
    const { leave, output } = await asked({ kind: 'away' });
    expect(leave).toEqual({ kind: 'transfer', reason: 'a refund' });
    expect(output).toContain('will try to reach');
    expect(output).not.toContain('through');
  });

  test('everybody is on a call: it is said before anybody is rung, with the place and the choices', async () => {
    const { result, leave, output } = await asked({ kind: 'busy', place: 3 });
    expect([result, leave]).toEqual(['ok', null]);
    expect(JSON.parse(output)).toEqual({
      accepted: false,
      why: 'Every staff member is on another call. The caller is in line now.',
      placeInLine: 3,
      choices: [
        'keep talking with you; the call is put through by itself when the turn comes',
        'leave a voicemail',
        'be called back within 2 hours',
      ],
      next: 'Say so, and the place in line. Ask which of the choices the caller would like.',
    });
  });

  test('and so many wait already: no place, and no call back where none is offered', async () => {
    const { output } = await asked({ kind: 'busy', place: 0 }, smallCatalog);
    expect(JSON.parse(output)).toMatchObject({ accepted: false, choices: ['leave a voicemail'] });
    expect(output).not.toContain('placeInLine');
  });

  test('nobody is there at this hour: it says when somebody is', async () => {
    const late = { ...smallCatalog, staff: [{ ...person, hours: evening }] };
    const { leave, output } = await asked({ kind: 'closed' }, late);
    expect(leave).toBeNull();
    expect(JSON.parse(output)).toMatchObject({
      accepted: false,
      why: 'No staff member takes calls at this hour.',
      staffIsBackAt: '16:00 tomorrow',
    });
  });

  test('a call back is promised as it is configured, to a number that can be called', async () => {
    const { ask, registry } = toolsOf({ ...smallCatalog, callbacks });
    expect(await ask('request_callback', { reason: 'a cake' })).toMatchObject({
      result: 'ok',
      leave: null,
      callback: 'a cake',
      output: expect.stringContaining('"calledBack":"within 2 hours"'),
    });
    const hidden = { callSid: 'CA1', from: 'anonymous', epoch: 1, toolCallId: 'h', arguments: '{}' };
    expect(await registry.run({ ...hidden, name: 'request_callback' })).toMatchObject({ result: 'refused' });
    const none = await toolsOf().ask('request_callback');
    expect(none).toMatchObject({ result: 'refused', output: expect.stringMatching(/^Nobody is called back\./) });
    expect(none).not.toHaveProperty('callback');
  });

  test('what cannot be stored is taken out of the words', async () => {
    const { leave } = await toolsOf().ask('leave_voicemail', '{"topic":" a\\u0000b \\ud800 c\\n"}');
    expect(leave).toEqual({ kind: 'voicemail', topic: 'a b \uFFFD c' });
  });
});

describe('a store whose data was never read', () => {
  test.each([
    ['get_menu', {}],
    ['get_product_details', { productName: 'latte' }],
    ['get_store_hours', {}],
    ['get_subscription_info', {}],
    ['search_knowledge_base', { query: 'parking' }],
  ])('%s says that it is not available, nothing else', async (name, args) => {
    const { ask, errors } = toolsOf(emptyCatalog);
    const { result, output, leave } = await ask(name, args);
    expect([result, leave]).toEqual(['failed', null]);
    expect(output).toMatch(/^Right now .* is not available\. Say so in a few words/);
    expect(errors).toEqual([]);
  });
});

describe('one run for each ask', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function counting(run: (count: number) => Promise<{ answer: Record<string, unknown> }>) {
    let count = 0;
    return defineTool({
      name: 'count',
      description: '',
      parameters: z.object({}),
      subject: 'counting',
      writes: false,
      deadlineMs: 1_000,
      run: () => run((count += 1)),
    });
  }
  const asked = (toolCallId: string, callSid = 'CA1') => ({
    callSid,
    from: '',
    epoch: 1,
    toolCallId,
    name: 'count',
    arguments: '{}',
  });

  test('an ask that comes twice, at once or later, has one run and the same answer', async () => {
    const { registry } = toolsOf(smallCatalog, [counting((count) => Promise.resolve({ answer: { count } }))]);
    const [first, second] = await Promise.all([registry.run(asked('a')), registry.run(asked('a'))]);
    expect(first?.output).toBe('{"count":1}');
    expect(second).toEqual(first);
    expect(await registry.run({ ...asked('a'), epoch: 2, arguments: '{"other":1}' })).toEqual(first);
    expect((await registry.run(asked('b'))).output).toBe('{"count":2}');
    expect((await registry.run(asked('a', 'CA2'))).output).toBe('{"count":3}');
  });

  test('what is remembered is bounded', async () => {
    const { registry } = toolsOf(smallCatalog, [counting((count) => Promise.resolve({ answer: { count } }))]);
    for (let id = 0; id <= 2_000; id += 1) await registry.run(asked(String(id)));
    expect((await registry.run(asked('2000'))).output).toBe('{"count":2001}');
    expect((await registry.run(asked('0'))).output).toBe('{"count":2002}');
  });

  test('row 15: words at the deadline, and the late answer is dropped', async () => {
    const slow = Promise.withResolvers<{ answer: Record<string, unknown> }>();
    const { registry, errors } = toolsOf(smallCatalog, [counting(() => slow.promise)]);
    const answer = registry.run(asked('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    slow.resolve({ answer: { late: true } });
    expect(await answer).toMatchObject({
      result: 'late',
      leave: null,
      output: expect.stringMatching(/^Right now counting is not available/),
    });
    expect(errors).toEqual([[{ callSid: 'CA1', epoch: 1, tool: 'count', deadlineMs: 1_000 }, 'tool late']]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('SELECT failed at /srv/secret.ts:1'))],
    [
      'throws',
      () => {
        throw new TypeError('x is not a function');
      },
    ],
  ])('a tool that %s: words for the model, the error in the log alone', async (_, run) => {
    const { registry, errors } = toolsOf(smallCatalog, [counting(run)]);
    const { result, output } = await registry.run(asked('a'));
    expect(result).toBe('failed');
    expect(output).toBe(
      'Right now counting is not available. Say so in a few words, and offer to put the caller through to staff or to take a voicemail.',
    );
    expect(errors.map(([, message]) => message)).toEqual(['tool failed']);
  });

  test('an answer that is too long is shortened and says so', async () => {
    const rows = Array.from({ length: 1_000 }, (_, row) => ({ row, text: 'ä'.repeat(30) }));
    const { registry } = toolsOf(smallCatalog, [counting(() => Promise.resolve({ answer: { rows } }))]);
    const { output } = await registry.run(asked('a'));
    const shortened = JSON.parse(output) as { shortened: string; rows: unknown[] };
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(4_096);
    expect(shortened.shortened).toMatch(/parts of it are left out/);
    expect(shortened.rows).toEqual(rows.slice(0, shortened.rows.length));
    expect(shortened.rows.length).toBeGreaterThan(10);
  });
});

describe('shortened answers', () => {
  test('what fits is left as it is', () => {
    expect(fitJson({ a: ['b'] }, 100)).toBe('{"a":["b"]}');
  });

  test('a long text is cut before the list around it', () => {
    const cut = JSON.parse(
      fitJson(
        {
          answers: [
            { source: 'A', text: 'x'.repeat(9_000) },
            { source: 'B', text: 'short' },
          ],
        },
        1_000,
      ),
    ) as {
      answers: { source: string; text: string }[];
    };
    expect(cut.answers.map(({ source }) => source)).toEqual(['A', 'B']);
    expect(cut.answers[0]?.text).toMatch(/^x+ …$/);
  });

  test('what cannot be shortened is left out', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, key) => [`key${key}`, key]));
    expect(JSON.parse(fitJson(many, 1_000))).toEqual({
      shortened: 'The answer is too long to be given. Ask for something more specific.',
    });
  });
});

test('speak_language: what the store offers, by any name; the call is told which', async () => {
  const { ask, errors } = toolsOf({ ...smallCatalog, languages: ['en', 'es'] });
  expect(await ask('speak_language', { language: 'castellano o español' })).toMatchObject({
    result: 'ok',
    language: 'es',
    leave: null,
  });
  const refused = await ask('speak_language', { language: 'German' });
  expect([refused.result, refused.language, refused.output]).toEqual([
    'refused',
    undefined,
    'Only English, Spanish can be spoken here. Say so in one short sentence, and offer staff or a voicemail.',
  ]);
  expect(errors).toEqual([]);
});
