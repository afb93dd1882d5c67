import { expect, test } from 'vitest';
import { newestRelease, unpackRelease } from '../release.ts';
import { judgeRolling } from './rolling-judge.fixture.ts';
import { rollingRestart } from './rolling.fixture.ts';

const CALLS = 100;
const CALLS_BETWEEN_RELEASES = 30;
/** Any commit; left out: the newest release. */
const release = process.env['RELEASE'] || (await newestRelease());

if (release === null) {
  process.stdout.write('NOTHING IS VERIFIED BETWEEN RELEASES: no tag v* is here, and RELEASE names no commit\n');
}

test('row 23: three nodes are replaced under a hundred calls', async () => {
  const result = await rollingRestart({ calls: CALLS, releases: [{}, {}], drainS: 2 });
  judgeRolling(result, { calls: CALLS, rounds: 1 });
  expect(result.codes).toEqual([0, 0, 0]);
}, 600_000);

test.skipIf(release === null)(
  'row 23: from the last release to this checkout, and back',
  async () => {
    const { entry, remove } = await unpackRelease(release ?? '');
    try {
      const result = await rollingRestart({
        calls: CALLS_BETWEEN_RELEASES,
        releases: [{ entry }, {}, { entry }],
        drainS: 1,
      });
      judgeRolling(result, { calls: CALLS_BETWEEN_RELEASES, rounds: 2 });
      expect(result.codes).toEqual([0, 0, 0, 0, 0, 0]);
    } finally {
      await remove();
    }
  },
  600_000,
);
