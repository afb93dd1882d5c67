import type { Promotion } from '../../../entities/promotion.ts';
import { callsByPromotion, figureSpans, promotionCalls } from '../../services/figures.ts';
import {
  emptyDraft,
  type FieldNotes,
  judgeDraft,
  momentWords,
  type PromotionDraft,
  promotionLimits,
} from '../../services/promotion-draft.ts';
import { type PromotionChanged, stageAt } from '../../services/promotion-desk.ts';
import { localMinute } from '../../services/promotions.ts';
import { isLocalMinute } from '../../services/store-check.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { fragment, page, saved } from '../page.ts';
import { plotOf, type PlotSeries } from '../plot.ts';
import { nothingHere } from '../refusal.ts';
import { shareWords } from '../words.ts';
import { differences, draftOf, formRows, previewOf } from './promotion-form.ts';
import type { DeskParts } from './parts.ts';
import { lookAgain, mayWork, seenVersion } from './shown.ts';

const LIST = '/admin/promotions';
const UNPROCESSABLE = 422;
const CONFLICT = 409;
/** Longer ones are plotted by day. */
const HOURS_PLOTTED_MAX = 96;
const HOUR_MS = 3_600_000;
const [HOUR_CHARS, DAY_CHARS] = [13, 10];
/** A year of days. */
const STEPS_MAX = 366;

const stageWords = {
  running: { words: 'running', tone: 'live' },
  coming: { words: 'planned', tone: 'warn' },
  over: { words: 'over', tone: 'idle' },
} as const;

type Parts = Pick<DeskParts, 'promotions' | 'dataSource' | 'announce' | 'changed' | 'now'>;

export function promotionRoutes(parts: Parts): PageRoute[] {
  const { promotions, dataSource, announce, now } = parts;
  const pathOf = ({ id }: Pick<Promotion, 'id'>) => `${LIST}/${id}`;

  function promotionView(request: PageRequest, promotion: Promotion) {
    const { words, store } = request;
    const stage = stageAt(promotion, now(), store.timeZone);
    return {
      ...promotion,
      href: pathOf(promotion),
      stage,
      state: stageWords[stage],
      starts: momentWords(promotion.startsLocal),
      ends: momentWords(promotion.endsLocal),
      changed: promotion.changedAt && { at: words.when(promotion.changedAt), iso: words.iso(promotion.changedAt) },
    };
  }

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const [all, calls] = await Promise.all([promotions.list(), callsByPromotion(dataSource)]);
    const shown = all.map((each) => ({ ...promotionView(request, each), calls: calls.get(each.slug) ?? 0 }));
    const groups = (['running', 'coming', 'over'] as const).map((stage) => {
      const own = shown.filter((each) => each.stage === stage);
      // What comes next stands first.
      return { stage, promotions: stage === 'coming' ? own.toReversed() : own };
    });
    return page(request, 'desk/promotions', { groups, mayWork: mayWork(request) });
  }

  async function one(request: PageRequest): Promise<ConsoleResponse> {
    const promotion = await find(request);
    if (!promotion) return nothingHere(request);
    return page(request, 'desk/promotion', {
      promotion: promotionView(request, promotion),
      preview: previewOf(promotion, request.store.timeZone),
      figures: await figuresOf(promotion, localMinute(now(), request.store.timeZone)),
      problem: request.search.has('changed') ? 'Somebody else was quicker: this is how it is now.' : '',
      mayWork: mayWork(request),
    });
  }

  async function find({ params: { id = '' } }: PageRequest): Promise<Promotion | null> {
    return /^\d{1,9}$/.test(id) ? promotions.promotion(Number(id)) : null;
  }

  async function figuresOf({ slug, name, startsLocal, endsLocal }: Promotion, today: string) {
    const until = endsLocal < today ? endsLocal : today;
    const hours = (Date.parse(`${until}:00Z`) - Date.parse(`${startsLocal}:00Z`)) / HOUR_MS;
    const step = hours <= HOURS_PLOTTED_MAX ? 'hour' : 'day';
    const span = { fromLocal: startsLocal, toLocal: endsLocal, step } as const;
    const [about, all] = await Promise.all([
      promotionCalls(dataSource, { slug, ...span }),
      figureSpans(dataSource, span),
    ]);
    const sum = (pick: (each: (typeof about)[number]) => number) =>
      about.reduce((total, each) => total + pick(each), 0);
    const calls = sum((each) => each.calls);
    const asked = new Map(about.map((each) => [each.local, each.calls]));
    const known = new Map(all.map((each) => [each.local, each]));
    const steps = stepsOf(startsLocal, until, step);
    const labels = steps.map((local) =>
      step === 'day' ? local.slice(5) : `${local.slice(5, 10)} ${local.slice(11)}h`,
    );
    const series: PlotSeries[] = [
      { name: 'All calls', tone: 'b', kind: 'bars', values: steps.map((local) => known.get(local)?.calls ?? 0) },
      { name: 'About it', tone: 'a', kind: 'bars', values: steps.map((local) => asked.get(local) ?? 0) },
      {
        name: 'Most waiting at once',
        tone: 'c',
        kind: 'line',
        values: steps.map((local) => known.get(local)?.waiting ?? 0),
      },
    ];
    const title = `Calls while ${name} ran`;
    return {
      calls,
      all: all.reduce((total, each) => total + each.calls, 0),
      resolved: shareWords(
        sum((each) => each.resolved),
        calls,
      ),
      transferred: shareWords(
        sum((each) => each.transferred),
        calls,
      ),
      waiting: Math.max(0, ...all.map(({ waiting }) => waiting)),
      plot:
        all.length === 0
          ? null
          : { id: 'plot', title, step: step === 'day' ? 'Day' : 'Hour', labels, series, plot: plotOf(labels, series) },
    };
  }

  interface Shown {
    before: Promotion | null;
    draft: PromotionDraft;
    version: number;
    problems?: FieldNotes;
    doubts?: FieldNotes;
    clash?: Promotion;
    isPreview?: boolean;
  }

  function form(request: PageRequest, shown: Shown, status = 200): Promise<ConsoleResponse> {
    const { before, draft, version, problems = {}, doubts = {}, clash } = shown;
    return page(
      request,
      'desk/promotion-form',
      {
        action: before ? `${pathOf(before)}/edit` : `${LIST}/new`,
        before: before && promotionView(request, before),
        draft,
        rows: formRows(draft.questions),
        version,
        notes: { ...doubts, ...problems },
        isDoubtful: Object.keys(problems).length === 0 && Object.keys(doubts).length > 0,
        problemCount: Object.keys(problems).length,
        clash: clash && { by: clash.changedBy, fields: differences(draft, clash) },
        limits: promotionLimits,
        preview: isTelling(draft) ? previewOf(draft, request.store.timeZone) : null,
      },
      status,
    );
  }

  async function edit(request: PageRequest): Promise<ConsoleResponse> {
    const before = await find(request);
    if (!before) return nothingHere(request);
    if (stageAt(before, now(), request.store.timeZone) === 'over') return lookAgain(pathOf(before));
    return form(request, { before, draft: before, version: before.version });
  }

  /** Saves a new one, or another state of one; a form that cannot be saved comes back with all that was typed. */
  async function save(request: PageRequest, before: Promotion | null): Promise<ConsoleResponse> {
    const { form: typed, store, who } = request;
    const draft = draftOf(typed);
    const version = seenVersion(request);
    const shown = { before, draft, version };
    if (typed.get('act') === 'preview') return form(request, { ...shown, isPreview: true });
    const others = (await promotions.list()).filter(({ id }) => id !== before?.id);
    const { problems, doubts } = judgeDraft(draft, { now: now(), timeZone: store.timeZone, before, others });
    if (Object.keys(problems).length > 0) return form(request, { ...shown, problems, doubts }, UNPROCESSABLE);
    if (Object.keys(doubts).length > 0 && typed.get('sure') !== 'on')
      return form(request, { ...shown, doubts }, UNPROCESSABLE);
    if (!before) {
      const made = await promotions.create(draft, who);
      await announce();
      return saved(pathOf(made), `${made.name} is planned.`);
    }
    const result = await promotions.change({ id: before.id, version }, draft, who);
    if (result.kind === 'stale')
      return form(request, { before, draft, version: result.promotion.version, clash: result.promotion }, CONFLICT);
    if (result.kind !== 'changed') return saved(LIST, `${before.name} is gone: somebody deleted it.`);
    await announce();
    return saved(pathOf(before), 'Saved. Aida knows it within two seconds.');
  }

  /** One of the short ways to change it. */
  function act(
    change: (request: PageRequest, promotion: Promotion, local: string) => Promise<PromotionChanged>,
    sentence: (promotion: Promotion) => string,
    to: 'list' | 'promotion' = 'promotion',
  ): PageRoute['handler'] {
    return async (request) => {
      const promotion = await find(request);
      if (!promotion) return nothingHere(request);
      const result = await change(request, promotion, localMinute(now(), request.store.timeZone));
      if (result.kind === 'gone') return nothingHere(request);
      if (result.kind !== 'changed') return lookAgain(pathOf(promotion));
      await announce();
      return saved(to === 'list' ? LIST : pathOf(promotion), sentence(result.promotion));
    };
  }

  const seen = (request: PageRequest, { id }: Promotion) => ({ id, version: seenVersion(request) });
  const soldOut = act(
    (request, promotion) =>
      promotions.change(seen(request, promotion), { soldOut: request.form.get('soldOut') === 'on' }, request.who),
    (promotion) =>
      promotion.soldOut
        ? `Callers are told that ${promotion.name} is sold out.`
        : `${promotion.name} is offered again.`,
  );
  const end = act(
    async (request, promotion, local) =>
      promotion.startsLocal < local && local < promotion.endsLocal
        ? promotions.change(seen(request, promotion), { endsLocal: local }, request.who)
        : { kind: 'stale', promotion },
    (promotion) => `${promotion.name} is over. Nobody is told of it any more.`,
  );
  const remove = act(
    (request, promotion, local) => promotions.remove(seen(request, promotion), local, request.who),
    (promotion) => `${promotion.name} is deleted.`,
    'list',
  );

  async function preview(request: PageRequest): Promise<ConsoleResponse> {
    const draft = draftOf(request.form);
    return fragment(request, 'desk/promotion-preview', {
      preview: isTelling(draft) ? previewOf(draft, request.store.timeZone) : null,
    });
  }

  const start = (request: PageRequest) =>
    form(request, { before: null, draft: emptyDraft(now(), request.store.timeZone), version: 0 });
  const change = async (request: PageRequest) => {
    const before = await find(request);
    return before ? save(request, before) : nothingHere(request);
  };
  return [
    { method: 'GET', path: LIST, role: 'viewer', handler: list },
    { method: 'GET', path: `${LIST}/new`, role: 'supervisor', handler: start },
    { method: 'POST', path: `${LIST}/new`, role: 'supervisor', handler: (request) => save(request, null) },
    { method: 'POST', path: `${LIST}/preview`, role: 'supervisor', handler: preview },
    { method: 'GET', path: `${LIST}/:id`, role: 'viewer', handler: one },
    { method: 'GET', path: `${LIST}/:id/edit`, role: 'supervisor', handler: edit },
    { method: 'POST', path: `${LIST}/:id/edit`, role: 'supervisor', handler: change },
    { method: 'POST', path: `${LIST}/:id/sold-out`, role: 'supervisor', handler: soldOut },
    { method: 'POST', path: `${LIST}/:id/end`, role: 'supervisor', handler: end },
    { method: 'POST', path: `${LIST}/:id/delete`, role: 'supervisor', handler: remove },
  ];
}

/** Every hour or day on the store's clock from one minute to another, those without a call too. */
function stepsOf(fromLocal: string, toLocal: string, step: 'hour' | 'day'): string[] {
  const chars = step === 'hour' ? HOUR_CHARS : DAY_CHARS;
  const stepMs = step === 'hour' ? HOUR_MS : 24 * HOUR_MS;
  const steps: string[] = [];
  for (
    let at = Date.parse(`${fromLocal.slice(0, DAY_CHARS)}T${fromLocal.slice(11, 13)}:00Z`);
    steps.length < STEPS_MAX;
    at += stepMs
  ) {
    const local = new Date(at).toISOString().slice(0, chars);
    if (local > toLocal.slice(0, chars)) break;
    steps.push(local);
  }
  return steps;
}

/** Enough of a promotion to say what it is and when. */
const isTelling = ({ name, offer, startsLocal, endsLocal }: PromotionDraft): boolean =>
  name !== '' && offer !== '' && isLocalMinute(startsLocal) && isLocalMinute(endsLocal);
