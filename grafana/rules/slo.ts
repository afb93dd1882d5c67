import { burnAlertsOf, type Objective, objectiveOf, recordingsOf } from './burn.ts';
import { above, increased } from './expressions.ts';
import type { RuleFile } from './render.ts';

/** What callers are promised: docs/alerts.md has the table. */
export const objectives: readonly Objective[] = [
  {
    slo: 'answered',
    alert: 'AnswersLate',
    objective: 0.995,
    // Who hangs up within the two seconds was neither answered nor kept waiting.
    bad: (window) => increased('aida_calls_answered_total{result=~"late|never"}', window),
    all: (window) => increased('aida_calls_answered_total{result!="hung_up"}', window),
    promise: 'New calls hear something within 2 s of their webhook',
    callers: 'They hear ringing turn into silence, and many hang up before the greeting.',
  },
  {
    slo: 'silence',
    alert: 'SilenceLong',
    objective: 0.95,
    bad: (window) => above('aida_silence_seconds', 2, window),
    all: (window) => increased('aida_silence_seconds_count', window),
    promise: 'Answers are heard within 2 s of the last word of the caller',
    callers: 'They wait after each sentence, say "hello?", and talk into the answer when it comes.',
  },
  {
    slo: 'dead_air',
    alert: 'CallsWithDeadAir',
    objective: 0.97,
    bad: (window) => increased('aida_streams_ended_total{dead_air="yes"}', window),
    all: (window) => increased('aida_streams_ended_total', window),
    promise: 'Calls pass without two seconds of silence in which the caller waits',
    callers: 'The line seems dead for seconds: they ask whether anybody is there, or hang up.',
  },
  {
    slo: 'not_cut',
    alert: 'CallsCut',
    objective: 0.999,
    bad: (window) => increased('aida_calls_cut_total', window),
    all: (window) => increased('aida_calls_ended_total', window),
    promise: 'Calls end when the caller or the assistant ends them',
    callers: 'They are cut off in the middle of a conversation, and call again.',
  },
  {
    slo: 'transcripts',
    alert: 'TranscriptsLate',
    objective: 0.99,
    bad: (window) => increased('aida_transcripts_total{result=~"late|overdue"}', window),
    all: (window) => increased('aida_transcripts_total', window),
    promise: 'Transcripts are stored within a minute of the end of a conversation',
    callers: 'Nothing. The store sees calls late, and who calls again soon is not remembered.',
  },
];

export const slo: RuleFile = {
  name: 'slo',
  groups: (scale) => [
    {
      name: 'aida-slo',
      rules: [...objectives.map(objectiveOf), ...objectives.flatMap((each) => recordingsOf(each, scale, false))],
    },
    {
      name: 'aida-slo-slow',
      interval: '1m',
      rules: objectives.flatMap((each) => recordingsOf(each, scale, true)),
    },
    { name: 'aida-slo-alerts', rules: objectives.flatMap((each) => burnAlertsOf(each, scale)) },
  ],
};
