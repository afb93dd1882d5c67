import { expect, test } from 'vitest';
import { counter, gauge, histogram, hot, info, oneOf, sparse, traced } from './metric-spec.ts';
import { createBook } from './metrics.ts';
import { scrape } from './scrape.ts';

const gaugesMade = 20;
const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const table = {
  things: counter('aida_things_total', 'things', 'Things', { kind: oneOf('big | small') }),
  rare: sparse(counter('aida_rare_total', 'things', 'Rare "things",\nin two lines', { kind: oneOf('big | small') })),
  plain: counter('aida_plain_total', 'things', 'Plain'),
  frames: hot(counter('aida_frames_total', 'frames', 'Frames', { direction: oneOf('in | out') })),
  level: gauge('aida_level', 'ratio', 'Level', { side: oneOf('left | right'), of: oneOf('a | b') }),
  wait: traced(histogram('aida_wait_seconds', 'seconds', 'Wait', [0.5, 2])),
  splice: hot(histogram('aida_splice_seconds', 'seconds', 'Splice', [0.001], { direction: oneOf('in | out') })),
  each: histogram('aida_each_seconds', 'seconds', 'Each', [1], { tool: oneOf('one | two') }),
  build: info('aida_build_info', 'What runs', ['version']),
};

function filled() {
  const book = createBook(table);
  book.things.inc({ kind: 'big' }, 3);
  book.things.inc({ kind: 'made up' });
  book.rare.inc({ kind: 'small' });
  book.plain.inc();
  book.frames.in.add(2);
  book.frames.in.add(5);
  book.level.set({ side: 'left', of: 'b' }, 0.25);
  book.level.set({ side: 'right', of: 'b' }, Infinity);
  book.wait.observe(1, 'a'.repeat(32));
  book.splice.out.observe(0.000_5);
  book.each.of({ tool: 'two' }).observe(3);
  book.each.of({ tool: 'made up' }).observe(3);
  book.build.tell({ version: '1.0 "new"' });
  return book;
}

/** How often other work came in between. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

test.each([
  ['', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'text/plain; version=0.0.4; charset=utf-8'],
  [`${openMetrics},text/plain;q=0.5`, openMetrics],
] as const)('to %j the text is what the registry of prom-client writes', async (accept, contentType) => {
  const book = filled();
  const scraped = await book.expose(accept);
  expect(scraped.contentType).toBe(contentType);
  book.registry.setContentType(contentType as typeof book.registry.contentType);
  expect(scraped.text).toBe(await book.registry.metrics());
});

test('what is declared is there from the start, what is sparse or undeclared from its first event', async () => {
  const text = await filled().scrape();
  expect(text.split('\n').filter((line) => /^aida_(things|rare|plain|frames|level|build)/.test(line))).toEqual([
    'aida_things_total{kind="big"} 3',
    'aida_things_total{kind="small"} 0',
    'aida_things_total{kind="other"} 1',
    'aida_rare_total{kind="small"} 1',
    'aida_plain_total 1',
    'aida_frames_total{direction="in"} 7',
    'aida_frames_total{direction="out"} 0',
    'aida_level{side="left",of="b"} 0.25',
    'aida_level{side="right",of="b"} +Inf',
    'aida_build_info{version="1.0 \\"new\\""} 1',
  ]);
});

test('only OpenMetrics names the trace of a bucket', async () => {
  const book = filled();
  expect(await book.scrape()).not.toContain('trace_id');
  expect((await book.expose(openMetrics)).text).toMatch(
    /^aida_wait_seconds_bucket\{le="2"\} 1 # \{trace_id="a{32}"\} 1 [\d.]+$/m,
  );
});

test('other work comes in between when it takes long, and need not when it does not', async () => {
  const gauges = Object.fromEntries(
    Array.from({ length: gaugesMade }, (_, i) => [`g${i}`, gauge(`aida_g${i}`, 'things', 'A gauge')]),
  );
  const { registry } = createBook(gauges);
  const families = registry.getMetricsAsArray() as unknown as Parameters<typeof scrape>[0]['families'];
  let clock = 0;
  const listeners = [() => undefined];
  const slow = () => scrape({ families, listeners, accept: '', now: () => clock++ });
  expect(await turnsDuring(slow)).toBeGreaterThanOrEqual(gaugesMade + 1);
  expect(await turnsDuring(() => scrape({ families, listeners, accept: '', now: () => 0 }))).toBeLessThanOrEqual(1);
});

test('a listener sees to its figures before they are written', async () => {
  const book = createBook(table);
  book.onScrape(() => book.level.set({ side: 'left', of: 'a' }, 7));
  expect(await book.scrape()).toContain('aida_level{side="left",of="a"} 7');
});
