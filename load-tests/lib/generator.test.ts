import { expect, test } from 'vitest';
import { Clockwork } from './clockwork.fixture.ts';
import { SteadyCrowd } from './crowds.ts';
import { type Crowd, Generator } from './generator.ts';
import { PromotionCrowd, promotionDemand } from './promotion-crowd.ts';

const waiting = `<Response><Gather action="/voice/wait?n=1" timeout="1" actionOnEmptyResult="true"><Say>Please hold.</Say></Gather></Response>`;
const closed = '<Response><Hangup/></Response>';

/** A generator on a clock of the test's, for so long; gives how many calls were on the line at each second. */
async function played(crowd: Crowd, answer: string, runMs: number): Promise<{ line: Clockwork; live: number[] }> {
  const line = new Clockwork(() => answer);
  const { settings, network, figures, phrases } = line.world;
  const generator = new Generator({ settings, network, figures, phrases, crowd, vu: 0 });
  let tick: () => void = () => undefined;
  let isOver = false;
  const run = generator
    .run(runMs, (work) => {
      tick = work;
      return () => undefined;
    })
    .then(() => {
      isOver = true;
    });
  const live: number[] = [];
  for (let second = 0; !isOver && second < 200; second += 1) {
    for (let step = 0; step < 20; step += 1) {
      await line.run(50);
      tick();
    }
    live.push(generator.live.size);
  }
  await run;
  return { line, live };
}

test('callers of two VUs and of two generators have numbers of their own', () => {
  const numbers = [
    [0, 0],
    [149, 0],
    [0, 1],
  ].flatMap(([vu = 0, place = 0]) => {
    const { world } = new Clockwork(() => waiting, { GENERATOR: String(place), GENERATORS: '2' });
    const generator = new Generator({ ...world, crowd: new SteadyCrowd(() => 0), vu });
    return [1, 2].map(() => generator.place({ talkMs: 1_000 }).from);
  });
  expect(new Set(numbers).size).toBe(6);
  for (const number of numbers) expect(number).toMatch(/^\+12\d\d[2-9]\d{6}$/);
});

test('a steady crowd keeps so many calls on the line, and all have ended when the run has', async () => {
  const { line, live } = await played(new SteadyCrowd(() => 12), waiting, 10_000);
  expect(live.slice(1, 9)).toEqual(Array.from({ length: 8 }, () => 12));
  expect(live.at(-1)).toBe(0);
  expect(line.counts['aida_calls']).toBe(12);
  const numbers = line.asked.map(({ form }) => form.get('From'));
  expect(new Set(numbers).size).toBe(12);
});

test('who is turned away is followed by somebody else, and calls again when it is a promotion', async () => {
  const steady = await played(new SteadyCrowd(() => 3), closed, 3_000);
  expect(steady.line.counts['aida_calls']).toBeGreaterThan(20);
  expect(steady.line.counts['aida_redials']).toBe(undefined);
  const promotion = await played(new PromotionCrowd(2, 16_000), closed, 16_000);
  const { aida_calls: calls = 0, aida_redials: redials = 0 } = promotion.line.counts;
  expect(redials / calls).toBeGreaterThan(0.2);
  expect(redials / calls).toBeLessThan(0.6);
});

test('a promotion is twenty times the usual day within ten seconds, and the usual day again in the end', () => {
  const runMs = 200_000;
  const at = (ms: number): number => promotionDemand(100, runMs, ms);
  expect([at(0), at(20_000), at(30_000), at(80_000), Math.round(at(runMs))]).toEqual([60, 60, 1_200, 1_200, 60]);
  expect(at(25_000)).toBeCloseTo(630);
  expect(at(140_000)).toBeCloseTo(630);
});

test('callers of a promotion lose patience, each in their own time', async () => {
  const { line } = await played(new PromotionCrowd(2, 120_000), waiting, 120_000);
  expect(line.counts['aida_waited']).toBeGreaterThan(20);
  expect(line.counts['aida_redials']).toBeGreaterThan(0);
});
