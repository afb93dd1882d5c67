import { expect, test } from 'vitest';
import { logLines } from './log-lines.ts';
import { faultsOfLogQuery, faultsOfTraceQuery } from './not-run.ts';

const logs = logLines();
for (const line of [
  '{"level":"info","callSid":"CA1","node":"node-1","msg":"call ended"}',
  '{"level":"error","callSid":"CA2","err":{"message":"x"},"msg":"a handler threw"}',
  'no JSON at all',
])
  logs.take(line);

test.each([
  ['{service_name="aida"} |= "CA1" | json | callSid = "CA1"', null],
  ['{service_name="aida"} | json | level =~ "error|fatal"', null],
  ['{service_name="aida"} | json | msg="call ended" | node != "node-2"', null],
  ['{pod="aida"} | json', 'no line has the label pod'],
  ['{service_name="aida"} | json | colour = "red"', 'no line has the field colour'],
  ['{service_name="aida"} | json | callSid = "CA3"', 'callSid is never CA3'],
  ['{service_name="aida"} | json | level =~ "fatal|trace"', 'level is never fatal|trace'],
])('%s: %s', (text, fault) => {
  expect(faultsOfLogQuery(text, logs)).toBe(fault);
});

const spans = {
  names: new Set(['call', 'turn']),
  traceIds: new Set(['0af7651916cd43dd8448eb211c80319c']),
  attributes: new Map([
    ['resource.service.name', new Set(['aida'])],
    ['span.aida.tool', new Set(['get_menu'])],
  ]),
};

test.each([
  ['{ resource.service.name = "aida" && name = "turn" && duration > 2s }', null],
  ['{ span.aida.tool = "get_menu" || status = error }', null],
  ['0af7651916cd43dd8448eb211c80319c', null],
  ['1af7651916cd43dd8448eb211c80319c', 'no such trace'],
  ['{ name = "turns" }', 'no span is named turns'],
  ['{ resource.service.name = "ada" }', 'resource.service.name is never ada'],
  ['{ span.aida.colour = "red" }', 'no span has span.aida.colour'],
])('%s: %s', (text, fault) => {
  expect(faultsOfTraceQuery(text, spans)).toBe(fault);
});

test('warnings and errors are kept for whoever asks why', () => {
  expect(logs.complaints).toHaveLength(1);
  expect(logs.complaints[0]).toContain('a handler threw');
});
