import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuditEntryEntity } from '../../entities/audit-entry.ts';
import { CallLogEntity, type CallLog } from '../../entities/call-log.ts';
import { KnowledgeDocumentEntity } from '../../entities/knowledge-document.ts';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import { seed } from '../../entities/seed/index.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createRecordings } from '../services/recordings.ts';
import { createLog } from '../telemetry/log.ts';
import { startConsole, TOKEN, type TestConsole } from './console.fixture.ts';

const NOON = Date.parse('2026-11-18T12:00:00-05:00');
const HOSTILE = `<script>alert("1")</script>'&`;
const bearer = { authorization: `Bearer ${TOKEN}` };

const log = createLog('silent');

function call(index: number, more: Partial<CallLog> = {}): Partial<CallLog> {
  const startedAt = new Date(NOON - index * 60_000);
  return {
    callSid: `CA${index}`,
    fromNumber: `+1207555${1000 + index}`,
    status: 'COMPLETED',
    startedAt,
    endedAt: startedAt,
    duration: 60,
    ...more,
  };
}

const textOf = (page: string, id: string) =>
  new RegExp(`id="${id}"[^>]*>([\\s\\S]*?)</dd>`)
    .exec(page)?.[1]
    ?.replace(/<[^>]+>/g, '')
    .trim();

await onBothDatabases((database) => {
  let served: TestConsole;
  const get = (path: string, headers: Record<string, string> = bearer) =>
    fetch(served.base + path, { headers, redirect: 'manual' });
  beforeAll(async () => {
    const { source } = database;
    const account = { accountSid: '', authTokens: [], apiUrl: '' };
    const recordings = createRecordings(source, { account, store: null, log });
    served = await startConsole({ dataSource: source, recordings, now: () => NOON });
  });
  afterAll(() => served.close());

  describe('pages', () => {
    test('an empty database has its pages too, with the default name', async () => {
      const page = await (await get('/admin/dashboard')).text();
      expect(['calls-today', 'calls-answered', 'calls-average'].map((id) => textOf(page, id))).toEqual(['0', '0', '–']);
      expect(page).toContain('No call has come in yet.');
      expect(page).toContain('<title>Dashboard · Mangy Dog Coffee</title>');
      expect(await (await get('/admin/knowledge-base')).text()).toContain('No document has been written yet.');
    });

    describe('with rows', () => {
      beforeAll(async () => {
        await seed(database.source, NOON);
        await database.source
          .getRepository(KnowledgeDocumentEntity)
          .insert({ slug: 'hostile', category: HOSTILE, title: HOSTILE, body: HOSTILE, sortOrder: 99 });
        const calls = Array.from({ length: 12 }, (_, index) =>
          call(index, { answeredAt: index % 2 === 0 ? new Date(NOON) : null }),
        );
        calls.push(
          call(12, {
            status: 'IN-PROGRESS',
            endedAt: null,
            duration: null,
            startedAt: new Date(NOON - 30_000),
            intents: [HOSTILE],
            fromNumber: HOSTILE,
            outcome: HOSTILE,
          }),
        );
        await database.source.getRepository(CallLogEntity).insert(calls);
      });

      test('the dashboard: statistics and the ten most recent calls, newest first', async () => {
        const response = await get('/admin/dashboard');
        expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
        const page = await response.text();
        expect(['calls-today', 'calls-answered', 'calls-average'].map((id) => textOf(page, id))).toEqual([
          '13',
          '6 46 %',
          '1:00',
        ]);
        expect([...page.matchAll(/href="\/admin\/calls\/(CA\d+)"/g)].map(([, callSid]) => callSid)).toEqual([
          'CA0',
          'CA12',
          'CA1',
          'CA2',
          'CA3',
          'CA4',
          'CA5',
          'CA6',
          'CA7',
          'CA8',
        ]);
        expect(page).toContain('Nov 18, 12:00 PM');
      });

      test('the knowledge base: every document under its category', async () => {
        const page = await (await get('/admin/knowledge-base')).text();
        const headings = [...page.matchAll(/<h2[^>]*>([^<]+)</g)].map(([, name]) => name);
        expect(headings.slice(0, -1)).toEqual([
          'Visiting',
          'Dogs',
          'Ordering',
          'Diet and allergies',
          'Beans and brewing',
          'Subscriptions and gifts',
          'About us',
        ]);
        expect([...page.matchAll(/<h3>/g)]).toHaveLength(31);
        expect(page.indexOf('Pup cups')).toBeGreaterThan(page.indexOf('>Dogs</h2>'));
        expect(page.indexOf('Pup cups')).toBeLessThan(page.indexOf('>Ordering</h2>'));
      });

      test.each(['/admin/dashboard', '/admin/knowledge-base', '/admin/calls/CA12'])(
        '%s: markup in rows is text',
        async (path) => {
          const page = await (await get(path)).text();
          expect(page).not.toContain('<script>');
          expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;');
        },
      );

      test.each([
        '/admin/calls/CA404',
        '/admin/calls/',
        '/admin/calls/a/b',
        '/admin/calls/%00',
        '/admin/calls/%E0%A4%A',
        '/admin/other',
        '/admin/static/../routes.ts',
        '/admin/static/%2e%2e/routes.ts',
      ])('%s: 404', async (path) => {
        const response = await get(path);
        expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('Nothing here')]);
      });

      test('a database that does not answer: a sentence, a line in the log, and the next page works', async () => {
        await database.source.query('ALTER TABLE call_log RENAME TO away');
        served.lines.length = 0;
        const response = await get('/admin/dashboard');
        await database.source.query('ALTER TABLE away RENAME TO call_log');
        expect([response.status, await response.text()]).toEqual([
          503,
          expect.stringContaining('The database does not answer.'),
        ]);
        expect(served.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
          'a console page failed',
        ]);
        expect((await get('/admin/dashboard')).status).toBe(200);
      });

      test('a page may load its own style and nothing else', async () => {
        const { headers } = await get('/admin/dashboard');
        expect(headers.get('content-security-policy')).toBe(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        );
        expect(headers.get('cache-control')).toBe('no-store');
        const page = await (await get('/admin/calls/CA12')).text();
        expect(page).not.toMatch(/ style=| on\w+=|<style|<script>|https?:/);
        for (const [, source] of page.matchAll(/<script src="([^"]+)"/g)) {
          const script = await get(source ?? '', {});
          expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
          expect(script.headers.get('cache-control')).toContain('immutable');
        }
      });

      test('a message is listened to on the page of its call, by whoever has the token, and counts as heard', async () => {
        const rows = database.source.getRepository(VoicemailEntity);
        const recordingSid = `RE${'1'.repeat(32)}`;
        const audio = Buffer.from('RIFF');
        const message = {
          callSid: 'CA12',
          fromNumber: '+1',
          audio,
          contentType: 'audio/x-wav',
          status: 'new' as const,
        };
        await rows.insert({ recordingSid, ...message });
        const path = `/admin/recordings/voicemail/${recordingSid}`;
        expect(await (await get('/admin/calls/CA12')).text()).toContain(`src="${path}"`);
        expect((await get(path, {})).status).toBe(401);
        expect((await get(`/admin/recordings/call/${recordingSid}`)).status).toBe(404);
        expect((await get(`/admin/recordings/other/${recordingSid}`)).status).toBe(404);
        expect((await rows.findOneByOrFail({ recordingSid })).status).toBe('new');
        const sound = await get(path);
        expect([sound.headers.get('content-type'), await sound.text()]).toEqual(['audio/x-wav', 'RIFF']);
        expect((await rows.findOneByOrFail({ recordingSid })).status).toBe('heard');
        const played = await database.source.getRepository(AuditEntryEntity).findBy({ subject: recordingSid });
        expect(played.map(({ whoName, action }) => [whoName, action])).toEqual([['ADMIN_TOKEN', 'voicemail.played']]);
        await rows.clear();
      });

      test('static files are served without the token, and not sent twice', async () => {
        const style = await get('/admin/static/console.css', {});
        expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
        expect(await style.text()).toContain('prefers-color-scheme');
        const again = await get('/admin/static/console.css', { 'if-none-match': style.headers.get('etag') ?? '' });
        expect([again.status, await again.text()]).toEqual([304, '']);
        expect((await get('/admin/static/icon.svg', {})).headers.get('content-type')).toBe('image/svg+xml');
      });
    });
  });
});
