import { expect, test } from 'vitest';
import { maskedNumber } from './row.ts';

test('a number is shown in part, a browser by whose it is, nothing as nothing', () => {
  const shown = ['+12075550142', '+4930123', '+1234', 'anonymous', '', 'client:phone.ada', 'sip:desk@example.com'];
  expect(shown.map(maskedNumber)).toEqual([
    '••• 0142',
    '••• 0123',
    '••• 4',
    'Withheld',
    'Withheld',
    'ada (browser)',
    'Withheld',
  ]);
});
