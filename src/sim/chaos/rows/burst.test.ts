import { test } from 'vitest';
import { burst } from './burst.fixture.ts';

test('row 7: ten times as many callers at once as there are places: no load is above its cap, all are answered in order', async () => {
  await burst({ callers: 30, nodes: 2, callsMax: 3, waitMs: 120_000 });
}, 240_000);
