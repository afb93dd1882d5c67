import type { Difference, Made } from './made.ts';
import type { Score, ScoreLine, Voice } from '../services/call-score.ts';

export const PAGE_WIDTH = 100;
const TIME_WIDTH = 8;
const PLACE_WIDTH = 21;
const KIND_WIDTH = 8;
const LANE_NAME_WIDTH = 8;
/** A staff of lanes holds so many seconds, or less in one piece. */
const STAFF_MS = 90_000;
const STAFFS_MAX = 12;

const words: Record<ScoreLine['kind'], string> = {
  caller: 'caller',
  aida: 'Aida',
  tool: 'tool',
  call: '·',
  clock: 'clock',
  effect: 'does',
  claim: 'node',
};

/** The call as a score for a terminal: who is heard from when, then what happens line by line. */
export function page(score: Score): string {
  return [...head(score), '', ...staffs(score), ...body(score), '', ...foot(score)]
    .map((line) => line.trimEnd())
    .join('\n');
}

function head({ callSid, from, to, startedAt, lastsMs, outcome, status }: Score): string[] {
  const when = `${new Date(startedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return [
    `${callSid}  ${from || '(withheld)'} → ${to}`,
    `${when}, ${(lastsMs / 1_000).toFixed(1)} s, ${outcome}, ${status}`,
  ];
}

function staffs({ voices, streams, tools, lastsMs }: Score): string[] {
  const columns = PAGE_WIDTH - LANE_NAME_WIDTH;
  const pieceMs = Math.max(Math.min(lastsMs, STAFF_MS), lastsMs / STAFFS_MAX, 1_000);
  const columnMs = pieceMs / columns;
  const lines: string[] = [];
  for (let fromMs = 0; fromMs < lastsMs; fromMs += pieceMs) {
    const lane = (name: string, sign: string, spans: readonly { fromMs: number; toMs: number }[]) => {
      const signs = Array.from({ length: columns }, (_, column) => {
        const [begin, end] = [fromMs + column * columnMs, fromMs + (column + 1) * columnMs];
        return spans.some((span) => span.fromMs < end && Math.max(span.toMs, span.fromMs + 1) > begin) ? sign : ' ';
      });
      return name.padEnd(LANE_NAME_WIDTH) + signs.join('');
    };
    const by = (who: Voice['who']) => voices.filter((voice) => voice.who === who && voice.toMs > voice.fromMs);
    lines.push(
      ruler(fromMs, columnMs, columns),
      lane('caller', '▄', by('caller')),
      lane('Aida', '▀', by('aida')),
      lane(
        'tools',
        '•',
        tools.map(({ atMs }) => ({ fromMs: atMs, toMs: atMs + 1 })),
      ),
      lane('stream', '─', streams),
      '',
    );
  }
  return lines;
}

/** A mark every ten columns or so. */
function ruler(fromMs: number, columnMs: number, columns: number): string {
  const EVERY = 12;
  let text = ' '.repeat(LANE_NAME_WIDTH);
  for (let column = 0; column + EVERY <= columns + EVERY; column += EVERY)
    text = `${text.padEnd(LANE_NAME_WIDTH + column)}${((fromMs + column * columnMs) / 1_000).toFixed(1)}`;
  return text.slice(0, PAGE_WIDTH);
}

function body({ lines }: Score): string[] {
  const indent = TIME_WIDTH + 2 + PLACE_WIDTH + 1 + KIND_WIDTH;
  return lines.flatMap(({ atMs, place, kind, text }, index) => {
    const time = lines[index - 1]?.atMs === atMs && place === null ? '' : (atMs / 1_000).toFixed(2);
    const left = `${time.padStart(TIME_WIDTH)}  ${(place ?? '').padEnd(PLACE_WIDTH)} ${words[kind].padEnd(KIND_WIDTH)}`;
    return wrapped(text, PAGE_WIDTH - indent).map((piece, at) => (at === 0 ? left : ' '.repeat(indent)) + piece);
  });
}

function foot({ latencies: { firstWordMs, silencesMs, modelMs, tools } }: Score): string[] {
  const s = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
  const middle = silencesMs[Math.floor((silencesMs.length - 1) / 2)];
  const slowest = tools.toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0))[0];
  return [
    ...(firstWordMs === null ? [] : [`first word after ${s(firstWordMs)} of the stream`]),
    ...(middle === undefined
      ? []
      : [
          `silence before ${silencesMs.length} answers: ${s(middle)} in the middle, ${s(silencesMs.at(-1) ?? 0)} at most`,
        ]),
    ...(modelMs.length === 0 ? [] : [`model sessions ready after ${modelMs.map(s).join(', ')}`]),
    ...(slowest === undefined
      ? []
      : [`${tools.length} tools, the slowest ${slowest.name} with ${slowest.ms ?? '?'} ms`]),
  ];
}

/** Pieces of at most so many columns, broken at spaces where there are any. */
export function wrapped(text: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = text.replaceAll(/\s+/g, ' ');
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > width / 2 ? space : width;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest];
}

const SHOWN_MAX = 50;

/** What came out differently, for people. */
export function differencePage(found: readonly Difference[], made: Made): string {
  const head = `${found.length === 0 ? 'nothing' : found.length} differs from what was made of it by ${made.by}`;
  const shown = found
    .slice(0, SHOWN_MAX)
    .flatMap(({ id, at, what, was, is }) => [
      `${id === null ? '' : `${id} `}${at}: ${what}`,
      ...wrapped(`was ${JSON.stringify(was)}`, PAGE_WIDTH - 4).map((line) => `    ${line}`),
      ...wrapped(`is ${JSON.stringify(is)}`, PAGE_WIDTH - 4).map((line) => `    ${line}`),
    ]);
  const more = found.length > SHOWN_MAX ? [`and ${found.length - SHOWN_MAX} more`] : [];
  return [head, ...shown, ...more].join('\n');
}
