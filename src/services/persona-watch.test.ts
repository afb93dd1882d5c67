import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pumpkinWeeks, smallCatalog } from './catalog.fixture.ts';
import type { Catalog } from './catalog.ts';
import { watchPersona } from './persona-watch.ts';

/** Los Angeles is eight hours behind: the promotion begins here. */
const STARTS = Date.UTC(2026, 10, 1, 7, 0);
const ENDS = Date.UTC(2026, 11, 1, 8, 0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watching(catalog: Catalog, at: number) {
  vi.setSystemTime(at);
  const store = { catalog, changes: 0 };
  const watch = watchPersona(() => store.catalog, Date.now);
  const stop = watch.watch(() => (store.changes += 1));
  const offers = () => watch.persona().instructions.includes('PUMPKIN26');
  return { store, watch, stop, offers };
}

test('a promotion is live within a second of the minute in which it begins, and gone in that in which it ends', async () => {
  for (const [at, after] of [
    [STARTS, true],
    [ENDS, false],
  ] as const) {
    const { store, watch, offers } = watching(smallCatalog, at - 1_500);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([store.changes, offers()]).toEqual([0, !after]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([store.changes, offers()]).toEqual([1, after]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(store.changes).toBe(1);
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
  }
});

test('an opening and a closing of the store change what is told too', async () => {
  // Monday, 17:59 in Los Angeles.
  const { store, watch } = watching(smallCatalog, Date.UTC(2026, 10, 17, 1, 59));
  expect(watch.persona().instructions).toContain("We're open until 18:00 today.");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(store.changes).toBe(1);
  expect(watch.persona().instructions).toContain("We're currently closed. We open at 07:00 tomorrow.");
  watch.close();
});

test('a catalog read again changes nothing, another one at once', () => {
  const { store, watch } = watching(smallCatalog, STARTS + 60_000);
  const before = watch.persona();
  expect(watch.persona()).toBe(before);
  store.catalog = { ...smallCatalog };
  watch.look();
  expect(store.changes).toBe(0);
  store.catalog = { ...smallCatalog, promotions: [{ ...pumpkinWeeks, soldOut: true }] };
  watch.look();
  expect(store.changes).toBe(1);
  expect(watch.persona().instructions).toContain('Pumpkin Weeks is sold out');
  watch.close();
});

test('a change in any language counts; nobody is told after stopping', () => {
  const bilingual = { ...smallCatalog, languages: ['en', 'es'] };
  const { store, watch, stop } = watching(bilingual, Date.UTC(2026, 10, 17, 4));
  store.catalog = { ...bilingual, closed: { behaviour: 'announce', lines: { es: 'Cerrado.' } } };
  watch.look();
  expect(store.changes).toBe(1);
  expect(watch.persona('es').greeting).toBe(
    'Cerrado. Abrimos a las 07:00 de mañana. Gracias por llamar a Mangy Dog Coffee. ¿En qué puedo ayudarle?',
  );
  stop();
  store.catalog = smallCatalog;
  watch.look();
  expect(store.changes).toBe(1);
  watch.close();
});
