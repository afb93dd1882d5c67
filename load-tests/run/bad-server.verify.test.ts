import { describe, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { BOUND_MS, expectCounted } from './bad-run.fixture.ts';

describe.skipIf(await lacksPart('k6'))('a server that answers too late, or never', () => {
  test.concurrent.each(['late', 'silent'] as const)(
    '%s: the run ends by itself with the count of it, and tells no figure from too few samples',
    expectCounted,
    BOUND_MS,
  );
});
