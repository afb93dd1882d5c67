import { afterEach, expect, test } from 'vitest';
import { startFakeModel, type FakeModel, type FakeModelOptions } from './index.ts';
import { connectLine, type Body, type TestClient } from './test-client.ts';

const FAST: FakeModelOptions = { charsPerSecond: 100, speed: 200, firstDeltaMs: 5, transcriptionMs: 40 };
const open: FakeModel[] = [];

async function start(options: FakeModelOptions = {}): Promise<FakeModel> {
  const model = await startFakeModel({ ...FAST, ...options });
  open.push(model);
  return model;
}

afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

function callsOf(done: Body): string[] {
  const output = (done['response'] as { output: Body[] }).output;
  return output
    .filter((item) => item['type'] === 'function_call')
    .map((item) => `${String(item['name'])} ${String(item['arguments'])}`);
}

function callIdsOf(done: Body): unknown[] {
  const output = (done['response'] as { output: Body[] }).output;
  return output.filter((item) => item['type'] === 'function_call').map((item) => item['call_id']);
}

test('words go round: caller speaks, the model hears them, calls a tool, and speaks what it brought', async () => {
  const model = await start();
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  await line.next('response.done');
  expect(line.lastHeard).toBe('Hello, Mangy Dog Coffee.');

  const asked = await line.ask('What are your hours on Sunday?');
  const session = model.sessions[0]!;
  expect(session.heard.map((turn) => turn.text)).toEqual(['What are your hours on Sunday?']);
  expect(callsOf(asked)).toEqual(['get_store_hours {"day":"sunday"}']);

  const hours = { hours: [{ dayName: 'Sunday', formattedHours: '08:00 - 17:00' }] };
  line.output(callIdsOf(asked)[0], JSON.stringify(hours));
  line.send({ type: 'response.create' });
  await line.next('response.done');
  expect(line.lastHeard).toBe('Our hours: Sunday 08:00 - 17:00');
  expect(session.toolOutputs.map((output) => output.name)).toEqual(['get_store_hours']);
  expect([line.ear.intact, line.ear.spans.length]).toEqual([true, 2]);
  expect(model.complaints).toEqual([]);
  const transcript = line.all('response.output_audio_transcript.done').map((event) => event['transcript']);
  expect(transcript).toEqual(line.ear.spans.map((span) => span.text));
});

const INSTRUCTIONS = 'Be kind.\nCurrent promotion: Puppuccino Week, 20% off every latte until Sunday.\n';

test.each([
  ['Which day do you open early, Monday or not?', ['get_store_hours {"day":"monday"}']],
  ['Where are you?', ['get_store_hours {}']],
  ['What is on the food menu?', ['get_menu {"category":"food"}']],
  ['How much is an oat latte?', ['get_product_details {"productName":"oat latte"}']],
  ['Tell me about your cold brew please', ['get_product_details {"productName":"cold brew"}']],
  ['Do you have a subscription?', ['get_subscription_info {}']],
  ['Can I bring my dog', ['search_knowledge_base {"query":"can i bring my dog"}']],
  ['What is your refund policy?', ['search_knowledge_base {"query":"what is your refund policy?"}']],
  [
    'When do you close today and how much is a mocha?',
    ['get_store_hours {"day":"today"}', 'get_product_details {"productName":"mocha"}'],
  ],
  ['Let me talk to a real person', ['transfer_to_staff {"reason":"let me talk to a real person"}']],
  ['I want to leave a message', ['leave_voicemail {"topic":"i want to leave a message"}']],
  ['Thanks, that is all. Goodbye', ['end_call {}']],
  ['Is there a promotion?', []],
  ['Purple umbrella seventeen', []],
])('%s → %j', async (words, calls) => {
  const model = await start();
  const line = await connectLine(model, { instructions: INSTRUCTIONS });
  const done = await line.ask(words);
  expect(callsOf(done)).toEqual(calls);
});

test('what no rule knows is repeated; a promotion is told from the instructions; farewell and call share a response', async () => {
  const model = await start();
  const line = await connectLine(model, { instructions: INSTRUCTIONS });
  await line.ask('Purple umbrella seventeen');
  expect(line.lastHeard).toBe('You said: Purple umbrella seventeen');
  await line.ask('Any specials this week?');
  expect(line.lastHeard).toBe('Current promotion: Puppuccino Week, 20% off every latte until Sunday.');
  const done = await line.ask('Bye bye');
  expect(line.lastHeard).toBe('Thank you for calling. Goodbye.');
  const types = (done['response'] as { output: Body[] }).output.map((item) => item['type']);
  expect(types).toEqual(['message', 'function_call']);
});

test('a tool that is not offered is not called', async () => {
  const model = await start();
  const line = await connectLine(model, { tools: [] });
  expect(callsOf(await line.ask('What are your hours?'))).toEqual([]);
  expect(line.lastHeard).toBe('You said: What are your hours?');
});

test('each call is reported twice, two calls come in one response, and one create answers both', async () => {
  const model = await start();
  const line = await connectLine(model);
  const done = await line.ask('When do you close today and how much is a mocha?');
  const ids = callIdsOf(done);
  expect(line.all('response.function_call_arguments.done').map((event) => event['call_id'])).toEqual(ids);
  const items = line.all('response.output_item.done').map((event) => (event['item'] as Body)['call_id']);
  expect(items).toEqual(ids);
  line.output(ids[0], '"We close at six."');
  line.output(ids[1], JSON.stringify({ product: { name: 'Mocha', priceRange: '$4.50 - $5.50' } }));
  line.send({ type: 'response.create' });
  await line.next('response.done');
  expect(line.lastHeard).toBe('We close at six. Here it is: Mocha $4.50 - $5.50');
  expect(model.complaints).toEqual([]);
});

test('a seeded conversation is remembered: what was asked, and where it broke off', async () => {
  const model = await start();
  const line = await connectLine(model);
  const user = { type: 'input_text', text: 'Do you sell gift cards?' };
  const said = { type: 'output_text', text: 'Yes, from ten dollars.' };
  line.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [user] } });
  await line.next('conversation.item.done');
  line.send({ type: 'conversation.item.create', item: { type: 'message', role: 'assistant', content: [said] } });
  await line.next('conversation.item.done');
  line.send({ type: 'response.create' });
  await line.next('response.done');
  expect(line.lastHeard).toBe('As I was saying. You asked me: Do you sell gift cards?');
  await line.ask('What did I ask you?');
  expect(line.lastHeard).toBe('You asked me: Do you sell gift cards?');
  line.send({ type: 'response.create', response: { instructions: 'Say exactly: "Sorry about that, I am back."' } });
  await line.next('response.done');
  expect(line.lastHeard).toBe('Sorry about that, I am back.');
});

async function tell(line: TestClient, role: string, type: string, text: string): Promise<void> {
  line.send({ type: 'conversation.item.create', item: { type: 'message', role, content: [{ type, text }] } });
  await line.next('conversation.item.done');
}

test('a system item opens the conversation: words in quotes, a subject to come back to, or an apology and the answer', async () => {
  const model = await start();
  const line = await connectLine(model);
  const respond = async (): Promise<string[]> => {
    const before = line.ear.spans.length;
    line.send({ type: 'response.create' });
    await line.next('response.done');
    return line.ear.spans.slice(before).map((span) => span.text);
  };
  await tell(line, 'system', 'input_text', 'The caller is on the line. Say exactly: "Mangy Dog Coffee, this is Aida!"');
  expect(await respond()).toEqual(['Mangy Dog Coffee, this is Aida!']);
  await tell(line, 'user', 'input_text', 'Do you have oat milk?');
  await tell(line, 'assistant', 'output_text', 'Yes, we');
  await tell(
    line,
    'system',
    'input_text',
    'Say "Sorry about that, as I was saying," and go on where your last words stopped.',
  );
  expect(await respond()).toEqual(['Sorry about that, as I was saying, You asked me: Do you have oat milk?']);
  await tell(line, 'user', 'input_text', 'Purple umbrella');
  await tell(line, 'system', 'input_text', 'Say that you are sorry, then answer what the caller said last.');
  expect(await respond()).toEqual(['I am sorry about that.', 'You said: Purple umbrella']);
});

test('a promotion is read from its section, and none is said to be none', async () => {
  const model = await start();
  const section = '# What you say\n- Offer staff 24 hours.\n\n# Promotions running now\n- ';
  const told = await connectLine(model, { instructions: `${section}Pumpkin Weeks: one dollar off.\n- Mention it.` });
  await told.ask('Is there any discount');
  expect(told.lastHeard).toBe('Pumpkin Weeks: one dollar off.');
  const none = await connectLine(model, { instructions: `${section}None. If asked, say so.` });
  await none.ask('Is there any discount');
  expect(none.lastHeard).toBe('There is no promotion at the moment.');
});

test('a script decides before the rules, per turn', async () => {
  const model = await start({
    script: (turn) => (turn.heard === 'blue' ? [{ say: 'Blue it is.' }, { say: 'Truly.' }] : null),
  });
  const line = await connectLine(model);
  await line.ask('blue');
  expect(line.ear.spans.map((span) => span.text)).toEqual(['Blue it is.', 'Truly.']);
  await line.ask('red');
  expect(line.lastHeard).toBe('You said: red');
});

test('deltas have every kind of length', async () => {
  const model = await start({ charsPerSecond: 16 });
  const line = await connectLine(model, { instructions: `Greeting: ${'Coffee for everyone. '.repeat(12)}` });
  line.send({ type: 'response.create' });
  await line.next('response.done');
  const inner = line.deltaLengths.slice(0, -1);
  expect(inner.length).toBeGreaterThan(10);
  expect(inner.filter((length) => length % 160 === 0 || length % 8 === 0)).toEqual([]);
  expect(new Set(inner.map((length) => length % 480)).size).toBeGreaterThan(8);
  expect(line.ear.intact).toBe(true);
});

test('frames lost, doubled or swapped on the way in are complained about', async () => {
  const model = await start();
  const { encodeUtterance, silence } = await import('../voice/index.ts');
  const spoken = encodeUtterance('seven words are said on this line', {
    utterance: 3,
    speaker: 'caller',
    charsPerSecond: 60,
  });
  const line = await connectLine(model);
  for (const [index, frame] of spoken.entries()) if (index !== 4) line.append(frame);
  line.appendAll(silence(500));
  await line.next('response.done');
  expect(model.complaints).toEqual([
    'session 0: audio: caller utterance 3, up to frame 5: 1 missing, 0 repeated, 0 out of order, 0 corrupt, 0 cut',
  ]);
});

test('a hundred sessions at once each hear and say their own words', async () => {
  const model = await start({ speed: 20, charsPerSecond: 60 });
  const lines = await Promise.all(Array.from({ length: 100 }, () => connectLine(model)));
  lines.forEach((line, index) => line.speak(`my number is ${index}`));
  await Promise.all(lines.map((line) => line.next('response.done')));
  expect(lines.map((line) => line.lastHeard)).toEqual(lines.map((_, index) => `You said: my number is ${index}`));
  expect(lines.every((line) => line.ear.intact)).toBe(true);
  for (const line of lines) line.close();
  await model.waitFor((each) => each.sessions.every((session) => !session.open), 5000);
  expect(model.complaints).toEqual([]);
});
