import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { CallLogEntity, type CallLog } from '../../entities/call-log.ts';
import { openDatabase } from '../services/database.ts';
import { type ConversationOptions, type ConversationReport, runConversation } from './caller/conversation.ts';
import { loadScript, ScriptError, type Script } from './caller/script.ts';
import { speechFrom } from './caller/speech.ts';
import { formatLine } from './caller/transcript.ts';
import { type JournalWitness, watchJournal } from './journal-witness.ts';
import { type Stack, startStack } from './stack.ts';
import type { SimCall } from './twilio/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(import.meta.dirname, 'caller/scripts/demo.yaml');
const OUT = join(ROOT, 'out');
/** The row is projected and its intents read after the call's end. */
const ROW_MS_MAX = 15_000;
const ROW_POLL_MS = 200;
const INTERRUPTED = 130;
/** Brisk, so that the whole conversation takes about a minute at a pace of 1. */
const CHARS_PER_SECOND = 24;
/** With --once nobody listens: as fast as the simulated voice is still heard word for word. */
const PACE_ONCE = 16;
const PACE_MAX = 20;
const LOG_LINES = 10;
const API_URL = 'https://api.openai.com/v1';
const PASSED_ON = ['OPENAI_API_KEY', 'OPENAI_REALTIME_URL', 'OPENAI_REALTIME_MODEL', 'OPENAI_API_URL'];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm run demo [-- --once] [-- --script FILE] [-- --pace N]`: one call through everything. Returns the exit code. */
async function demo(): Promise<number> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      script: { type: 'string' },
      pace: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const script = await loadScript(values.script ?? SCRIPT);
  const apiKey = process.env['OPENAI_API_KEY'] ?? '';
  const real = apiKey !== '';
  const pace = real ? 1 : paceOf(values.pace ?? (values.once ? String(PACE_ONCE) : '1'));
  say(`Aida's demo: ${script.name}${real ? ' (with the real model)' : ''}`);
  const stack = await startStack({
    onStep: (step) => say(`  starting ${step} …`),
    onLog: (line) => values.verbose && process.stderr.write(`${line}\n`),
    ...(real
      ? { model: null, env: { ...given(PASSED_ON), PHONE: 'on' } }
      : { model: { charsPerSecond: CHARS_PER_SECOND * pace }, speech: true, env: { PHONE: 'on' } }),
  });
  say(`  ready after ${seconds(performance.now())}`);
  const stopped = stopOnSignal(stack);
  try {
    const speech = real ? speechFrom(process.env['OPENAI_API_URL'] ?? API_URL, apiKey) : null;
    const report = await Promise.race([converse(stack, script, speech, pace), stopped.then(() => null)]);
    if (!report) return INTERRUPTED;
    const row = await rowOf(stack, report.callSid);
    const failures = [
      ...report.failures,
      ...(row?.processedAt ? [] : ["the call's row was not finished"]),
      ...complaintsOf(stack),
    ];
    show(stack, report, row, { failures, isReal: real });
    if (!values.once) {
      say('Ctrl-C ends it.');
      await stopped;
    }
    return failures.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

async function converse(
  stack: Stack,
  script: Script,
  speech: ((text: string) => Promise<Uint8Array>) | null,
  pace: number,
): Promise<ConversationReport> {
  await mkdir(OUT, { recursive: true });
  const witnesses = new Map<SimCall, JournalWitness>();
  const witness = (call: SimCall): JournalWitness => {
    const known = witnesses.get(call) ?? watchJournal(stack.link, call);
    witnesses.set(call, known);
    return known;
  };
  const options: ConversationOptions = {
    onLine: (line) => say(formatLine(line)),
    tools: (call) => witness(call).tools(),
    wavFile: join(OUT, 'demo.wav'),
    pace,
    settle: async (call) => witness(call).stop(),
    ...(speech ? { speech, utterances: (call: SimCall) => witness(call).utterances() } : {}),
  };
  say('');
  return runConversation(script, stack.twilio, options);
}

function show(
  stack: Stack,
  report: ConversationReport,
  row: CallLog | null,
  { failures, isReal }: { failures: readonly string[]; isReal: boolean },
): void {
  const turns = report.turnsMs.map((ms) => (ms / 1000).toFixed(2)).join(' ');
  say('');
  say(`Call     ${report.callSid}: ${report.status}, ended by ${report.ended}`);
  say(`Times    first word ${seconds(report.firstWordMs)}, silence before answers ${turns === '' ? 'none' : turns} s`);
  say(`Row      ${row ? describeRow(row) : 'none was written'}`);
  say(`Heard    ${relative(process.cwd(), join(OUT, 'demo.wav'))}`);
  const pages = `http://127.0.0.1:${stack.node.opsPort}`;
  say(`Pages    ${pages}/admin/dashboard (name admin, password ${stack.adminToken})`);
  say(
    `Phone    ${pages}/phone: call yourself${isReal ? '' : '; this model understands what is typed, not what is spoken'}`,
  );
  for (const failure of failures) say(`Wrong    ${failure}`);
  say(failures.length === 0 ? 'The caller heard what was expected.' : 'The caller did not hear what was expected.');
}

/** The finished row, or the last state of it. */
async function rowOf(stack: Stack, callSid: string): Promise<CallLog | null> {
  const source = await openDatabase(stack.database.url, { poolMax: 1 });
  try {
    const untilMs = performance.now() + ROW_MS_MAX;
    for (;;) {
      const row = await source.getRepository(CallLogEntity).findOneBy({ callSid });
      if (row?.processedAt || performance.now() > untilMs) return row;
      await new Promise((resolve) => setTimeout(resolve, ROW_POLL_MS));
    }
  } finally {
    await source.destroy();
  }
}

function describeRow(row: CallLog): string {
  const lines = row.transcript?.length ?? 0;
  return `${row.status} from ${row.fromNumber}, ${row.duration} s, outcome ${row.outcome}, ${lines} lines of transcript, intents ${row.intents.join(', ') || 'none'}`;
}

function complaintsOf(stack: Stack): string[] {
  return [...stack.twilio.complaints, ...(stack.model?.complaints ?? [])].map((complaint) => `complaint: ${complaint}`);
}

/** Resolves at the first signal, or when the node ends by itself, which it then says. */
async function stopOnSignal(stack: Stack): Promise<void> {
  let expected = false;
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => {
        expected = true;
        resolve();
      });
    }
  });
  const ended = stack.node.exited.then((code) => {
    // A terminal gives Ctrl-C to the node as well.
    if (expected || stack.stopping) return;
    say(`Aida ended with ${code}:\n${stack.node.log.slice(-LOG_LINES).join('\n')}`);
  });
  await Promise.race([signalled, ended]);
}

function paceOf(text: string): number {
  const pace = Number(text);
  if (!(pace >= 1 && pace <= PACE_MAX)) throw new ScriptError([`--pace must be 1 to ${PACE_MAX}, not ${text}`]);
  return pace;
}

function given(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function seconds(ms: number | null): string {
  return ms === null ? 'never' : `${(ms / 1000).toFixed(2)} s`;
}

try {
  process.exitCode = await demo();
} catch (error) {
  process.stderr.write(
    `${error instanceof ScriptError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
}
