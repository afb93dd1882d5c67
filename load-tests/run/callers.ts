import { join } from 'node:path';
import { freePort } from '../../src/embedded/redis.ts';
import type { GeneratorStart } from './generator.ts';
import type { Target } from './ground.ts';
import { type K6Run, k6Start } from './k6.ts';

const denseFile = join(import.meta.dirname, '../../src/sim/load/main.ts');
/** All callers of the dense generator have dialled after so long. */
const dialS = 5;
const perSecondMin = 10;
const heldSMin = 5;
/** To hang up between two turns, and to tell. */
const denseEndMs = 60_000;
const seed = 1;

export interface CallersPlan extends Pick<
  K6Run,
  'calls' | 'minutes' | 'talkSeconds' | 'hearsGoodbye' | 'hooks' | 'remoteWrite'
> {
  scenario: string;
  target: Target;
  /** Processes of k6. */
  generators: number;
  /** Calls beyond it are played by the dense generator; null: by k6 too. */
  k6CallsMax: number | null;
  /** For the summaries. */
  folder: string;
}

export interface CallersStart {
  starts: GeneratorStart[];
  /** Where each k6 tells what it has counted. */
  ports: number[];
}

/** The processes that play so many calls. */
export async function callersFor(plan: CallersPlan): Promise<CallersStart> {
  const { calls, k6CallsMax, generators } = plan;
  const byK6 = Math.min(calls, k6CallsMax ?? calls);
  const count = Math.min(generators, byK6);
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const starts = await Promise.all(
    ports.map((port, index) =>
      k6Start({
        ...plan,
        calls: Math.floor(byK6 / count) + (index < byK6 % count ? 1 : 0),
        index,
        count,
        port,
        summaryFile: summaryIn(plan.folder),
        seed: seed + index,
      }),
    ),
  );
  return { starts: calls > byK6 ? [...starts, denseStart(plan, calls - byK6)] : starts, ports };
}

function denseStart({ scenario, target, minutes, folder }: CallersPlan, calls: number): GeneratorStart {
  const perSecond = Math.max(perSecondMin, Math.ceil(calls / dialS));
  const seconds = Math.max(heldSMin, minutes * 60 - calls / perSecond);
  const at = Object.entries(target.hosts).flatMap(([name, addresses]) =>
    addresses.flatMap((address) => ['--at', `${name}=${address}`]),
  );
  const summaryFile = summaryIn(folder);
  const told = ['--calls', calls, '--rate', perSecond, '--seconds', seconds, '--scenario', scenario].map(String);
  return {
    name: 'dense',
    bin: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', denseFile, 'callers', ...told, ...at, '--out', summaryFile],
    env: {
      ...process.env,
      PUBLIC_URL: target.url,
      TWILIO_ACCOUNT_SID: target.accountSid,
      TWILIO_AUTH_TOKEN: target.token,
    },
    summaryFile,
    boundMs: minutes * 60_000 + denseEndMs,
  };
}

const summaryIn = (folder: string): string => join(folder, `${crypto.randomUUID()}.json`);
