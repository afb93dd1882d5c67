import { parseArgs } from 'node:util';
import { startFakeModel } from './index.ts';

/**
 * The fake model as a process of its own: one JSON line `{"url": …}` when it listens; on SIGTERM or SIGINT one line
 * `{"complaints": […], "sessions": n}`, then it ends.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'api-key': { type: 'string' },
    seed: { type: 'string' },
    speed: { type: 'string' },
    'chars-per-second': { type: 'string' },
    'first-delta-ms': { type: 'string' },
    'open-ms': { type: 'string' },
    'way-ms': { type: 'string' },
  },
});

function numberOf(
  name: 'port' | 'seed' | 'speed' | 'chars-per-second' | 'first-delta-ms' | 'open-ms' | 'way-ms',
): number | null {
  const text = values[name];
  if (text === undefined) return null;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new RangeError(`--${name} must be a number, not ${text}`);
  return number;
}

const given = {
  port: numberOf('port'),
  apiKey: values['api-key'] ?? null,
  seed: numberOf('seed'),
  speed: numberOf('speed'),
  charsPerSecond: numberOf('chars-per-second'),
  firstDeltaMs: numberOf('first-delta-ms'),
  openMs: numberOf('open-ms'),
  wayMs: numberOf('way-ms'),
};
const model = await startFakeModel(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)));
process.stdout.write(`${JSON.stringify({ url: model.url })}\n`);

async function stop(): Promise<void> {
  const { complaints, sessions } = model;
  await model.close();
  process.stdout.write(`${JSON.stringify({ complaints, sessions: sessions.length })}\n`);
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
