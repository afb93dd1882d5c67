import { expect, it } from 'vitest';
import { createLog, logOf } from './log.ts';
import { traceOf } from './trace-ids.ts';

function logging(secrets: string[] = []) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('info', {
    secrets,
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { log, lines };
}

it('writes level, time, attributes and a constant message', () => {
  const { log, lines } = logging();
  log.info({ callSid: 'CA1', durationMs: 12 }, 'call ended');
  log.debug('not at this level');
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      callSid: 'CA1',
      durationMs: 12,
      traceId: traceOf('CA1').traceId,
      msg: 'call ended',
    },
  ]);
});

it('says in every line which node it is', () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  createLog('info', { nodeId: 'box-1', destination }).info('call ended');
  expect(lines).toMatchObject([{ node: 'box-1', msg: 'call ended' }]);
});

it('never writes what stands under caller, in children neither', () => {
  const { log, lines } = logging();
  log.child({ callSid: 'CA1' }).warn({ caller: { from: '+15551234567', said: 'my name is Jo' } }, 'frame ignored');
  log.info({ callSid: 'CA1', caller: '+15551234567' }, 'frame ignored');
  expect(lines).toMatchObject([
    { caller: { from: '[redacted]', said: '[redacted]' }, callSid: 'CA1' },
    { caller: '[redacted]', callSid: 'CA1' },
  ]);
});

it('writes the trace of a call with its CallSid, and none without', () => {
  const { log, lines } = logging();
  const { traceId } = traceOf('CA1');
  log.info({ callSid: 'CA1' }, 'call ended');
  log.info({ callSid: null }, 'call ended');
  expect(lines.map((line) => line.traceId)).toEqual([traceId, undefined]);
});

it('says of each line whose it is in the log of one call, at the level of the whole', () => {
  const { log, lines } = logging();
  const one = logOf(log, 'CA1');
  one.warn({ code: 'x' }, 'response failed');
  one.info('fine');
  one.debug('not at this level');
  log.level = 'error';
  one.warn('nor this one');
  expect(lines).toMatchObject([
    { callSid: 'CA1', code: 'x', msg: 'response failed' },
    { callSid: 'CA1', msg: 'fine' },
  ]);
});

it('masks secrets wherever they stand, in the way JSON spells them', () => {
  const { log, lines } = logging(['sk-live-123', 'to"ken\\value', 'abc']);
  log.error(
    { err: new Error('401 for sk-live-123'), url: 'https://x/?key=sk-live-123', header: 'to"ken\\value' },
    'abc',
  );
  expect(JSON.stringify(lines)).not.toMatch(/sk-live|ken/);
  expect(lines[0]).toMatchObject({
    url: 'https://x/?key=***',
    header: '***',
    msg: 'abc',
    err: { message: '401 for ***' },
  });
});

it('writes errors with code and frames, without what a caller said', () => {
  const { log, lines } = logging();
  const error = Object.assign(new TypeError('cannot parse "4111 1111 1111 1111"\n555 123 4567'), {
    code: 'E_PARSE',
    detail: 'secret',
  });
  log.error({ err: error }, 'tool failed');
  log.error({ err: 'thrown text 4111111111111111' }, 'tool failed');
  expect(lines[0]?.err).toEqual({
    type: 'TypeError',
    message: 'cannot parse "[card]"\n[phone]',
    code: 'E_PARSE',
    stack: expect.stringMatching(/^ {4}at /),
  });
  expect(lines[1]?.err).toBe('thrown text [card]');
});
