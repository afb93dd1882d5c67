import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startFakeModel } from '../model/index.ts';
import { startNaiveBridge } from './naive-bridge.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

test('callers in a process of their own: a line for each call, one with the sums', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aida-callers-'));
  const model = await startFakeModel({ charsPerSecond: 60 });
  const bridge = await startNaiveBridge(model.url);
  try {
    const file = join(dir, 'short.yaml');
    await writeFile(
      file,
      'name: short\nsteps:\n  - hear: Welcome\n  - say: Goodbye\n  - hear: Goodbye\nexpect:\n  ended: aida\n  tools: [end_call]\n',
    );
    const args = [
      '--script',
      file,
      '--service',
      bridge.address,
      '--public-url',
      'https://voice.example.com',
      '--calls',
      '3',
      '--every-ms',
      '50',
    ];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      env: { ...process.env, TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000', TWILIO_AUTH_TOKEN: 'secret' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toEqual({ apiUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    expect(lines.slice(1, 4).map((line) => [line['ok'], line['failures'], line['status']])).toEqual(
      Array.from({ length: 3 }, () => [true, [], 'completed']),
    );
    expect(lines[4]).toEqual({ calls: 3, good: 3, complaints: [], warnings: [] });
    expect(code).toBe(0);
  } finally {
    await bridge.close();
    await model.close();
    await rm(dir, { recursive: true, force: true });
  }
});
