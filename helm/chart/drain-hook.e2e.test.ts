import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import type { SimCall } from '../../src/sim/twilio/index.ts';
import { ROOT } from '../../toolchain/programs.ts';
import { ofKind, podOf, render } from './chart.fixture.ts';

const HEARD_MS_MAX = 40_000;
const HOOK_MS_MAX = 60_000;

describe.skipIf(await lacksPart('helm'))('the hook before a pod is stopped', () => {
  let stack: Stack;
  let bin: string;

  beforeAll(async () => {
    stack = await startStack({ nodes: 2, model: { charsPerSecond: 48 } });
    // As in the image, where `node` is the one that runs everything.
    bin = await mkdtemp(join(tmpdir(), 'aida-hook-'));
    await symlink(process.execPath, join(bin, 'node'));
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await rm(bin, { recursive: true, force: true });
  });

  /** As the kubelet runs it: in the container, with the container's environment. */
  async function runHook(nodeId: string): Promise<{ code: number | null; out: string }> {
    const [node] = ofKind(await render(), 'StatefulSet');
    const [program = '', ...args] = (node && podOf(node).containers[0]?.lifecycle?.preStop.exec.command) ?? [];
    const env = { ...stack.env, NODE_ID: nodeId, PATH: `${bin}:${process.env['PATH']}` };
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: HOOK_MS_MAX });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
    return { code: await new Promise((resolve) => child.once('close', resolve)), out };
  }

  const greeted = (call: SimCall): Promise<unknown> =>
    call.waitFor(() => call.heardText().includes('Mangy Dog Coffee'), HEARD_MS_MAX);

  test('drains the node: its calls go on elsewhere, the process ends by itself, then the hook does', async () => {
    const calls = [1, 2].map((n) => stack.twilio.placeCall({ from: `+1207555010${n}`, to: '+12075550142' }));
    await Promise.all(calls.map(greeted));
    const [leaving] = stack.nodes;
    const { code, out } = await runHook('node-1');
    expect([code, out]).toEqual([0, expect.stringContaining('node-1')]);
    expect(await leaving?.exited).toBe(0);
    expect(calls.map(({ ended }) => ended)).toEqual([false, false]);
    await Promise.all(calls.map((call) => call.waitFor(() => call.stream !== null, HEARD_MS_MAX)));
    expect(calls.map(({ streams }) => streams.length).toSorted((a, b) => a - b)).toEqual([1, 2]);
    for (const call of calls) call.hangUp();
    await Promise.all(calls.map(({ done }) => done));
    expect(stack.twilio.complaints).toEqual([]);
  }, 120_000);

  test('fails at once where there is nothing to drain, and the signal that follows does it', async () => {
    const { code, out } = await runHook('node-9');
    expect([code, out]).toEqual([1, expect.stringContaining('there is no node node-9')]);
  });
});
