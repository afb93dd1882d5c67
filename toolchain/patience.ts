import { vi } from 'vitest';

/** What is waited for may take its time on a machine that does other things beside; the runner's own default is a second. */
const WAIT_MS = 15_000;
const { waitFor } = vi;

vi.waitFor = (callback, options = {}) =>
  waitFor(callback, { timeout: WAIT_MS, ...(typeof options === 'number' ? { timeout: options } : options) });
