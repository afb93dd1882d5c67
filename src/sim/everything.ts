import type { DataSource } from 'typeorm';
import { readTexts } from '../directory/reply.ts';
import type { Stack } from './stack.ts';

/** Where things are written. */
interface Places extends Pick<Stack, 'link'> {
  rows: DataSource;
  /** What the nodes wrote. */
  lines: readonly string[];
}

/** Everything that was written down anywhere: place → text. */
export interface Written {
  redis: Map<string, string>;
  database: Map<string, string>;
  log: readonly string[];
}

const readers: Record<string, (key: string) => [string, ...(string | number)[]]> = {
  string: (key) => ['get', key],
  hash: (key) => ['hgetall', key],
  list: (key) => ['lrange', key, 0, -1],
  set: (key) => ['smembers', key],
  zset: (key) => ['zrange', key, 0, -1, 'WITHSCORES'],
  stream: (key) => ['xrange', key, '-', '+'],
};

export async function everything(world: Places): Promise<Written> {
  return { redis: await allOfRedis(world), database: await allOfDatabase(world), log: world.lines };
}

async function allOfRedis({ link }: Places): Promise<Map<string, string>> {
  const written = new Map<string, string>();
  for (const key of readTexts(await link.command('keys', '*'))) {
    const type = String(await link.command('type', key));
    // It has expired, or was deleted, since it was listed.
    if (type === 'none') continue;
    const reader = readers[type];
    if (!reader) throw new Error(`${key} is a ${type}: nobody reads those`);
    written.set(key, JSON.stringify([key, await link.command(...reader(key))]));
  }
  return written;
}

async function allOfDatabase({ rows }: Places): Promise<Map<string, string>> {
  const tables = await rows.query<{ name: string }[]>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const written = new Map<string, string>();
  for (const { name } of tables) {
    const found = await rows.query<{ row: string }[]>(`SELECT t::text AS row FROM "${name}" t`);
    written.set(name, found.map(({ row }) => row).join('\n'));
  }
  return written;
}

const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Digits that follow each other, however they are written or spoken: joined, and everything else made a blank. */
function digitRuns(text: string): string {
  const digits = DIGITS.reduce(
    (rest, word, digit) => rest.replaceAll(new RegExp(`\\b${word}\\b`, 'gi'), String(digit)),
    text,
  );
  return digits.replace(/(?<=\d)[\s,.-]+(?=\d)/g, '').replace(/\D+/g, ' ');
}

/** Where any `length` digits in a row of this number stand. */
export function placesOf(number: string, length: number, written: Written): string[] {
  const parts = Array.from({ length: number.length - length + 1 }, (_, at) => number.slice(at, at + length));
  return placesWhere(written, (text) => {
    const runs = digitRuns(text);
    return parts.some((part) => runs.includes(part));
  });
}

/** Where this text stands, whatever the case. */
export function placesWith(text: string, written: Written): string[] {
  return placesWhere(written, (each) => each.toLowerCase().includes(text.toLowerCase()));
}

function placesWhere({ redis, database, log }: Written, found: (text: string) => boolean): string[] {
  const inside = (name: string, texts: Map<string, string>): string[] =>
    [...texts].flatMap(([key, text]) => (found(text) ? [`${name} ${key}`] : []));
  return [...inside('redis', redis), ...inside('table', database), ...log.filter(found).map((line) => `log ${line}`)];
}
