import { afterEach, expect, test } from 'vitest';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startFakeModel, type FakeModel, type FakeModelOptions } from './index.ts';
import { connectLine, TestClient, type Body } from './test-client.ts';

const FAST: FakeModelOptions = { charsPerSecond: 50, speed: 100, firstDeltaMs: 5, transcriptionMs: 40 };
const open: FakeModel[] = [];

async function start(options: FakeModelOptions = {}): Promise<FakeModel> {
  const model = await startFakeModel({ ...FAST, ...options });
  open.push(model);
  return model;
}

afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

async function closeOf(line: TestClient): Promise<unknown> {
  await line.waitFor(() => line.closed !== null, 'close');
  return line.closed;
}

test.each([
  ['rate_limit_exceeded', 'rate_limit_exceeded'],
  ['insufficient_quota', 'insufficient_quota'],
  ['server_error', 'server_error'],
] as const)('a response fails with %s, the next one does not', async (code, type) => {
  const model = await start({ onSession: (session) => session.failNext(code) });
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  const failed = (await line.next('response.done'))['response'] as Body;
  expect([failed['status'], failed['output']]).toEqual(['failed', []]);
  expect(failed['status_details']).toMatchObject({ type: 'failed', error: { type, code } });
  expect(line.all('error')).toEqual([]);
  line.send({ type: 'response.create' });
  expect((await line.next('response.done'))['response']).toMatchObject({ status: 'completed' });
  expect(model.sessions[0]!.responses.map((response) => response.reason)).toEqual([code, null]);
});

test('a socket that dies in the middle of an answer is a 1006 after part of the words', async () => {
  const script = () => [{ say: 'one two three four five six seven', fault: { kind: 'die', atMs: 200 } }] as const;
  const model = await start({ script, deltaBytes: 801 });
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  expect(await closeOf(line)).toEqual({ code: 1006, reason: '' });
  expect([line.lastHeard, line.ear.spans[0]?.ended]).toEqual(['one two th', false]);
  expect(line.all('response.done')).toEqual([]);
  expect(model.complaints).toEqual([]);
});

test('a session that goes away or expires says so', async () => {
  const model = await start();
  const leaving = await connectLine(model);
  model.sessions[0]!.break('goAway');
  expect(await closeOf(leaving)).toEqual({ code: 1001, reason: 'going away' });
  const expired = await connectLine(model);
  model.sessions[1]!.break('expire');
  expect(((await expired.next('error'))['error'] as Body)['code']).toBe('session_expired');
  expect(await closeOf(expired)).toEqual({ code: 1001, reason: 'session_expired' });
  expect(model.complaints).toEqual([]);
});

test('a session expires by itself at the end of its life', async () => {
  const model = await start({ sessionSeconds: 0.3 });
  const line = await connectLine(model);
  expect(await closeOf(line)).toEqual({ code: 1001, reason: 'session_expired' });
});

test('a frozen socket stays open, reads and writes nothing, and may thaw', async () => {
  const model = await start();
  const line = await connectLine(model);
  const session = model.sessions[0]!;
  session.break('freeze');
  const before = line.events.length;
  line.send({ type: 'response.create' });
  const other = await connectLine(model);
  other.send({ type: 'response.create' });
  await other.next('response.done');
  expect([line.events.length, line.closed, session.received['response.create']]).toEqual([before, null, undefined]);
  session.thaw();
  await line.next('response.done');
  expect(session.received['response.create']).toBe(1);
});

test('an update refused on demand leaves the session as it was', async () => {
  const model = await start({ onSession: (session) => session.refuseNextUpdate() });
  await expect(
    Promise.race([connectLine(model), model.waitFor((each) => each.sessions[0]?.errors.length === 1, 5000)]),
  ).resolves.toBe(undefined);
  expect(model.sessions[0]!.configuration.audio.input.format).toEqual({ type: 'audio/pcm', rate: 24_000 });
  expect(model.complaints).toEqual([]);
});

test('a connection that is left hanging neither opens nor fails until the model closes', async () => {
  const model = await start();
  model.door = 'hang';
  const hanging = new TestClient(`${model.url}?model=gpt-realtime-2.1`);
  await model.waitFor((each) => each.hanging === 1, 5000);
  model.door = 'open';
  await connectLine(model);
  expect(hanging.events).toEqual([]);
  await model.close();
  open.length = 0;
  expect(await closeOf(hanging)).toMatchObject({ code: 1006 });
});

test('what a test tolerates is no complaint, and waiting has a bound', async () => {
  const model = await start({ tolerates: (complaint) => complaint.startsWith('invalid_event') });
  const line = await connectLine(model);
  line.sendRaw('nonsense');
  await line.next('error');
  expect(model.complaints).toEqual([]);
  const session = model.sessions[0]!;
  await expect(session.waitFor(() => false, 20, 'never')).rejects.toThrow('not within 20 ms: session 0: never');
});

test('a call left without an output is complained about at the end', async () => {
  const model = await start({ unansweredMs: 0, script: () => [{ call: 'get_menu', arguments: {} }] });
  const line = await connectLine(model);
  line.send({ type: 'response.create' });
  const done = (await line.next('response.done'))['response'] as { output: Body[] };
  line.close();
  await model.waitFor((each) => each.sessions[0]?.open === false, 5000);
  expect(model.complaints).toEqual([`session 0: ${String(done.output[0]!['call_id'])} was never answered`]);
});

test('it runs as a process of its own: its address at the start, its complaints at the end', async () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const args = [...process.execArgv, main, '--speed', '500', '--chars-per-second', '200'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const printed: unknown[] = [];
  lines.on('line', (text) => printed.push(JSON.parse(text)));
  await once(lines, 'line');
  const { url } = printed[0] as { url: string };
  const line = new TestClient(`${url}?model=gpt-realtime-2.1`);
  await line.next('session.created');
  line.sendRaw('nonsense');
  await line.next('error');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect([code, printed[1]]).toEqual([
    0,
    { complaints: ['session 0: invalid_event: Events are JSON objects in text frames.'], sessions: 1 },
  ]);
});
