import { bytesPerMs, frameBytes, pieceBytesMax } from './cutter.ts';
import { heardText } from './heard.ts';
import { totalMsOf, type SpokenItem } from './spoken-item.ts';

/** What was cut off is kept for so long a replay; nobody goes on from further back. */
const restMsMax = 60_000;
const silenceByte = 0xff;

/** Audio of one item, whole frames, that goes to the carrier in one message. */
export interface Piece {
  item: SpokenItem;
  /** Base64 µ-law. */
  payload: string;
  ms: number;
  /** Playout position of its end, once it was sent. */
  endMs: number;
}

/** What the caller did not hear of the items that an interruption cut, in order. */
export interface Rest {
  readonly pieces: readonly Piece[];
  /** Heard of the first piece, whole frames. */
  readonly skipMs: number;
}

/** Of what was sent, by where the ear was, and of what still waited; null for nothing. */
export function restOf(sent: readonly Piece[], waiting: readonly Piece[], heardMs: number): Rest | null {
  const pieces: Piece[] = [];
  let keptMs = 0;
  for (const piece of [...sent.filter(({ endMs }) => endMs > heardMs), ...waiting]) {
    if (piece.item.cutMs === null || keptMs >= restMsMax) continue;
    keptMs += piece.ms;
    pieces.push(piece);
  }
  const [first] = pieces;
  if (first === undefined) return null;
  const heardOfFirstMs = first.endMs < 0 ? 0 : Math.max(0, heardMs - (first.endMs - first.ms));
  const frameMs = frameBytes / bytesPerMs;
  return { pieces, skipMs: Math.floor(heardOfFirstMs / frameMs) * frameMs };
}

/** The rest as audio to be sent again. */
export function restAudio({ pieces, skipMs }: Rest): { payload: string; ms: number }[] {
  return pieces.flatMap(({ payload, ms }, at) => {
    if (at > 0 || skipMs === 0) return [{ payload, ms }];
    if (skipMs >= ms) return [];
    return [{ payload: Buffer.from(payload, 'base64').toString('base64', skipMs * bytesPerMs), ms: ms - skipMs }];
  });
}

/** The words that belong to the rest: those that were not told as heard, as far as there is audio for them. */
export function restText({ pieces }: Rest): string {
  const items = new Map<SpokenItem, number>();
  for (const { item, ms } of pieces) items.set(item, (items.get(item) ?? 0) + ms);
  const words = [...items].map(([item, ms]) => {
    const { words: all, cutMs } = item;
    const totalMs = totalMsOf(item);
    const fromMs = cutMs ?? 0;
    const known = heardText(all, fromMs + ms + frameBytes / bytesPerMs, totalMs);
    return known.slice(heardText(all, fromMs, totalMs).length).trim();
  });
  return words.filter((text) => text !== '').join(' ');
}

const linePayloads = new WeakMap<Buffer, { payload: string; ms: number }[]>();

/** Prepared µ-law as payloads of whole frames, made once for each buffer. */
export function payloadsOf(ulaw: Buffer): { payload: string; ms: number }[] {
  const known = linePayloads.get(ulaw);
  if (known) return known;
  const payloads: { payload: string; ms: number }[] = [];
  for (let at = 0; at < ulaw.length; at += pieceBytesMax) {
    const part = ulaw.subarray(at, at + pieceBytesMax);
    const whole = Buffer.alloc(Math.ceil(part.length / frameBytes) * frameBytes, silenceByte);
    part.copy(whole);
    payloads.push({ payload: whole.toString('base64'), ms: whole.length / bytesPerMs });
  }
  linePayloads.set(ulaw, payloads);
  return payloads;
}
