import { test } from 'vitest';
import { burst } from './burst.fixture.ts';

const CALLERS = 1_000;
const NODES = 3;
/** The room of one node is kept: a hundred are admitted. */
const CALLS_MAX = 50;
const WAIT_MS = 900_000;

test('row 7: a thousand callers within a second, a hundred places: all are answered in order', async () => {
  await burst({ callers: CALLERS, nodes: NODES, callsMax: CALLS_MAX, waitMs: WAIT_MS });
}, 1_200_000);
