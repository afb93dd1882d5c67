import { expect, test } from 'vitest';
import { runLoadCommand } from './command.fixture.ts';

const slowFrames = new URL('slow-frames.fixture.ts', import.meta.url).pathname;

test('a node that is busy for 5 ms with every frame does not pass', async () => {
  const size = ['--calls', '24', '--minutes', '0.05', '--no-calibration'];
  const { result, output } = await runLoadCommand('smoke', [`--node-options=--import=${slowFrames}`, ...size]);
  const missed = result.thresholds.filter(({ ok, isThin }) => !ok && !isThin).map(({ name }) => name);
  expect(missed, output).not.toEqual([]);
  expect(result.verdict).not.toBe('ok');
}, 300_000);
