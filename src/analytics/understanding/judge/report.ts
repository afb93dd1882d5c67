import { intentNames } from '../intents.ts';
import { type CallFigures, f1Of, type Hits, precisionOf, recallOf } from './call-figures.ts';
import { sensitiveKinds, type TextFigures } from './text-figures.ts';

const NAME_WIDTH = 14;
const NUMBER_WIDTH = 9;

const figure = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(3)).padStart(NUMBER_WIDTH);
const whole = (value: number): string => String(value).padStart(NUMBER_WIDTH);
const row = (name: string, cells: readonly string[]): string => name.padEnd(NAME_WIDTH) + cells.join('');
const head = (name: string, cells: readonly string[]): string =>
  row(
    name,
    cells.map((cell) => cell.padStart(NUMBER_WIDTH)),
  );

function hitsRow(name: string, hits: Hits): string {
  const { right, wrong, missed } = hits;
  return row(name, [
    figure(precisionOf(hits)),
    figure(recallOf(hits)),
    figure(f1Of(hits)),
    whole(right + missed),
    whole(wrong),
    whole(missed),
  ]);
}

const columns = ['precision', ' recall', 'F1', 'labelled', 'wrong', 'missed'];

/** What a person reads of how well calls were understood. */
export function callReport(title: string, by: string, figures: CallFigures): string {
  const { calls, intents, macroF1, micro, exact, turns, resolution, products, codes, questions } = figures;
  const share = ({ right, of }: { right: number; of: number }): string => (of === 0 ? '–' : `${right} of ${of}`);
  return [
    `${title}: ${calls} calls, read by ${by}`,
    '',
    head('intent', columns),
    ...intentNames.flatMap((intent) => {
      const hits = intents.get(intent);
      return hits ? [hitsRow(intent, hits)] : [];
    }),
    hitsRow('all', micro),
    row('macro-F1', [' '.repeat(2 * NUMBER_WIDTH), figure(macroF1)]),
    '',
    `all intents right       ${exact} of ${calls} calls`,
    `the turn that shows it  ${share(turns)}`,
    `resolution              ${share(resolution)}`,
    `promotion               ${share(figures.promotion)}`,
    `reason for transfer     ${share(figures.transferReason)}`,
    '',
    head('besides', columns),
    hitsRow('products', products),
    hitsRow('codes', codes),
    hitsRow('unanswered', questions),
    '',
    ...confusionTable('intents: labelled ↓ found instead →', figures.confusion),
    '',
    ...confusionTable('resolution: labelled ↓ found →', resolution.confusion),
  ].join('\n');
}

/** What a person reads of how well texts were redacted. */
export function textReport(title: string, { texts, kinds, left, confusion }: TextFigures): string {
  return [
    `${title}: ${texts} texts, every setting on`,
    '',
    head('kind', columns),
    ...sensitiveKinds.flatMap((kind) => {
      const hits = kinds.get(kind);
      return hits ? [hitsRow(kind, hits)] : [];
    }),
    '',
    ...sensitiveKinds.flatMap((kind) => {
      const open = left.get(kind);
      return open ? [`${kind.padEnd(NAME_WIDTH)}${open.chars} of ${open.of} characters left standing`] : [];
    }),
    '',
    ...confusionTable('labelled ↓ found instead →', confusion),
  ].join('\n');
}

/** Only what was mistaken; '–' is nothing. */
function confusionTable(title: string, table: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  if (table.size === 0) return [`${title} nothing was mistaken`];
  const found = [...new Set([...table.values()].flatMap((each) => [...each.keys()]))].toSorted();
  const nameOf = (name: string): string => name || '–';
  const width = Math.max(...found.map((name) => nameOf(name).length)) + 2;
  return [
    title,
    ' '.repeat(NAME_WIDTH) + found.map((name) => nameOf(name).padStart(width)).join(''),
    ...[...table]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([name, cells]) =>
          nameOf(name).padEnd(NAME_WIDTH) +
          found.map((each) => String(cells.get(each) ?? '·').padStart(width)).join(''),
      ),
  ];
}
