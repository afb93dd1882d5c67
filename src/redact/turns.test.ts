import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from './redactor.ts';

const redactor = createRedactor({ phone: false, mail: false });

describe('turns', () => {
  it('takes a number back out of earlier turns when a later one completes it', () => {
    const turns = redactor.turns();
    expect(turns.turn('caller', 'a', 'My card is 4111 1111')).toEqual({ text: 'My card is 4111 1111', amendments: [] });
    expect(turns.turn('assistant', 'b', 'Go on.')).toEqual({ text: 'Go on.', amendments: [] });
    expect(turns.turn('caller', 'c', 'okay, and the rest is one one one one 1111, got it?')).toEqual({
      text: 'okay, and the rest is [card], got it?',
      amendments: [{ itemId: 'a', text: 'My card is [card]' }],
    });
    expect(turns.turn('caller', 'd', 'Thanks, 2 lattes')).toEqual({ text: 'Thanks, 2 lattes', amendments: [] });
  });

  it('goes on over turns without a number, and over many turns', () => {
    const turns = redactor.turns();
    const digits = '5555555555554444';
    const amended: string[] = [];
    let last = '';
    digits.split('').forEach((digit, index) => {
      const { text, amendments } = turns.turn('caller', `t${index}`, digit);
      turns.turn('caller', `u${index}`, 'hm');
      amended.push(...amendments.map((amendment) => `${amendment.itemId} ${amendment.text}`));
      last = text;
    });
    // 20 turns are remembered: with one filler turn between the digits a card of 16 does not fit.
    expect([last, amended]).toEqual(['4', []]);
    const close = redactor.turns();
    const results = digits.split('').map((digit, index) => close.turn('caller', `t${index}`, digit));
    expect(results.at(-1)).toEqual({
      text: '[card]',
      amendments: digits
        .split('')
        .slice(0, -1)
        .map((_, index) => ({ itemId: `t${index}`, text: '[card]' })),
    });
  });

  it('does not join the two speakers, nor turns with many words between', () => {
    const apart = redactor.turns();
    apart.turn('caller', 'a', '4111 1111');
    expect(apart.turn('assistant', 'b', '1111 1111').amendments).toEqual([]);
    expect(
      apart.turn('caller', 'c', 'I would much rather talk about the roast that you had there on last Sunday, 1111 1111')
        .amendments,
    ).toEqual([]);
  });

  it('amends a turn once, and repeats nothing', () => {
    const turns = redactor.turns();
    turns.turn('caller', 'a', '4111 1111');
    expect(turns.turn('caller', 'b', '1111 1111').amendments).toHaveLength(1);
    expect(turns.turn('caller', 'c', 'yes').amendments).toEqual([]);
    expect(turns.turn('caller', 'c', 'yes').amendments).toEqual([]);
  });

  it('judges the same item anew when it comes again', () => {
    const turns = redactor.turns();
    turns.turn('assistant', 'a', 'You said 4111 1111 1111 1111, right?');
    expect(turns.turn('assistant', 'a', 'You said 4111 1111 1111 1111')).toEqual({
      text: 'You said [card]',
      amendments: [],
    });
  });

  it('applies the settings within each turn', () => {
    const turns = createRedactor({ phone: true, mail: true }).turns();
    expect(turns.turn('caller', 'a', '555 123 4567, jo@example.com').text).toBe('[phone], [mail]');
  });

  it('shows no whole part of a card however it is cut into turns', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 16 }), (sizes) => {
        const turns = redactor.turns();
        const shown = new Map<string, string>();
        let rest = '4000123412341230'.replace(/.$/, '');
        rest += '0123456789'.split('').find((check) => redactor.text(rest + check) === '[card]');
        for (let index = 0; rest; index += 1) {
          const size = sizes[index] ?? rest.length;
          const { text, amendments } = turns.turn('caller', String(index), `it is ${rest.slice(0, size)}`);
          shown.set(String(index), text);
          for (const amendment of amendments) shown.set(amendment.itemId, amendment.text);
          rest = rest.slice(size);
        }
        expect([...shown.values()]).toEqual([...shown.keys()].map(() => 'it is [card]'));
      }),
    );
  });
});
