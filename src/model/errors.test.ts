import { expect, test } from 'vitest';
import { blameOf, closeCode, closeIsFatal, endsSession, labelOf, reactionTo, upgradeIsFatal } from './errors.ts';

test('codes: what is benign, what passes, what stays', () => {
  const codes = [
    'invalid_value',
    'response_cancel_not_active',
    'item_truncate_invalid_item_id',
    'input_audio_buffer_commit_empty',
    'conversation_already_has_active_response',
    'never_heard_of',
    'session_expired',
    'rate_limit_exceeded',
    'server_error',
    'insufficient_quota',
    'credit_balance_exhausted',
    'invalid_api_key',
    'toString',
  ];
  expect(Object.fromEntries(codes.map((code) => [code, [reactionTo(code), endsSession(code)]]))).toEqual({
    invalid_value: ['benign', false],
    response_cancel_not_active: ['benign', false],
    item_truncate_invalid_item_id: ['benign', false],
    input_audio_buffer_commit_empty: ['benign', false],
    conversation_already_has_active_response: ['benign', false],
    never_heard_of: ['benign', false],
    session_expired: ['retry', true],
    rate_limit_exceeded: ['retry', false],
    server_error: ['retry', false],
    insufficient_quota: ['fatal', true],
    credit_balance_exhausted: ['fatal', true],
    invalid_api_key: ['fatal', true],
    toString: ['benign', false],
  });
});

test('close codes after which a new socket is tried', () => {
  const codes = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1011, 1012, 1013, 1015, 3000, 4000, 4004];
  expect(codes.filter((code) => !closeIsFatal(code))).toEqual([1001, 1005, 1006, 1011, 1012, 1013]);
});

test('the reason of a close names the code', () => {
  expect(closeCode(3000, 'invalid_request_error.invalid_api_key')).toBe('invalid_api_key');
  expect(closeCode(1001, 'going away')).toBe('closed_1001');
  expect(closeCode(1006, '')).toBe('closed_1006');
  expect(closeCode(4000, 'x.constructor')).toBe('closed_4000');
});

test('an upgrade that is refused for good', () => {
  expect([400, 401, 403, 404, 408, 425, 429, 500, 502, 503].filter(upgradeIsFatal)).toEqual([400, 401, 403, 404]);
});

test.each([
  ['insufficient_quota', false, 'spoke', 'fatal'],
  ['http_401', true, 'opening', 'fatal'],
  ['invalid_value', true, 'opening', 'fatal'],
  ['closed_1000', true, 'opening', 'fatal'],
  ['unreachable', false, 'opening', 'passing'],
  ['configure_timeout', false, 'opening', 'passing'],
  ['closed_1006', false, 'configured', 'passing'],
  ['closed_1000', true, 'spoke', 'nothing'],
  ['half_open', false, 'spoke', 'nothing'],
  ['rate_limit_exceeded', true, 'spoke', 'passing'],
  ['response_stalled', false, 'spoke', 'passing'],
  ['session_expired', false, 'configured', 'nothing'],
  ['profile_failed', true, 'opening', 'nothing'],
] as const)(
  '%s (fatal: %s) of a session that came as far as "%s" says of its endpoint: %s',
  (code, fatal, stage, blame) => {
    expect(blameOf(code, fatal, stage)).toBe(blame);
  },
);

test('what a server makes up is one label', () => {
  const codes = ['half_open', 'closed_1006', 'http_503', 'session_expired', 'closed_x', 'constructor'];
  expect(codes.map(labelOf)).toEqual(['half_open', 'closed_1006', 'http_503', 'session_expired', 'other', 'other']);
});
