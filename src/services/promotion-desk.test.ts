import { afterEach, describe, expect, test } from 'vitest';
import { type Promotion, PromotionEntity } from '../../entities/promotion.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createAudit, type Who } from './audit.ts';
import { createPromotionDesk, stageOf } from './promotion-desk.ts';
import { judgeDraft, type PromotionDraft, promotionLimits, tidyDraft } from './promotion-draft.ts';

const maria: Who = { id: 'm', name: 'maria', role: 'supervisor' };
const ben: Who = { id: 'b', name: 'ben', role: 'supervisor' };
/** Wednesday, 12:00 in New York. */
const NOW = Date.parse('2026-11-18T12:00:00-05:00');
const TZ = 'America/New_York';

const draft: PromotionDraft = {
  name: 'Scone Sunday',
  startsLocal: '2026-11-22T07:00',
  endsLocal: '2026-11-22T18:00',
  offer: 'Two scones for one',
  terms: '',
  code: null,
  questions: [],
  soldOut: false,
};
const other: Promotion = {
  ...draft,
  id: 7,
  slug: 'muddy-paws',
  name: 'Muddy Paws',
  startsLocal: '2026-11-20T00:00',
  endsLocal: '2026-11-22T12:00',
  code: 'PAWS',
  version: 1,
  changedBy: '',
  changedAt: null,
};
const judged = (more: Partial<PromotionDraft>, before: Promotion | null = null, others: Promotion[] = []) =>
  judgeDraft({ ...draft, ...more }, { now: NOW, timeZone: TZ, before, others });

describe('what may be written', () => {
  test('a sound one has neither problems nor doubts', () => {
    expect(judged({ code: 'SCONE 26', questions: [{ question: 'Which?', answer: 'All.' }] })).toEqual({
      problems: {},
      doubts: {},
    });
  });

  test.each<[string, Partial<PromotionDraft>, string, RegExp]>([
    ['no name', { name: '' }, 'name', /give it one/],
    ['no offer', { offer: '' }, 'offer', /what the offer is/],
    ['a long offer', { offer: 'x'.repeat(promotionLimits.offerCharsMax + 1) }, 'offer', /301 characters; 300/],
    ['a code that nobody can say', { code: '<b>' }, 'code', /letters, digits/],
    ['half a question', { questions: [{ question: '', answer: 'Yes.' }] }, 'questions.0', /without its question/],
    ['the other half', { questions: [{ question: 'Why?', answer: '' }] }, 'questions.0', /without its answer/],
    ['no beginning', { startsLocal: '' }, 'startsLocal', /day and time/],
    ['a day that is none', { startsLocal: '2026-02-30T10:00' }, 'startsLocal', /no such day/],
    [
      'an end before the beginning',
      { endsLocal: '2026-11-22T07:00' },
      'endsLocal',
      /before it begins, Sunday, November 22, 07:00/,
    ],
    [
      'an end that is past',
      { startsLocal: '2026-11-17T07:00', endsLocal: '2026-11-18T11:59' },
      'endsLocal',
      /it is Wednesday, November 18, 12:00 at the store/,
    ],
    [
      'an hour that is left out in spring',
      { startsLocal: '2027-03-14T02:30', endsLocal: '2027-03-20T00:00' },
      'startsLocal',
      /no 02:30 on that day. Choose 03:00/,
    ],
    ['an hour that comes twice in autumn', { endsLocal: '2027-11-07T01:30' }, 'endsLocal', /01:30 comes twice/],
  ])('%s is explained beside its field', (_, more, field, sentence) => {
    const { problems } = judged(more);
    expect(Object.keys(problems)).toEqual([field]);
    expect(problems[field]).toMatch(sentence);
  });

  test('what is unusual is asked about: a beginning that is past, one that overlaps, a code that another has', () => {
    expect(judged({ startsLocal: '2026-11-18T10:00' }).doubts).toEqual({
      startsLocal: 'That was 2 hours ago: callers would hear of it at once.',
    });
    expect(judged({ code: 'paws' }, null, [other])).toEqual({
      problems: {},
      doubts: {
        endsLocal:
          'Muddy Paws runs from Friday, November 20, 00:00 to Sunday, November 22, 12:00, at the same time: callers would be told of both.',
        code: 'Muddy Paws has the same code at the same time.',
      },
    });
    // One ends in the minute in which the other begins.
    expect(judged({}, null, [{ ...other, endsLocal: '2026-11-22T07:00' }]).doubts).toEqual({});
  });

  test('one that has begun keeps its beginning, and what was meant before is not asked about again', () => {
    const before: Promotion = { ...other, startsLocal: '2026-11-17T00:00', endsLocal: '2026-11-20T00:00' };
    expect(judged({ ...before, endsLocal: '2026-11-21T00:00' }, before)).toEqual({ problems: {}, doubts: {} });
    expect(judged({ ...before, startsLocal: '2026-11-18T13:00' }, before).problems['startsLocal']).toMatch(
      /It began Tuesday, November 17, 00:00: its beginning stays/,
    );
    const clashing = { ...other, id: 8 };
    expect(judged({ ...other, terms: 'One each' }, other, [clashing]).doubts).toEqual({});
  });

  test('what nobody says is taken out: line ends, control characters, questions left empty', () => {
    const typed = { ...draft, offer: ' Two\r\nscones\u0007 ', code: '  ', questions: [{ question: ' ', answer: '' }] };
    expect(tidyDraft(typed)).toEqual({ ...draft, offer: 'Two scones', code: null, questions: [] });
  });

  test('where it stands is by the store’s clock, its last minute not in it', () => {
    const at = (local: string) => stageOf(draft, local);
    expect([at('2026-11-22T06:59'), at('2026-11-22T07:00'), at('2026-11-22T17:59'), at('2026-11-22T18:00')]).toEqual([
      'coming',
      'running',
      'running',
      'over',
    ]);
  });
});

await onBothDatabases((database) => {
  const rows = () => database.source.getRepository(PromotionEntity);
  const audit = () => createAudit(database.source);
  const desk = () => createPromotionDesk({ dataSource: database.source, audit: audit() });
  afterEach(() => rows().clear());

  test('two of one name have short names of their own', async () => {
    const [first, second] = [await desk().create(draft, maria), await desk().create(draft, maria)];
    expect([first.slug, second.slug]).toEqual(['scone-sunday', 'scone-sunday-2']);
    const [noted] = await audit().entries({ subject: 'scone-sunday-2' });
    expect(noted).toMatchObject({ whoName: 'maria', action: 'promotion.made' });
  });

  test('of two who saw the same state the second one is given what it is now, and changes nothing', async () => {
    const { id, version } = await desk().create(draft, maria);
    const changed = await desk().change({ id, version }, { offer: 'Three for two' }, ben);
    expect(changed).toMatchObject({
      kind: 'changed',
      promotion: { offer: 'Three for two', changedBy: 'ben', version: 2 },
    });
    const late = await desk().change({ id, version }, { offer: 'All for none' }, maria);
    expect(late).toMatchObject({ kind: 'stale', promotion: { offer: 'Three for two', changedBy: 'ben' } });
    expect(await desk().promotion(id)).toMatchObject({ offer: 'Three for two', version: 2 });
    expect((await audit().entries({ action: 'promotion.changed' })).length).toBeGreaterThan(0);
  });

  test('only what has not begun can be deleted', async () => {
    const { id, version } = await desk().create(draft, maria);
    expect(await desk().remove({ id, version }, '2026-11-22T07:00', ben)).toEqual({ kind: 'begun' });
    expect(await desk().remove({ id, version: 9 }, '2026-11-22T06:59', ben)).toMatchObject({ kind: 'stale' });
    expect(await desk().remove({ id, version }, '2026-11-22T06:59', ben)).toMatchObject({ kind: 'changed' });
    expect(await desk().remove({ id, version }, '2026-11-22T06:59', ben)).toEqual({ kind: 'gone' });
    expect(await desk().list()).toEqual([]);
  });
});
