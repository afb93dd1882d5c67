import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Callers } from './callers/callers.ts';
import { LeanModel } from './model/lean-model.ts';
import { linesOf } from './report.ts';
import { boundMsOf, runLoad } from './run.ts';

const usage = `toolchain/run src/sim/load/main.ts model [--port PORT] [--open-late MS] [--speed TIMES] [--key FILE --cert FILE]
toolchain/run src/sim/load/main.ts callers --at NAME=ADDRESS… --calls N [--rate PER_SECOND] [--seconds S]
    [--barge-in SHARE] [--jitter FRAMES] [--loss SHARE] [--patience S] [--scenario NAME] [--out FILE]
  Callers read PUBLIC_URL, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN as the node does. --at https://aida.example.com=127.0.0.1:3000
  says where a public name is, wss://… names too.`;

/** More than the bound of a plan: something in this process is broken. */
const graceMs = 10_000;

const number = (given: string | undefined, other: number): number => {
  const value = given === undefined ? other : Number(given);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${given} is no number`);
  return value;
};

async function model(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      'open-late': { type: 'string' },
      speed: { type: 'string' },
      key: { type: 'string' },
      cert: { type: 'string' },
    },
  });
  const { key, cert } = values;
  const lean = await LeanModel.start({
    port: number(values.port, 0),
    openLateMs: number(values['open-late'], 0),
    ...(values.speed === undefined ? {} : { speed: number(values.speed, 8) }),
    ...(key !== undefined && cert !== undefined ? { tls: { keyFile: key, certFile: cert } } : {}),
  });
  print({ url: lean.url, port: lean.port });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      print({ ...lean.counts(), last: lean.complaints.slice(-3) });
      lean.close();
      process.exit();
    });
  }
}

async function callers(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      at: { type: 'string', multiple: true },
      calls: { type: 'string' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
      'barge-in': { type: 'string' },
      jitter: { type: 'string' },
      loss: { type: 'string' },
      patience: { type: 'string' },
      scenario: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const party = new Callers({
    target: {
      publicUrl: setting('PUBLIC_URL'),
      hosts: hostsOf(values.at ?? []),
      accountSid: setting('TWILIO_ACCOUNT_SID'),
      authToken: setting('TWILIO_AUTH_TOKEN').split(',')[0] ?? '',
    },
    bargeInShare: number(values['barge-in'], 0),
    jitterFramesMax: number(values.jitter, 0),
    lossShare: number(values.loss, 0),
    ...(values.patience === undefined ? {} : { patienceMs: number(values.patience, 0) * 1000 }),
  });
  const plan = {
    scenario: values.scenario ?? 'dense',
    calls: number(values.calls, 1),
    perSecond: Math.max(0.1, number(values.rate, 20)),
    seconds: number(values.seconds, 30),
  };
  const overdue = setTimeout(
    () => {
      process.stderr.write('the run was not over at its bound\n');
      process.exit(1);
    },
    boundMsOf(plan) + graceMs,
  );
  // Asked to end: what was seen so far is told.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => party.leave());
  const summary = await runLoad(party, plan, ({ calls, talking, waiting, failed }) =>
    process.stderr.write(`${calls} calls, ${talking} talking, ${waiting} waiting, ${failed} failed\n`),
  );
  clearTimeout(overdue);
  party.close();
  for (const line of linesOf(summary)) process.stderr.write(`${line}\n`);
  for (const complaint of party.complaints.slice(-3)) process.stderr.write(`complaint: ${complaint}\n`);
  if (values.out === undefined) print(summary);
  else await writeFile(values.out, `${JSON.stringify(summary, null, 2)}\n`);
  process.exitCode = party.recorder.failed > 0 ? 1 : 0;
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

function hostsOf(pairs: readonly string[]): Record<string, string[]> {
  const hosts: Record<string, string[]> = {};
  for (const pair of pairs) {
    const [name = '', address = ''] = pair.split('=');
    (hosts[name] ??= []).push(address);
  }
  return hosts;
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'model') await model(rest);
  else if (command === 'callers') await callers(rest);
  else {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
