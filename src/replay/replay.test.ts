import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { story, wholeCall } from '../analytics/story.fixture.ts';
import { Refusal } from '../command.ts';
import type { JournalEntry } from '../directory/journal.ts';
import { journalText, parseJournal } from './journal-file.ts';
import { differences } from './made.ts';
import { differencePage, page, PAGE_WIDTH } from './page.ts';
import { withRedactions } from './redacted.ts';
import { replayed } from './replayed.ts';
import { scoreOf } from './score.ts';

const GOLDEN = join(import.meta.dirname, '../../machines/golden');
const goldens = readdirSync(GOLDEN).flatMap((version) =>
  readdirSync(join(GOLDEN, version)).map((file) => [
    `${version}/${file}`,
    readFileSync(join(GOLDEN, version, file), 'utf8'),
  ]),
) as [string, string][];

const claim = (epoch: number, by: string): JournalEntry => ({
  kind: 'claim',
  epoch,
  seq: 0,
  by,
  node: 'a:1',
  version: 1,
});
const whole = withRedactions(
  story('CA1', wholeCall).flatMap(({ epoch, seq, fact }): JournalEntry[] => [
    ...(seq === 1 ? [claim(epoch, 'arrive')] : []),
    { kind: 'fact', epoch, seq, fact },
  ]),
);
const saved = { release: '0.1.0', savedAt: new Date(0) };
const wholeText = () => journalText(replayed('CA1', whole), whole, saved);

describe.each(goldens)('%s', (_, text) => {
  const kept = parseJournal(text, 'it');
  const now = replayed(kept.callSid, kept.journal);

  test('comes to what the machine that wrote it came to', () => {
    expect(kept.made && differences(now, kept.made)).toEqual([]);
  });

  test('is a score of a terminal’s width, with everything that was said', () => {
    const lines = page(scoreOf(now)).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(PAGE_WIDTH);
    const shown = lines.join(' ').replaceAll(/\s+/g, ' ');
    const said = (journal: readonly JournalEntry[]): string[] =>
      journal.flatMap((entry) => (entry.kind === 'fact' && entry.fact.type === 'caller.said' ? [entry.fact.text] : []));
    const left = said(withRedactions(kept.journal));
    for (const word of left.flatMap((text) => text.split(' '))) expect(shown).toContain(word);
    for (const text of said(kept.journal)) if (!left.includes(text)) expect(shown).not.toContain(text);
  });

  test('may be saved and read again', () => {
    const again = parseJournal(journalText(now, kept.journal, saved), 'it');
    expect(again.journal).toEqual(kept.journal);
    expect(again.made && differences(replayed(again.callSid, again.journal), again.made)).toEqual([]);
    expect(again.made?.steps.size).toBe(now.steps.length);
  });
});

test('a call is told with its times, what was cut, its tools and its waits', () => {
  expect(page(scoreOf(replayed('CA1', whole)))).toMatchInlineSnapshot(`
    "CA1  +15550100 → +15550199
    2026-11-22 12:20:00 UTC, 82.0 s, transferred, COMPLETED

            0.0         10.7        21.4        32.1        42.8        53.5        64.2        74.9
    caller
    Aida      ▀▀▀   ▀▀▀    ▀▀
    tools         •          •
    stream   ────────────────────

        0.00                        node    epoch 1795350000000 claimed by arrive of a, machine 1
        0.00  ringing               ·       +15550100 calls +15550199
                                    clock   waits: stream at 20.00 s
        0.40                        ·       the carrier says in-progress
        0.90  conversation.opening  ·       stream MZ1 at a
                                    clock   waits: model at 8.90 s, filler at 2.40 s
                                    does    model.open greeting, told of 0 turns
        2.10                        Aida    Welcome to Mangy Dog Coffee!
        2.40                        clock   filler was due and nobody let it pass: the call was told
                                            nothing for 4.00 s
        6.10                        tool    get_store_hours {"day":"today"}
        6.30                        caller  Are you open today?
        6.40                        tool    → ok in 40 ms: {"open":true}
                                    does    model.open greeting, told of 3 turns
        7.50                        Aida    We are open until ✂ cut at 1.50 s of 4.00 s, unheard: six.
                                            On Sundays we close at four. — after 1.20 s of silence
        8.90                        clock   model was due and nobody let it pass: the call was told
                                            nothing for 6.40 s
       11.00                        caller  My card is [card]
       13.80                        Aida    You said [card] ✂ cut at 0.90 s of 2.00 s, unheard: and
                                            then? — after 2.80 s of silence
       14.00                        ·       something said before is taken out
       14.00                        caller  [card] and let me talk to a person
       14.60                        ·       something said before is taken out
       15.20                        tool    transfer_to_staff {"reason":"asked"}
       15.30  conversation.left     tool    → ok in 1 ms, leaves for transfer: farewell
                                    clock   waits: detached at 45.30 s
                                    does    stream.leave for transfer
       18.00  detached              ·       stream MZ1 ended: left
                                    clock   waits: detached at 48.00 s
       18.10  dialing               ·       the carrier asks what is next: {"kind":"transfer","reason":"
                                            asked"}
                                    clock   waits: ring at 53.10 s
       53.10                        clock   ring was due and nobody let it pass: the call was told
                                            nothing for 26.90 s
       59.99                        node    epoch 1795350060000 claimed by arrive of a, machine 1
       80.00  hangingUp             ·       staff: completed for 55 s
                                    clock   waits: ending at 110.00 s
       81.00  ended                 ·       the carrier says completed after 81 s
       81.50                        ·       the carrier says completed after 81 s
       82.00                        ·       the carrier says ringing
      120.00                        node    epoch 1795350120000 claimed by arrive of a, machine 1

    first word after 1.20 s of the stream
    silence before 2 answers: 1.20 s in the middle, 2.80 s at most
    2 tools, the slowest get_store_hours with 40 ms"
  `);
});

test('a number that was told in pieces is in no file', () => {
  expect(wholeText()).not.toContain('4111');
  expect(page(scoreOf(replayed('CA1', whole)))).not.toContain('4111');
});

test('what another release made otherwise is told, fact by fact and at the end', () => {
  const older = wholeText()
    .replace('"place":"dialing"', '"place":"recording"')
    .replace('"opening":"greeting"', '"opening":"bridging"')
    .replace(/"model":(\d+)/, '"model":1')
    .replace('"text":"Are you open today?","at"', '"text":"Are you open?","at"');
  const kept = parseJournal(older, 'it');
  const now = replayed(kept.callSid, kept.journal);
  const found = kept.made ? differences(now, kept.made) : [];
  expect(found.map(({ at, what }) => `${at} ${what}`)).toEqual([
    'carrier.streamStarted effects',
    'carrier.streamStarted deadlines',
    'assistant.said deadlines',
    'assistant.heard deadlines',
    'tool.asked deadlines',
    'caller.said deadlines',
    'carrier.nextAsked place',
    'end transcript[1]',
  ]);
  const shown = kept.made ? differencePage(found, kept.made) : '';
  expect(shown).toContain('8 differs from what was made of it by release 0.1.0, machine 1');
  expect(shown).toContain('was "recording"');
  expect(shown).toContain('is "dialing"');
});

test('a deadline that nobody let pass is told: nobody held the call', () => {
  const [arrived, started] = story('CA1', [
    { type: 'carrier.arrived', at: 1_000, from: '+1', to: '+2', node: 'a' },
    { type: 'carrier.streamStarted', at: 60_000, streamSid: 'MZ1', node: 'a' },
  ]);
  const journal = [arrived, started].flatMap((stored): JournalEntry[] => (stored ? [{ kind: 'fact', ...stored }] : []));
  expect(replayed('CA1', journal).missed).toEqual([{ name: 'stream', at: 21_000, until: 60_000 }]);
  expect(page(scoreOf(replayed('CA1', journal)))).toContain('stream was due and nobody let it pass');
});

test.each([
  ['', 'it is empty'],
  ['hello', 'it, line 1 is not the head of a journal'],
  ['{"journal":2,"callSid":"CA1"}', 'it, line 1 is not the head of a journal: journal'],
  [wholeText().replace('"id":"1795350000000-1"', '"id":"x"'), 'it, line 3 is not an entry of a journal: id'],
  [
    wholeText().replace('"fact":{"type":"carrier.arrived"', '"act":{"type":"carrier.arrived"'),
    'it, line 3 holds neither fact nor claim',
  ],
  [
    wholeText().replace('"type":"carrier.arrived","at":1795350000005', '"type":"carrier.arrived"'),
    'it, line 3 is not an entry of a journal: fact.at',
  ],
])('a bad file is refused in words: %#', (text, why) => {
  expect(() => parseJournal(text, 'it')).toThrow(Refusal);
  expect(() => parseJournal(text, 'it')).toThrow(why);
});
