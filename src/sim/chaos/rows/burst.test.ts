import { test } from 'vitest';
import { burst } from './burst.fixture.ts';

test('row 7: many more callers at once than there are places: no load is above its cap, all are answered in order', async () => {
  await burst({ callers: 20, nodes: 2, callsMax: 3, waitMs: 120_000 });
}, 240_000);
