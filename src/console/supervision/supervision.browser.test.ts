import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountEntity } from '../../../entities/account.ts';
import { AuditEntryEntity } from '../../../entities/audit-entry.ts';
import { fakeCarrier, type FakePort, farewell, newSid } from '../../calls/calls.fixture.ts';
import { TestFleet, type TestNode } from '../../calls/fleet.fixture.ts';
import type { ResidentCall } from '../../calls/stream-port.ts';
import { PRICES_DEFAULT } from '../../config-checks.ts';
import { heartbeat } from '../../directory/fleet.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { createListen } from '../../media/listen.ts';
import { TestListener } from '../../media/listen.fixture.ts';
import type { TapEar } from '../../media/tap.ts';
import { toldByJournal } from '../../replay/told.ts';
import { encodeUtterance } from '../../sim/voice/index.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';

/** Whatever else this machine does. */
const LATE = { timeout: 10_000 };
const LISTEN_SECRET = 'a-secret';
const SELF = { node: 'n1', incarnation: 'n11' };
const ears = new Set<TapEar>();
const listen = createListen({
  tap: (_, ear) => {
    ears.add(ear);
    return { count: ears.size, stop: () => ears.delete(ear) };
  },
  secret: LISTEN_SECRET,
  now: Date.now,
  log: createLog('silent'),
  metrics: createMetrics(),
});
let console: TestConsole;
let fleet: TestFleet;
let node: TestNode;
let redirected: string[] = [];
let beating: NodeJS.Timeout;

beforeAll(async () => {
  console = await startConsole({
    calls: { self: SELF, listenSecret: LISTEN_SECRET, redisNow: Date.now },
    told: {
      score: (callSid) => toldByJournal(fleet.link, callSid, createLog('silent')),
      prices: PRICES_DEFAULT,
      traceUrl: null,
    },
    sockets: [{ ...listen, path: '/listen', upgrade: () => ({ accept: {} }) }],
  });
  fleet = await TestFleet.start(console.redis.url);
  const redirect = async (callSid: string) => {
    redirected.push(callSid);
    return 'done' as const;
  };
  node = await fleet.node(SELF.node, undefined, { carrier: fakeCarrier({ redirect }) });
});
beforeAll(async () => {
  await beat(node, 1);
  // Tests in a browser last longer than a node may be silent.
  beating = setInterval(() => void beat(node, 1), 500);
});
beforeEach(() => {
  redirected = [];
});
afterAll(async () => {
  clearInterval(beating);
  await fleet.close();
  await console.close();
});

const beat = ({ name }: TestNode, place: number) =>
  heartbeat(fleet.link, {
    self: { ...name, nodeUrl: '', mediaUrl: `wss://voice.example.com/${place}/media-stream`, version: '' },
    capacity: 10,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });

/** A call that talks with the assistant. */
async function talk(): Promise<{ callSid: string; call: ResidentCall; port: FakePort }> {
  const talking = await node.talk();
  talking.call.tell({ type: 'caller.speechStopped', itemId: 'u1' });
  for (const fact of farewell) talking.call.tell(fact);
  return talking;
}

const at = (callSid: string, what: string) => `/admin/calls/${callSid}/${what}`;
const audited = async (callSid: string) =>
  (
    await console.source.getRepository(AuditEntryEntity).find({ where: { subject: callSid }, order: { id: 'ASC' } })
  ).map(({ whoName, action, detail }) => [whoName, action, detail] as const);

describe('the panel of a call', () => {
  test('whispers, and says so', async () => {
    const { callSid, port } = await talk();
    const { status, location } = await console.post(
      at(callSid, 'whisper'),
      { note: ' offer\r\nthe refund ' },
      'supervisor',
    );
    expect([status, location]).toEqual([303, at(callSid, 'supervision')]);
    expect(port.asked.at(-1)).toMatch(/^note note_\S+ offer the refund$/);
    const { text } = await console.get(at(callSid, 'supervision'), 'supervisor');
    expect(text).toContain('Aida talks with the caller.');
    expect(text).toMatch(/supervisor\s+noted for Aida: offer the refund/);
    expect(await audited(callSid)).toEqual([['supervisor', 'call.whispered', { id: expect.any(String) as string }]]);
  });

  test('takes over at the number that is kept for the next time, and gives back', async () => {
    const { callSid, call, port } = await talk();
    await console.post(at(callSid, 'take-over'), { phone: '+1 (207) 555-0199' }, 'supervisor');
    await port.saw('play connecting en');
    call.tell({ type: 'assistant.fellSilent' });
    await port.saw('end left');
    call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'left' });
    await node.calls.answer({
      callSid,
      idempotencyToken: null,
      kind: 'next',
      fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
      render: () => '',
    });
    const { text } = await console.get(at(callSid, 'supervision'), 'supervisor');
    expect(text).toContain('The call is at the phone of supervisor.');
    expect(text).toContain('value="+12075550199"');
    expect(text).not.toContain('id="transfer"');
    await console.post(at(callSid, 'give-back'), {}, 'supervisor');
    expect(redirected).toEqual([callSid]);
    expect((await audited(callSid)).map(([, action]) => action)).toEqual(['call.takenOver', 'call.givenBack']);
    const session = await console.session('supervisor');
    expect(await console.source.getRepository(AccountEntity).findOneBy({ id: session.accountId })).toMatchObject({
      phone: '+12075550199',
    });
  });

  test('loses nothing that was typed by an error, and executes nothing of it', async () => {
    const { callSid, port } = await talk();
    const headers = { 'hx-request': 'true' };
    const session = await console.session('supervisor');
    const post = async (what: string, fields: Record<string, string>) => {
      const body = new URLSearchParams({ csrf: session.csrf, ...fields });
      const all = { cookie: session.cookie, ...headers };
      const response = await fetch(console.base + at(callSid, what), { method: 'POST', body, headers: all });
      return { status: response.status, text: await response.text() };
    };
    const phone = await post('take-over', { phone: '207 <b>555' });
    expect(phone.status).toBe(422);
    expect(phone.text).toContain('Write your number with its country');
    expect(phone.text).toContain('value="207 &lt;b&gt;555"');
    const long = await post('whisper', { note: 'x'.repeat(501) });
    expect([long.status, long.text.includes('x'.repeat(501))]).toEqual([422, true]);
    expect((await post('whisper', { note: '  ' })).text).toContain('Write what Aida is to know.');
    const refused = await post('give-back', {});
    expect([refused.status, refused.text.includes('there is nothing to give back')]).toEqual([422, true]);
    expect(port.asked.filter((asked) => asked.startsWith('note'))).toEqual([]);
    expect((await audited(callSid)).map(([, action, { why }]) => [action, why])).toEqual([
      ['call.givenBack', undefined],
      ['call.refused', 'withAssistant'],
    ]);
  });

  test('is for supervisors, of calls', async () => {
    const { callSid } = await talk();
    for (const what of ['whisper', 'take-over', 'give-back', 'transfer', 'hang-up', 'listen'])
      expect((await console.post(at(callSid, what), { note: 'x', phone: '+12075550199' }, 'viewer')).status).toBe(403);
    expect((await console.get(at(callSid, 'supervision'), 'viewer')).status).toBe(403);
    expect((await console.get(at('nonsense', 'supervision'), 'supervisor')).status).toBe(404);
    const over = await console.get(at(newSid(), 'supervision'), 'supervisor');
    expect(over.text).toContain('The call is not live.');
    expect(await audited(callSid)).toEqual([]);
  });
});

describe('who listens', () => {
  test('gets a token for this call at its node, and stands in the audit log', async () => {
    const { callSid } = await talk();
    const { status, text } = await console.post(at(callSid, 'listen'), {}, 'supervisor');
    const { address, token } = JSON.parse(text) as { address: string; token: string };
    expect([status, address]).toEqual([200, '']);
    const listener = new TestListener(`${console.base.replace('http', 'ws')}/listen`, token);
    await expect.poll(() => ears.size, LATE).toBe(1);
    listener.socket.close();
    await expect.poll(() => ears.size, LATE).toBe(0);
    expect(await audited(callSid)).toEqual([['supervisor', 'call.listened', { node: 'n1' }]]);
  });

  test('is told where another process has the call', async () => {
    const other = await fleet.node('n2');
    await beat(other, 2);
    const { callSid } = await other.talk();
    const { text } = await console.post(at(callSid, 'listen'), {}, 'supervisor');
    expect(JSON.parse(text)).toMatchObject({ address: 'wss://voice.example.com/2/listen' });
    const { headers } = await console.get(at(callSid, 'supervision'), 'supervisor');
    expect(headers.get('content-security-policy')).toMatch(/connect-src 'self' wss:\/\/voice\.example\.com;/);
  });

  test('learns that there is nothing to hear, which nobody audits', async () => {
    const { status, text } = await console.post(at(newSid(), 'listen'), {}, 'supervisor');
    expect([status, text]).toEqual([404, '{"why":"unknown"}']);
    const { callSid, call } = await talk();
    call.tell({ type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 });
    await expect
      .poll(async () => (await console.post(at(callSid, 'listen'), {}, 'supervisor')).text, LATE)
      .toBe('{"why":"ended"}');
    expect(await audited(callSid)).toEqual([]);
  });
});

describe.skipIf(await lacksPart('chromium'))('in a browser', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser(console, /status of (404|409|422)|ERR_FAILED/, [
      '--autoplay-policy=no-user-gesture-required',
    ]);
  });
  afterAll(async () => {
    await browser.close();
    expect(browser.complaints).toEqual([]);
  });

  test('both sides are heard, a note is whispered beside it, and the end of the stream is told', async () => {
    const { callSid, call, port } = await talk();
    const page = await browser.open('supervisor');
    await page.goto(at(callSid, 'supervision'));
    await page.getByRole('button', { name: 'Listen', exact: true }).click();
    await page.locator('#listen[data-state=listening]').waitFor();
    const [ear] = ears;
    for (const frame of encodeUtterance('You said: a latte', { speaker: 'assistant', utterance: 1, generation: 1 }))
      ear?.toCaller(frame);
    for (const frame of encodeUtterance('a latte please', { speaker: 'caller', utterance: 1, generation: 1 }))
      ear?.fromCaller(frame);
    const played = (side: string) => page.locator('#listen').evaluate((root, of) => Number(root.dataset[of]), side);
    await expect.poll(() => played('caller'), LATE).toBeGreaterThan(160 * 20);
    await expect.poll(() => played('assistant'), LATE).toBeGreaterThan(160 * 20);
    ear?.cleared();
    await page.getByLabel('Whisper to Aida').fill('offer the refund');
    await page.getByRole('button', { name: 'Whisper', exact: true }).click();
    await page.getByText('Aida knows it and goes by it').waitFor();
    expect(port.asked.at(-1)).toMatch(/offer the refund$/);
    // What is heard goes on meanwhile.
    expect(await page.locator('#listen').getAttribute('data-state')).toBe('listening');
    call.tell({ type: 'carrier.statusReported', status: 'completed', durationS: 9, sequence: 4 });
    await port.saw('end left');
    for (const each of [...ears]) {
      ears.delete(each);
      each.over();
    }
    await page.getByText('The call has ended.', { exact: true }).waitFor();
    await page.getByText('The call is over.').waitFor();
  });

  test('who stops listening before it began is not asked for again when the answer does not come', async () => {
    const { callSid } = await talk();
    const page = await browser.open('supervisor');
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await page.route('**/listen', async (route) => {
      await gate;
      await route.abort('failed');
    });
    await page.goto(at(callSid, 'supervision'));
    await page.getByRole('button', { name: 'Listen', exact: true }).click();
    await page.getByRole('button', { name: 'Stop listening' }).click();
    const failed = page.waitForEvent('requestfailed');
    open();
    await failed;
    await page.evaluate('new Promise(requestAnimationFrame)');
    expect(await page.locator('#listen').getAttribute('data-state')).toBe('idle');
  });

  test('is part of the page of a call that goes on', async () => {
    const { callSid } = await talk();
    const page = await browser.open('supervisor');
    await page.goto(`/admin/calls/${callSid}`);
    await page.getByRole('button', { name: 'Listen', exact: true }).click();
    await page.locator('#listen[data-state=listening]').waitFor();
    await page.getByRole('button', { name: 'Stop listening' }).click();
    await expect.poll(() => ears.size, LATE).toBe(0);
    const viewer = await browser.open('viewer');
    await viewer.goto(`/admin/calls/${callSid}`);
    await viewer.getByRole('heading', { level: 1 }).waitFor();
    expect(await viewer.locator('#listen, #supervision-place').count()).toBe(0);
  });

  test('looks as it should, in every state', async () => {
    const { callSid } = await talk();
    await browser.inspectLooks('supervisor', at(callSid, 'supervision'), 'supervise', async (page) => {
      await page.getByLabel('Take over at your phone').fill('207 555');
      await page.getByRole('button', { name: 'Take over' }).click();
      await page.getByText('Write your number with its country').waitFor();
    });
  });
});
