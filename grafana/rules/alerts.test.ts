import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lacksPart } from '../../src/embedded/parts.ts';
import { callCases } from './call-cases.fixture.ts';
import type { Case } from './case.fixture.ts';
import { healthy } from './healthy.fixture.ts';
import { ruleFiles } from './index.ts';
import { type Question, testRules, type UnitTest } from './promtool.fixture.ts';
import { rulesIn } from './render.ts';
import { isAlert } from './rule.ts';
import { realTime } from './scale.ts';
import { objectives } from './slo.ts';
import { nodeCases } from './node-cases.fixture.ts';
import { systemCases } from './system-cases.fixture.ts';

const cases = [...callCases, ...nodeCases, ...systemCases];
const alerts = rulesIn(ruleFiles, realTime).filter(isAlert);
/** Everything that fires; the long window tells the alerts of one objective apart. */
const firing = 'max by (alertname, severity, long) (ALERTS{alertstate="firing", alertname!="Watchdog"})';

const titleOf = ({ alert, severity, when }: Case): string => `${alert} (${severity}): ${when}`;

function labelsOf(alert: string): string {
  const [name = '', severity = '', long] = alert.split(' ');
  return `{alertname="${name}",severity="${severity}"${long === undefined ? '' : `,long="${long}"`}}`;
}

interface Groups {
  groups: { name: string; rules: { alert?: string; labels?: Record<string, string> }[] }[];
}

const written = new Map(
  await Promise.all(
    ruleFiles.map(async (file) => {
      const text = await readFile(join(import.meta.dirname, `${file.name}.yml`), 'utf8');
      return [file, parse(text) as Groups] as const;
    }),
  ),
);

/** The file that the alert stands in, as Prometheus reads it; of objectives, what is about this one. */
function rulesOf(alert: string): Groups {
  const file = ruleFiles.find((each) =>
    rulesIn([each], realTime).some((rule) => isAlert(rule) && rule.alert === alert),
  );
  const { groups } = (file && written.get(file)) ?? { groups: [] };
  const slo = objectives.find((each) => each.alert === alert)?.slo;
  if (slo === undefined) return { groups };
  const isAbout = (rule: Groups['groups'][number]['rules'][number]): boolean =>
    rule.alert === alert || rule.labels?.['slo'] === slo;
  return { groups: groups.map((group) => ({ ...group, rules: group.rules.filter(isAbout) })) };
}

/** What fires of this alert alone. */
function firingOf({ alert, severity, long }: Case): string {
  const own = `alertname="${alert}",severity="${severity}"${long === undefined ? '' : `,long="${long}"`}`;
  return firing.replace('alertname!="Watchdog"', own);
}

function testOf(one: Case): UnitTest {
  const { alert, severity, series, fires, long, silent, also = [] } = one;
  const questions: Question[] = silent.map((minute) => ({ expr: firingOf(one), minute, answers: [] }));
  const name = [alert, severity, ...(long === undefined ? [] : [long])].join(' ');
  // And nothing else: what is a consequence of the same thing is named in the case.
  if (fires !== undefined) questions.push({ expr: firing, minute: fires, answers: [name, ...also].map(labelsOf) });
  return { name: titleOf(one), series: { ...healthy(), ...series }, questions };
}

test('each alert has a case in which it fires, and minutes in which it must be silent', () => {
  const keyOf = (alert: string, severity: string, long?: string): string => `${alert} ${severity} ${long ?? ''}`;
  const fires = new Set(
    cases.flatMap((one) => (one.fires === undefined ? [] : [keyOf(one.alert, one.severity, one.long)])),
  );
  const silent = new Set(cases.flatMap((one) => (one.silent.length === 0 ? [] : [keyOf(one.alert, one.severity)])));
  const promised = new Set(objectives.map(({ alert }) => alert));
  const missing = alerts.flatMap(({ alert, severity }) => {
    // It cannot be silent: that is what it is for.
    if (alert === 'Watchdog') return [];
    // Alerts of all objectives are written by one function: AnswersLate shows each pair of windows.
    const long = cases.find((one) => one.alert === alert && one.severity === severity && one.fires !== undefined)?.long;
    if (promised.has(alert) && severity === 'ticket' && alert !== 'AnswersLate')
      return silent.has(keyOf(alert, 'page')) ? [] : [alert];
    return fires.has(keyOf(alert, severity, long)) && silent.has(keyOf(alert, severity))
      ? []
      : [`${alert} ${severity}`];
  });
  expect(missing).toEqual([]);
  const known = new Set(alerts.map(({ alert, severity }) => keyOf(alert, severity)));
  expect(cases.filter((one) => !known.has(keyOf(one.alert, one.severity)))).toEqual([]);
});

describe.skipIf(await lacksPart('prometheus'))('at the real windows', () => {
  test('in a healthy fleet no alert fires but the one that always does', async () => {
    const rules = { groups: [...written.values()].flatMap(({ groups }) => groups) };
    const questions = [1, 5, 20, 60].map((minute) => ({ expr: firing, minute, answers: [] }));
    const always = { expr: 'count(ALERTS{alertstate="firing"})', minute: 60, answers: ['{}'] };
    const { code, output } = await testRules(rules, [
      { name: 'healthy', series: healthy(), questions: [...questions, always] },
    ]);
    expect(code, output).toBe(0);
  });

  const names = [...new Set(cases.map(({ alert }) => alert))];
  test.concurrent.each(names)('%s fires when it must, and is silent when it must', async (alert) => {
    const tests = cases.filter((one) => one.alert === alert).map(testOf);
    const { code, output } = await testRules(rulesOf(alert), tests);
    expect(code, output).toBe(0);
  });
});
