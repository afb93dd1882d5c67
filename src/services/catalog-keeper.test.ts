import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keepCatalog } from './catalog-keeper.ts';
import { smallCatalog } from './catalog.fixture.ts';
import { emptyCatalog, type Catalog } from './catalog.ts';

describe('catalog in memory', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function keep() {
    const reads: PromiseWithResolvers<Catalog>[] = [];
    const warnings: string[] = [];
    const listeners = new Set<() => void>();
    const keeper = keepCatalog({
      read() {
        const reading = Promise.withResolvers<Catalog>();
        reads.push(reading);
        return reading.promise;
      },
      log: { warn: (_: unknown, message: string) => void warnings.push(message) } as never,
      onChange(callback) {
        listeners.add(callback);
        return () => listeners.delete(callback);
      },
    });
    const version = (loadedAt: number): Catalog => ({ ...smallCatalog, loadedAt });
    return { keeper, reads, warnings, listeners, version };
  }

  test('it is empty until the first reading and replaced as a whole by each later one', async () => {
    const { keeper, reads, version } = keep();
    const reading = keeper.refresh();
    expect(keeper.current()).toBe(emptyCatalog);
    reads[0]?.resolve(version(1));
    expect(await reading).toBe(true);
    expect(keeper.current().loadedAt).toBe(1);
    keeper.close();
  });

  test('it is read every minute, and 5 s after a reading that failed; the old one is served meanwhile', async () => {
    const { keeper, reads, warnings, version } = keep();
    const first = keeper.refresh();
    reads[0]?.resolve(version(1));
    await first;
    await vi.advanceTimersByTimeAsync(59_999);
    expect(reads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(reads).toHaveLength(2);
    reads[1]?.reject(new Error('database away'));
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.current().loadedAt).toBe(1);
    expect(warnings).toEqual(['catalog not read; the last one is kept']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(reads).toHaveLength(3);
    keeper.close();
  });

  test('a reading that hangs is given up after 5 s', async () => {
    const { keeper, reads, version } = keep();
    const first = keeper.refresh();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await first).toBe(false);
    reads[0]?.resolve(version(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.current()).toBe(emptyCatalog);
    keeper.close();
  });

  test('changes during a reading cost one more reading, which begins after them', async () => {
    const { keeper, reads, listeners, version } = keep();
    const first = keeper.refresh();
    for (let message = 0; message < 100; message += 1) for (const listener of listeners) listener();
    const last = keeper.refresh();
    expect(reads).toHaveLength(1);
    reads[0]?.resolve(version(1));
    await first;
    await vi.advanceTimersByTimeAsync(0);
    expect(reads).toHaveLength(2);
    reads[1]?.resolve(version(2));
    expect(await last).toBe(true);
    expect(keeper.current().loadedAt).toBe(2);
    expect(vi.getTimerCount()).toBe(1);
    keeper.close();
  });

  test('closed, it reads and listens no more', async () => {
    const { keeper, reads, listeners, version } = keep();
    const first = keeper.refresh();
    keeper.close();
    reads[0]?.resolve(version(1));
    await first;
    expect(keeper.current()).toBe(emptyCatalog);
    expect(await keeper.refresh()).toBe(false);
    expect([listeners.size, vi.getTimerCount(), reads.length]).toEqual([0, 0, 1]);
  });
});
