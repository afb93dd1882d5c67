import type { BoardSpec } from './panel.ts';

const CALL = '${call:sqlstring}';

/** Everything that is known of one call, from its rows, its trace and its log lines. */
export const oneCall: BoardSpec = {
  uid: 'aida-call',
  file: 'one-call',
  title: 'Aida / One call',
  question: 'What happened in this call? Pick it below or paste its CallSid above.',
  from: 'now-6h',
  call: true,
  rows: [
    {
      title: 'Which call',
      height: 8,
      panels: [
        {
          kind: 'rows',
          title: 'Calls, the longest silence first',
          good: 'no silence above 2 s. Choose a call to see all of it below.',
          unit: 'string',
          bounds: { above: [2, 3] },
          runbook: 'panels/one-call',
          width: 24,
          sql: `SELECT c.call_sid AS "call", c.started_at AS "began", coalesce(c.outcome, 'live') AS "outcome",
  c.duration AS "lasted", (SELECT max(ms) / 1000.0 FROM unnest(f.silences_ms) AS ms) AS "longest silence",
  cardinality(f.silences_ms) AS "answers",
  (SELECT count(*) FROM tool_execution t WHERE t.call_sid = c.call_sid AND t.result IN ('failed', 'late')) AS "tools failed"
FROM call_log c LEFT JOIN call_figure f USING (call_sid)
WHERE c.started_at BETWEEN $__timeFrom() AND $__timeTo()
ORDER BY 5 DESC NULLS LAST, c.started_at DESC LIMIT 50`,
          columns: [
            {
              name: 'call',
              unit: 'string',
              width: 320,
              link: '/d/aida-call?${__url_time_range}&var-call=${__value.text}',
            },
            { name: 'began', unit: 'dateTimeAsLocal' },
            { name: 'lasted', unit: 's' },
            { name: 'longest silence', unit: 's', bounds: { above: [2, 3] } },
            { name: 'answers', unit: 'none' },
            { name: 'tools failed', unit: 'none', bounds: { above: [1, 2] } },
          ],
        },
      ],
    },
    {
      title: 'The call',
      height: 5,
      panels: [
        {
          kind: 'rows',
          title: 'Its row',
          good: 'it has an outcome, an end and a transcript within a minute of its end.',
          unit: 'string',
          bounds: { above: [1, 2] },
          runbook: 'panels/one-call',
          width: 24,
          sql: `SELECT status, coalesce(outcome, 'live') AS "outcome", started_at AS "began", answered_at AS "answered", ended_at AS "ended",
  duration AS "lasted", extract(epoch FROM processed_at - ended_at) AS "transcript after", array_to_string(intents, ', ') AS "about",
  last_epoch AS "epoch", last_seq AS "facts in it"
FROM call_log WHERE call_sid = ${CALL}`,
          columns: [
            { name: 'began', unit: 'dateTimeAsLocal' },
            { name: 'answered', unit: 'dateTimeAsLocal' },
            { name: 'ended', unit: 'dateTimeAsLocal' },
            { name: 'lasted', unit: 's' },
            { name: 'transcript after', unit: 's', bounds: { above: [20, 60] } },
          ],
        },
      ],
    },
    {
      title: 'What was said and done',
      height: 11,
      panels: [
        {
          kind: 'rows',
          title: 'What was said, and what of it was heard',
          good: 'what was heard is what was said, but where the caller interrupted.',
          unit: 'string',
          bounds: { above: [2, 3] },
          runbook: 'panels/one-call',
          width: 12,
          sql: `SELECT at, who, coalesce(heard_text, text) AS "words", CASE WHEN cut THEN 'cut' ELSE '' END AS "cut",
  heard_ms / 1000.0 AS "heard", total_ms / 1000.0 AS "of"
FROM turn WHERE call_sid = ${CALL} ORDER BY at, epoch, seq LIMIT 500`,
          columns: [
            { name: 'at', unit: 'dateTimeAsLocal', width: 170 },
            { name: 'who', unit: 'string', width: 80 },
            { name: 'cut', unit: 'string', width: 60 },
            { name: 'heard', unit: 's', width: 80 },
            { name: 'of', unit: 's', width: 80 },
          ],
        },
        {
          kind: 'rows',
          title: 'Silence before each answer',
          good: 'each below 1.75 s.',
          unit: 's',
          bounds: { above: [1.75, 2] },
          runbook: 'SilenceLong',
          width: 4,
          sql: `SELECT n AS "answer", ms / 1000.0 AS "silence"
FROM call_figure, unnest(silences_ms) WITH ORDINALITY AS each (ms, n) WHERE call_sid = ${CALL} ORDER BY n`,
          columns: [
            { name: 'answer', unit: 'none' },
            { name: 'silence', unit: 's', bounds: { above: [1.75, 2] } },
          ],
        },
        {
          kind: 'rows',
          title: 'Tools that it ran',
          good: 'each ok, within a quarter of a second.',
          unit: 'string',
          bounds: { above: [250, 1_000] },
          runbook: 'panels/tools',
          width: 8,
          sql: `SELECT started_at AS "at", name AS "tool", coalesce(result, 'runs') AS "result", duration_ms AS "took", arguments, output AS "answer"
FROM tool_execution WHERE call_sid = ${CALL} ORDER BY started_at`,
          columns: [
            { name: 'at', unit: 'dateTimeAsLocal', width: 170 },
            { name: 'took', unit: 'ms', bounds: { above: [250, 1_000] }, width: 80 },
          ],
        },
      ],
    },
    {
      title: 'Where its time went',
      height: 14,
      panels: [
        {
          kind: 'trace',
          title: 'Its trace',
          good: 'turns of about a second, most of it the model; no span without an end.',
          unit: 'ms',
          bounds: { above: [1_750, 2_000] },
          runbook: 'panels/one-call',
          width: 24,
          query: '${trace}',
        },
      ],
    },
    {
      title: 'What nodes said about it',
      height: 10,
      panels: [
        {
          kind: 'logs',
          title: 'Its log lines, of every node',
          good: 'no warning and no error.',
          unit: 'none',
          bounds: { above: [1, 2] },
          runbook: 'panels/one-call',
          width: 24,
          expr: '{service_name="aida"} |= "$call" | json | callSid = "$call"',
        },
      ],
    },
    {
      title: 'Others like it',
      height: 8,
      panels: [
        {
          kind: 'traces',
          title: 'Slow turns of other calls',
          good: 'nothing is listed.',
          unit: 's',
          bounds: { above: [1.75, 2] },
          runbook: 'SilenceLong',
          width: 12,
          query: '{ resource.service.name = "aida" && name = "turn" && span.aida.slow_turn = true }',
        },
        {
          kind: 'logs',
          title: 'Errors of nodes in this time',
          good: 'nothing is listed.',
          unit: 'none',
          bounds: { above: [1, 10] },
          runbook: 'Exceptions',
          width: 12,
          expr: '{service_name="aida"} | json | level =~ "error|fatal"',
        },
      ],
    },
  ],
};
