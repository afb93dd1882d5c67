import { chromium, type Browser } from 'playwright-core';
import { findPart } from '../../embedded/parts.ts';

/**
 * `--no-sandbox`: root and containers have none, and only our own pages are opened. Shared memory and graphics
 * are whatever a bare machine has, so neither is relied on.
 */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];

/** Starts a headless Chromium: the system's own, else the one unpacked in `.toolchain/`. The caller closes it. `more`: switches of its own. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const part = await findPart('chromium');
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(part.env)) if (value !== undefined) env[key] = value;
  return chromium.launch({ executablePath: part.bin, env, args: [...ARGUMENTS, ...more], headless: true });
}
