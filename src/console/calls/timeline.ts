import type { Score } from '../../services/call-score.ts';
import { stateOf } from '../live/row.ts';

/** A piece of a lane, in the units of the drawing. */
export interface Piece {
  x: string;
  width: string;
  tone: string;
  /** What is said of it when it is pointed at, and by screen readers. */
  title: string;
  /** Where it leads to, '' for nowhere. */
  href: string;
  fromMs: number;
}

export interface Lane {
  name: string;
  y: number;
  pieces: Piece[];
}

export interface Timeline {
  width: number;
  height: number;
  /** Units of one second. */
  perSecond: number;
  left: number;
  lanes: Lane[];
  ticks: { x: string; text: string }[];
}

const LEFT = 64;
const WIDTH_MIN = 880;
/** A turn of a second is still to be seen; a call of an hour is scrolled. */
const PER_SECOND_MIN = 8;
const WIDTH_MAX = 24_000;
const LANE = 30;
export const LANE_HEIGHT = 20;
const TOP = 8;
const FOOT = 24;
const PIECE_MIN = 3;
const TICK_WIDTH = 72;
const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
const TITLE_CHARS = 120;

export const anchorOf = (itemId: string): string => `turn-${itemId.replaceAll(/[^\w-]/g, '_')}`;

const place = (value: number): string => value.toFixed(1);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

export function clockOf(ms: number): string {
  const s = Math.floor(ms / 1_000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

/** The call as lanes over time: who is heard, tools, where it stood, and which node had its line. */
export function timelineOf(score: Score): Timeline {
  const lastsS = Math.max(1, score.lastsMs / 1_000);
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.ceil(LEFT + lastsS * PER_SECOND_MIN + 16)));
  const perSecond = (width - LEFT - 16) / lastsS;
  const piece = (fromMs: number, toMs: number, tone: string, title: string, href = ''): Piece => ({
    x: place(LEFT + (fromMs / 1_000) * perSecond),
    width: place(Math.max(PIECE_MIN, ((toMs - fromMs) / 1_000) * perSecond)),
    tone,
    title: `${clockOf(fromMs)} ${title}`.slice(0, TITLE_CHARS),
    href,
    fromMs,
  });
  const lanes: Omit<Lane, 'y'>[] = [
    { name: 'Caller', pieces: voicePieces(score, 'caller', piece) },
    { name: 'Aida', pieces: voicePieces(score, 'aida', piece) },
    {
      name: 'Tools',
      pieces: score.tools.map(({ atMs, durationMs, name, result }, index) =>
        piece(
          atMs,
          atMs + (durationMs ?? 0),
          result === 'ok' || result === null ? 'tool' : 'bad',
          `${name}: ${result ?? 'running'}${durationMs === null ? '' : ` in ${durationMs} ms`}`,
          `#tool-${index + 1}`,
        ),
      ),
    },
    {
      name: 'State',
      pieces: score.places.map(({ place: at, fromMs, toMs }) =>
        piece(fromMs, toMs, `state-${stateOf(at.split('.')[0] ?? '').group}`, at),
      ),
    },
    {
      name: 'Line',
      pieces: score.streams.map(({ fromMs, toMs, node }) =>
        piece(fromMs, toMs, 'line', `${node === '' ? 'Connected' : `At ${node}`} for ${seconds(toMs - fromMs)}`),
      ),
    },
  ];
  const shown = lanes.filter(({ name, pieces }) => pieces.length > 0 || name === 'Caller' || name === 'Aida');
  const tickS = TICKS_S.find((each) => each * perSecond >= TICK_WIDTH) ?? 3_600;
  return {
    width,
    height: TOP + shown.length * LANE + FOOT,
    perSecond,
    left: LEFT,
    lanes: shown.map((lane, index) => ({ ...lane, y: TOP + index * LANE })),
    ticks: Array.from({ length: Math.floor(lastsS / tickS) + 1 }, (_, index) => ({
      x: place(LEFT + index * tickS * perSecond),
      text: clockOf(index * tickS * 1_000),
    })),
  };
}

type MakePiece = (fromMs: number, toMs: number, tone: string, title: string, href?: string) => Piece;

/** What was heard, and behind it what was not any more. */
function voicePieces({ voices }: Score, who: 'caller' | 'aida', piece: MakePiece): Piece[] {
  return voices
    .filter((voice) => voice.who === who)
    .flatMap(({ itemId, fromMs, toMs, text, cut }) => {
      const href = `#${anchorOf(itemId)}`;
      const own = piece(fromMs, toMs, who, text === '' ? 'spoke' : text, text === '' ? '' : href);
      if (cut === null || cut.totalMs <= cut.heardMs) return [own];
      const until = toMs + (cut.totalMs - cut.heardMs);
      return [piece(toMs, until, 'unheard', `not heard any more: ${cut.unheard}`), own];
    });
}
