import { z } from 'zod';
import { ScriptError } from '../caller/script.ts';
import { speechFrom } from '../caller/speech.ts';
import { type JournalWitness, watchJournal } from '../journal-witness.ts';
import type { SimCall } from '../twilio/index.ts';
import type { RealModel } from './runner.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';

const API_URL = 'https://api.openai.com/v1';
const PASSED_ON = ['OPENAI_API_KEY', 'OPENAI_REALTIME_URL', 'OPENAI_REALTIME_MODEL', 'OPENAI_API_URL'];
const JUDGE_MODEL = 'gpt-4.1-mini';
const TIMEOUT_MS = 60_000;
const BRIEF =
  'You judge a telephone conversation between a caller and an automated assistant. You are given its transcript and ' +
  'numbered statements about it. Answer with JSON only: {"verdicts": [{"holds": boolean, "why": string}, …]}, one for ' +
  'each statement in their order. A statement holds only where the transcript shows it.';

export interface RealSettings {
  apiUrl: string;
  apiKey: string;
  judge: string;
  /** For the nodes. */
  env: Record<string, string>;
}

const answer = z.object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1) });
const verdicts = z.object({ verdicts: z.array(z.object({ holds: z.boolean(), why: z.string() })) });

/** OPENAI_API_KEY, and where it is not OpenAI itself OPENAI_API_URL; OPENAI_JUDGE_MODEL names who judges. Throws without a key. */
export function realSettings(env: Readonly<Record<string, string | undefined>>): RealSettings {
  const apiKey = env['OPENAI_API_KEY'] ?? '';
  if (apiKey === '') throw new ScriptError(['--real needs OPENAI_API_KEY: the calls are had with the real model']);
  return {
    apiKey,
    apiUrl: env['OPENAI_API_URL'] ?? API_URL,
    judge: env['OPENAI_JUDGE_MODEL'] ?? JUDGE_MODEL,
    env: Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  };
}

/** Callers speak with a synthesized voice, words come from the call's transcripts, a chat model judges them. */
export function realModel(settings: RealSettings): RealModel {
  const speech = speechFrom(settings.apiUrl, settings.apiKey);
  return {
    async voices(stage, scenario) {
      const witnesses = new Map<SimCall, JournalWitness>();
      const audio = new Map<string, Uint8Array>();
      const lines = [scenario.steps, ...scenario.others.map(({ steps }) => steps)].flat().flatMap(lineIn);
      for (const line of new Set(lines)) audio.set(line, await speech(line));
      return {
        audio,
        utterances: (call) => {
          const known = witnesses.get(call) ?? watchJournal(stage.link, call);
          witnesses.set(call, known);
          return known.utterances();
        },
        async stop() {
          for (const witness of witnesses.values()) await witness.stop();
        },
      };
    },
    judge: (scenario, timeline) => judge(settings, scenario, timeline),
  };
}

function lineIn(step: ScenarioStep): string[] {
  if (step.kind === 'say') return [step.say];
  return step.kind === 'interrupt' ? [step.interrupt] : [];
}

/** What the judge says is not so of the conversation. Rejects when nobody judges. */
export async function judge(
  { apiUrl, apiKey, judge: model }: RealSettings,
  { judged }: Pick<Scenario, 'judged'>,
  timeline: readonly string[],
): Promise<string[]> {
  const statements = judged.map((statement, index) => `${index + 1}. ${statement}`).join('\n');
  const response = await fetch(`${apiUrl}/chat/completions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model,
      response_format: { type: 'json_object' },
      messages: [
        { role: 'system', content: BRIEF },
        { role: 'user', content: `Transcript:\n${timeline.join('\n')}\n\nStatements:\n${statements}` },
      ],
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the judge answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  const { choices } = answer.parse(await response.json());
  const found = verdicts.parse(JSON.parse(choices[0]?.message.content ?? '{}')).verdicts;
  return judged.flatMap((statement, index) => {
    const verdict = found[index];
    if (verdict?.holds === true) return [];
    return [`not so: ${statement} (${verdict?.why ?? 'the judge said nothing of it'})`];
  });
}
