import { afterEach, expect, test } from 'vitest';
import type { ServerResponse } from 'node:http';
import type { LoadSummary } from '../../../load-tests/lib/summary.ts';
import type { Callers } from './callers/callers.ts';
import { type BadService, badService, callersAt, connectTwiml, hangUpTwiml, waitTwiml } from './load.fixture.ts';
import { linesOf } from './report.ts';

let service: BadService | null = null;
let callers: Callers | null = null;
afterEach(async () => {
  callers?.close();
  await service?.close();
});

const calls = 5;
const xml = (response: ServerResponse, body: string): void =>
  void response.writeHead(200, { 'content-type': 'text/xml' }).end(body);

/** Calls that end by themselves; what is known of them. */
async function runAll(party: Callers): Promise<LoadSummary> {
  callers = party;
  const all = await party.dialAll(calls, 500);
  await Promise.all(all.map(({ done }) => done));
  expect(party.size).toBe(0);
  return party.summary('test');
}

test('nobody answers: every call is counted, and its callback too', async () => {
  const closed = await badService(() => undefined);
  await closed.close();
  const { calls: counted, counters } = await runAll(callersAt(closed.port));
  expect(counted).toMatchObject({ started: calls, answered: 0, completed: 0, failed: { webhook_unreachable: calls } });
  expect(counters['aida_callbacks_failed']).toBe(calls);
});

test('an answer that says no, and one that is no document', async () => {
  service = await badService((_request, response) => void response.writeHead(503).end());
  expect((await runAll(callersAt(service.port))).calls.failed).toEqual({ webhook_status: calls });
  await service.close();
  service = await badService((_request, response) => xml(response, '<Response><Connect>'));
  expect((await runAll(callersAt(service.port))).calls.failed).toEqual({ webhook_twiml: calls });
});

test('a call that is ended by its first document was refused, not failed', async () => {
  service = await badService((_request, response) => xml(response, hangUpTwiml));
  const { calls: counted } = await runAll(callersAt(service.port));
  expect(counted).toMatchObject({ started: calls, refused: calls, failed: {}, completed: 0 });
});

test('a document that asks for itself again and again is a loop', async () => {
  const again = '<Response><Redirect>https://aida.example.com/voice</Redirect></Response>';
  service = await badService((_request, response) => xml(response, again));
  expect((await runAll(callersAt(service.port))).calls.failed).toEqual({ webhook_loop: calls });
});

test('who waits is counted, and leaves when patience ends', async () => {
  service = await badService((_request, response) => xml(response, waitTwiml));
  const { calls: counted, counters } = await runAll(callersAt(service.port, { patienceMs: 500 }));
  expect(counted).toMatchObject({ started: calls, waited: calls, failed: {} });
  expect(counters['aida_left']).toBe(calls);
});

test('an upgrade that is refused, one that is never answered, and a stream that breaks', async () => {
  service = await badService((_request, response) => xml(response, connectTwiml));
  expect((await runAll(callersAt(service.port))).calls.failed).toEqual({ stream_refused: calls });
  await service.close();
  const answers = [connectTwiml, hangUpTwiml];
  const next = (url: string | undefined): string => (url === '/voice' ? answers[0] : answers[1]) ?? '';
  service = await badService(
    (request, response) => xml(response, next(request.url)),
    (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.once('data', () => socket.destroy());
    },
  );
  const broken = await runAll(callersAt(service.port));
  expect(broken.calls).toMatchObject({ answered: calls, completed: 0, failed: { stream_broken: calls } });
});

test('a service that ends the talk and hangs up cuts everybody off', async () => {
  service = await badService(
    (request, response) => xml(response, request.url === '/voice' ? connectTwiml : hangUpTwiml),
    (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.once('data', () => socket.write(Buffer.from([0x88, 2, 0x03, 0xe8])));
    },
  );
  const { calls: counted } = await runAll(callersAt(service.port));
  expect(counted).toMatchObject({ answered: calls, hungUpByUs: calls, completed: 0, failed: { cut_off: calls } });
});

test('an upgrade that hangs is given up', async () => {
  service = await badService(
    (request, response) => xml(response, request.url === '/voice' ? connectTwiml : hangUpTwiml),
    () => undefined,
  );
  const party = callersAt(service.port, { connectMsMax: 200 });
  expect((await runAll(party)).calls.failed).toEqual({ stream_unreachable: calls });
});

test('a service that says nothing on the line, and one that breaks the carrier’s rules', async () => {
  const wrong = '{"event":"media","extra":1}';
  let streams = 0;
  service = await badService(
    (request, response) => xml(response, request.url === '/voice' ? connectTwiml : hangUpTwiml),
    (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      streams += 1;
      if (streams === 1) socket.write(Buffer.concat([Buffer.from([0x81, wrong.length]), Buffer.from(wrong)]));
    },
  );
  const party = callersAt(service.port, { firstWordMsMax: 200 });
  callers = party;
  await party.dialAll(calls, 500);
  await expect.poll(() => party.recorder.failed).toBe(calls);
  await party.hangUpAll(0, 10_000);
  const summary = party.summary('test');
  expect(summary.calls.failed).toEqual({ no_first_word: calls - 1, stream_protocol: 1 });
  expect(summary.calls).toMatchObject({ answered: calls, completed: 0 });
  expect(party.complaints[0]).toMatch(/31951|missing or extra|wrong streamSid/);
  const told = linesOf(summary).find((line) => line.startsWith('aida_dead_air'));
  expect(told).toMatch(/^aida_dead_air p50 \d+ ms of 5$/);
});

test('a run whose service never answers ends at its bound', async () => {
  service = await badService(() => undefined);
  const party = callersAt(service.port);
  callers = party;
  await party.dialAll(calls, 500);
  await party.hangUpAll(0, 100);
  expect(party.summary('test').calls.failed).toEqual({ overdue: calls });
  await expect.poll(() => party.size).toBe(0);
});
