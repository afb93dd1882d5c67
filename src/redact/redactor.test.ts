import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCardNumber } from './cards.ts';
import { createLiveRedactor, createRedactor } from './redactor.ts';

const plain = createRedactor({ phone: false, mail: false });
const strict = createRedactor({ phone: true, mail: true, address: true });
const digitWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const tensWords = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const teenWords = [
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];

/** 13 to 19 digits that pass Luhn's check. */
const card = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 18 }), fc.integer({ min: 1, max: 9 }))
  .map(([rest, first]) => {
    const body = [first, ...rest.slice(1)].join('');
    for (let check = 0; check <= 9; check += 1) if (isCardNumber(`${body}${check}`)) return `${body}${check}`;
    throw new Error('no check digit');
  });

/** What a speaker may make of two digits. */
function pairInWords(pair: string, way: number): string {
  const [tens, unit] = [Number(pair[0]), Number(pair[1])];
  if (way === 0 && tens === unit) return `double ${digitWords[unit]}`;
  if (way <= 1 && tens === 1) return teenWords[unit] ?? '';
  if (way <= 1 && tens > 1)
    return unit === 0 ? (tensWords[tens] ?? '') : `${tensWords[tens]}${way ? ' ' : '-'}${digitWords[unit]}`;
  if (way === 2) return pair;
  return `${tens === 0 ? 'oh' : digitWords[tens]} ${digitWords[unit]}`;
}

describe('cards', () => {
  it.each([
    ['4111111111111111', '[card]'],
    ['My card is 4111 1111 1111 1111, thanks.', 'My card is [card], thanks.'],
    ['4111-1111-1111-1111', '[card]'],
    ['4111.1111.1111.1111', '[card]'],
    ['4111, 1111,\n1111 / 1111', '[card]'],
    ['4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', '[card]'],
    ['4111_1111_1111_1111', '[card]'],
    ['(4111)(1111)(1111)(1111)', '([card])'],
    ['４１１１ １１１１ １１１１ １１１１', '[card]'],
    ['card4111111111111111 exp', 'card[card] exp'],
    ['4111111111111111exp1227', '[card]exp1227'],
    ['amex 3782 822463 10005', 'amex [card]'],
    ['diners 30569309025904.', 'diners [card].'],
    ['4111 1111 1111 1111 12/27 123', '[card] 12/27 123'],
    [
      'it is one of them: four one one one one one one one one one one one one one one one',
      'it is one of them: [card]',
    ],
    ['four one one one, one one one one, one one one one, one one one one', '[card]'],
    ['Four triple one, double one double one, um, 1111 and then quadruple one.', '[card].'],
    ['forty-one eleven eleven eleven eleven eleven eleven eleven', '[card]'],
    ['forty one hundred eleven eleven eleven eleven eleven eleven eleven', '[card]'],
    ['forty one hundred and eleven eleven eleven eleven eleven eleven eleven', '[card]'],
    ['four thousand one hundred eleven 1111 1111 1111', '[card]'],
    ['fifty five fifty five fifty five fifty five fifty five fifty five forty four forty four', '[card]'],
    ['six oh one one, oh oh oh nine, nine oh one three, nine four two four', '[card]'],
    ['4000 0000 0000 0002 and 5555 5555 5555 4444', '[card] and [card]'],
    ['4000 0000 0000 0002 or 5555 5555 5555 4444', '[card] or [card]'],
  ])('%s → %s', (said, written) => {
    expect(plain.text(said)).toBe(written);
  });

  it('finds a card number whatever separates its digits', () => {
    const separators = fc.array(fc.constantFrom('', '', '', ' ', '-', ' - ', '.', ', ', '/', '\n', '  '), {
      minLength: 19,
      maxLength: 19,
    });
    fc.assert(
      fc.property(card, separators, (digits, between) => {
        const written = digits
          .split('')
          .map((digit, index) => digit + (index < digits.length - 1 ? between[index] : ''))
          .join('');
        expect(plain.text(`it says ${written} here`)).toBe('it says [card] here');
      }),
      { numRuns: 500 },
    );
  });

  it('finds a card number in words, in digits, and in both', () => {
    fc.assert(
      fc.property(card, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 10, maxLength: 10 }), (digits, ways) => {
        const odd = digits.length % 2 === 1 ? `${digitWords[Number(digits[0])]} ` : '';
        const pairs = digits.slice(digits.length % 2).match(/../g) ?? [];
        // After a bare ten a lone digit would be read as its unit: speakers say "forty, five" so that nobody knows.
        const words = pairs.map((pair, index) =>
          pairInWords(pair, pair.endsWith('0') && (ways[index] ?? 0) < 2 ? 3 : (ways[index] ?? 0)),
        );
        expect(plain.text(`please note ${odd}${words.join(' ')} thanks`)).toBe('please note [card] thanks');
      }),
      { numRuns: 500 },
    );
  });

  it('leaves no digit of a card number anywhere, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), card, fc.string({ maxLength: 40 }), (before, digits, after) => {
        expect(plain.text(`${before} is ${digits} is ${after}`)).not.toContain(digits);
      }),
    );
  });

  it('changes nothing when applied again, and nothing without digits or number words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.array(card, { maxLength: 3 }), (text, cards) => {
        const once = strict.text(`${text} ${cards.join(' or ')}`);
        expect(strict.text(once)).toBe(once);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-d \n.,!?-]*$/), (text) => {
        expect(plain.text(text)).toBe(text);
      }),
    );
  });
});

describe('what is no card number', () => {
  it.each([
    'A latte is $4.50, $5.25 or $6.00, a cortado $4.11, a mocha $5.75.',
    '4.50 5.25 6.00 4.11 5.75 6.25 7.00',
    'Mon 07:00 - 18:00, 07:00 - 18:00, 08:00 - 17:00, 08:00 - 17:00',
    '2026-11-22 07:00 18:00 2026-11-23',
    'We are open from seven to six, and from eight to five on Sundays.',
    'Your order number is 1234567890123.',
    'Order 20261122-000417 will be ready at 10:30.',
    'Call us at (555) 123-4567 or +44 20 7946 0958.',
    'call 555 123 4567 or 555 987 6543',
    'Two lattes, three mochas, and one four ounce espresso for nine fifty.',
    'We roast two thousand four hundred pounds, that is one thousand and ninety kilograms.',
    'It is 12 ounces for 16 dollars, 32 ounces for 30.',
    'CA0123456789abcdef0123456789abcdef',
    'https://api.example.com/Recordings/RE4111111111111111aaaaaaaaaaaaaaaa',
    'item_0000000000000018',
    '550e8400-e29b-41d4-a716-446655440000',
    '0000000000000000',
    '4111111111111112',
  ])('%s', (text) => {
    expect(plain.text(text)).toBe(text);
  });
});

describe('contacts', () => {
  it.each([
    ['Call (555) 123-4567 please', 'Call [phone] please'],
    ['Call 555 123 4567 please', 'Call [phone] please'],
    ['+1 555 123 4567', '[phone]'],
    ['+442079460958', '[phone]'],
    ['020 7946 0958', '[phone]'],
    ['5551234567', '[phone]'],
    ['It is 555-1234.', 'It is [phone].'],
    ['five five five, one two three, four five six seven', '[phone]'],
    ['five double five one two three four five six seven', '[phone]'],
    ['555 123 4567, 555 987 6543', '[phone], [phone]'],
    ['write to jo.smith+x@mail.example.com, ok', 'write to [mail], ok'],
    ['jo dot smith at example dot com', '[mail]'],
    ['a@b @c d@ e@f.', 'a@b @c d@ e@f.'],
    ['4111 1111 1111 1111 or 555 123 4567', '[card] or [phone]'],
  ])('%s → %s', (said, written) => {
    expect(strict.text(said)).toBe(written);
    if (!said.includes('4111')) expect(plain.text(said)).toBe(said);
  });

  it.each([
    'We open at 07:00 and close at 18:00, 2026-11-22.',
    'A latte is $4.50, $5.25 or $6.00.',
    'That makes 12 50, no, 13 75.',
    'Meet me at noon, dot the i.',
  ])('leaves %s', (text) => {
    expect(strict.text(text)).toBe(text);
  });

  it('obeys each setting alone', () => {
    const text = 'jo@example.com 555 123 4567';
    expect(createRedactor({ phone: true, mail: false }).text(text)).toBe('jo@example.com [phone]');
    expect(createRedactor({ phone: false, mail: true }).text(text)).toBe('[mail] 555 123 4567');
  });
});

describe('what transcriptions make of it', () => {
  it.each([
    ['mi tarjeta es cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno', 'mi tarjeta es [card]'],
    ['cuarenta y uno once once once once once once once', '[card]'],
    ['doble cinco doble cinco 5555 5555, luego cuatro cuatro cuatro cuatro', '[card]'],
    ['for the card: four one one one one one one one one one one one one won one one', 'for the card: [card]'],
    ['five five five five five five five five five five five five for four four four', '[card]'],
  ])('%s → %s', (said, written) => {
    expect(plain.text(said)).toBe(written);
  });

  it.each([
    'I come once a week, once or twice, una vez.',
    'One for two, two for four, three to five, six to nine, eight to seven, four for one.',
    'Seven to six, seven to six, eight to four, seven to six, eight to six.',
    'Look at this dot on the map, we stopped at a dot.',
    'One, two, three, four, five, six, seven, eight, nine, ten!',
    'We walked down the street for 3 hours and took 2 left turns into the square.',
    'I live at the end of the road.',
  ])('leaves %s', (text) => {
    expect(strict.text(text)).toBe(text);
  });

  it.each([
    ['ana arroba ejemplo punto com', '[mail]'],
    ['luis guion bajo gomez arroba hotmail punto es', '[mail]'],
    ['it is s a r a at proton dot me, ok', 'it is [mail], ok'],
    ['t. brown at outlook.com', '[mail]'],
    ['at 42 Maple Avenue, apartment 3B', 'at [address], apartment 3B'],
    ['five oh one Pine Boulevard', '[address]'],
    ['6 Saint John’s Road', '[address]'],
    ['P.O. Box 1432 please', '[address] please'],
    ['vivo en la calle Juárez 15', 'vivo en la [address]'],
    ['call 207 555 0142, 18A Brackett Terrace', 'call [phone], [address]'],
  ])('%s → %s', (said, written) => {
    expect(strict.text(said)).toBe(written);
    expect(plain.text(said)).toBe(said);
  });
});

describe('json', () => {
  it('redacts strings at any depth, keys and card numbers as numbers, and keeps the rest', () => {
    const fact = {
      type: 'tool.asked',
      at: 1_763_827_200_000,
      arguments: { note: ['4111 1111 1111 1111', true, null, 4.5] },
      card: 4_111_111_111_111_111,
      '4111111111111111': 1,
    };
    expect(plain.json(fact)).toEqual({
      type: 'tool.asked',
      at: 1_763_827_200_000,
      arguments: { note: ['[card]', true, null, 4.5] },
      card: '[card]',
      '[card]': 1,
    });
  });

  it('never touches a time in ms of this century', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000_000_000, max: 3_999_999_999_999 }), (at) => {
        expect(plain.json({ at })).toEqual({ at });
      }),
      { numRuns: 2_000 },
    );
  });
});

it('follows settings that become known later; a call goes by those at its beginning', () => {
  let settings = { phone: false, mail: false };
  const live = createLiveRedactor(() => settings);
  const words = 'Call 503-555-0142 or write to me@example.com.';
  const earlier = live.turns();
  expect(live.text(words)).toBe(words);
  settings = { phone: true, mail: true };
  expect(live.text(words)).toBe('Call [phone] or write to [mail].');
  expect(live.json([words])).toEqual(['Call [phone] or write to [mail].']);
  expect(live.turns().turn('caller', 'u1', words).text).toBe('Call [phone] or write to [mail].');
  expect(earlier.turn('caller', 'u1', words).text).toBe(words);
});

describe('cost', () => {
  const BYTES = 1 << 19;

  it.each([
    ['digits', '1 '],
    ['one long number', '1'],
    ['number words', 'forty hundred '],
    ['scales', 'thousand hundred '],
    ['mail parts', 'a'],
    ['at signs', 'a@'],
    ['spoken mail', 'a at '],
    ['dots', 'a dot '],
    ['ids', 'a1'],
    ['prices', '4.50 '],
    ['spaces', '1     '],
    ['streets', '1 a St. '],
    ['glued numbers and streets', '1st'],
    ['streets in Spanish', 'calle aa '],
    ['spelled mail', 'a at a '],
    ['dots after an at', ' at ...........................................'],
    ['words that sound like digits', 'one for to '],
    ['tens and units', 'cuarenta y uno y '],
  ])('stays linear in half a mebibyte of %s', { timeout: 30_000 }, (_name, piece) => {
    const text = piece.repeat(BYTES / piece.length);
    expect(strict.text(text).length).toBeLessThanOrEqual(text.length);
  });

  it('takes four times as long for four times the text, whatever it is made of', { timeout: 60_000 }, () => {
    const pieces = [
      '1 ',
      'one to ',
      'a at a dot ',
      '1 a St ',
      'calle aa ',
      ' at .',
      'x',
      '[card] 4 ',
      'a1 at a1.',
      '+1(',
    ];
    const costOf = (text: string): number => {
      let least = Infinity;
      for (let run = 0; run < 3; run += 1) {
        const before = process.cpuUsage().user;
        strict.text(text);
        least = Math.min(least, process.cpuUsage().user - before);
      }
      return least;
    };
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(30_000 / piece.length));
      costOf(text);
      // Quadratic would be 16; below a ms the clock says nothing.
      expect(costOf(text.repeat(4)), piece).toBeLessThan(9 * costOf(text) + 4_000);
    }
  });
});
