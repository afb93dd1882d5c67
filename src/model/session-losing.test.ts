import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendOf } from './append.ts';
import { call, done, Line } from './session.fixture.ts';

let line: Line;

beforeEach(async () => {
  line = await Line.open();
});

afterEach(() => line.close());

describe('losing the session', () => {
  const failed = (id: string, code: string) =>
    done(id, { status: 'failed', status_details: { type: 'failed', error: { type: 'x', code, message: '' } } });

  test.each([
    ['server_error', false],
    ['rate_limit_exceeded', true],
  ])('%s: one more try, then it is lost', async (code, fatal) => {
    const made = await line.live();
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } }, failed('resp_1', code));
    expect((await line.tell('responseEnded', 2))[1]).toMatchObject({ status: 'failed', errorCode: code });
    line.now = 999;
    made.tick(line.now);
    await line.settled();
    expect(line.stub.types.filter((type) => type === 'response.create')).toHaveLength(1);
    made.tick(1000);
    await line.stub.event('response.create', 2);
    line.stub.send({ type: 'response.created', response: { id: 'resp_2' } }, failed('resp_2', code));
    expect(await line.tell('lost')).toEqual(['lost', code, fatal]);
  });

  test.each(['insufficient_quota', 'credit_balance_exhausted'])('%s is fatal at once', async (code) => {
    await line.live();
    line.stub.send({ type: 'response.created', response: { id: 'resp_1' } }, failed('resp_1', code));
    expect(await line.tell('lost')).toEqual(['lost', code, true]);
  });

  test('session_expired ends the session, not the call', async () => {
    await line.live();
    line.stub.send({ type: 'error', error: { type: 'invalid_request_error', code: 'session_expired', message: '' } });
    expect(await line.tell('lost')).toEqual(['lost', 'session_expired', false]);
  });

  test.each([
    [1001, '', 'closed_1001', false],
    [1011, '', 'closed_1011', false],
    [1000, '', 'closed_1000', true],
    [3000, 'invalid_request_error.invalid_api_key', 'invalid_api_key', true],
    [4004, 'invalid_request_error.model_not_found', 'model_not_found', true],
  ])('close %i %s', async (code, reason, told, fatal) => {
    await line.live();
    line.stub.socket?.close(code, reason);
    expect(await line.tell('lost')).toEqual(['lost', told, fatal]);
  });

  test('cut without a word', async () => {
    await line.live();
    line.stub.socket?.terminate();
    expect(await line.tell('lost')).toEqual(['lost', 'closed_1006', false]);
  });

  test('half open: neither event nor pong for six and a half seconds', async () => {
    const made = await line.live();
    made.tick(0);
    const pings: number[] = [];
    line.stub.socket?.on('ping', () => pings.push(line.now));
    line.stub.socket?.pause();
    for (line.now = 250; line.now < 6500; line.now += 250) made.tick(line.now);
    expect(line.told.some(([name]) => name === 'lost')).toBe(false);
    made.tick(6500);
    expect(line.told.at(-1)).toEqual(['lost', 'half_open', false]);
  });

  test.each([
    ['is asked for and never begins', []],
    ['begins and never goes on', [{ type: 'response.created', response: { id: 'resp_1' } }]],
  ])('a response that %s loses the session, though its socket lives', async (_, events) => {
    const made = await line.live();
    line.stub.send({ type: 'response.created', response: { id: 'resp_t' } }, call('resp_t', 'call_1'), done('resp_t'));
    await line.tell('responseEnded', 2);
    made.deliver('call_1', '"x"', true);
    await line.stub.event('response.create', 2);
    line.stub.send(...events);
    for (line.now = 0; line.now < 8_000; line.now += 250) {
      await line.settled();
      made.tick(line.now);
    }
    expect(made.live).toBe(true);
    made.tick(8_000);
    expect(line.told.at(-1)).toEqual(['lost', 'response_stalled', false]);
  });

  test('a quiet server that answers pings lives', async () => {
    const made = await line.live();
    made.tick(0);
    line.now = 2500;
    made.tick(line.now);
    await new Promise((resolve) => line.stub.socket?.once('ping', resolve));
    await line.settled();
    line.now = 5000;
    made.tick(line.now);
    line.now = 7000;
    made.tick(line.now);
    expect(made.live).toBe(true);
  });

  test('nothing is told after close, and every use after it is harmless', async () => {
    const made = await line.live();
    const before = line.told.length;
    made.close();
    made.append(Buffer.from(appendOf('AAAA')), 0, 51);
    made.deliver('a', 'b', true);
    made.truncate('a', 1);
    made.interrupt();
    made.begin('greeting', []);
    made.tick(99_999);
    await line.stub.until(() => line.stub.socket?.readyState === 3);
    expect(line.told).toHaveLength(before);
  });
});
