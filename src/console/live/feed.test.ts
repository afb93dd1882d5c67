import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noteConsoleChange } from '../../directory/console-changes.ts';
import { outboxKey, partitionCount, partitionOf } from '../../directory/keys.ts';
import { connectRedis, type RedisLink, type RedisScan } from '../../directory/redis.ts';
import { type RedisServer, startRedis } from '../../embedded/redis.ts';
import { createLog } from '../../telemetry/log.ts';
import type { Role } from '../guard.ts';
import type { ConsoleStream } from '../message.ts';
import { Feed, feedLimits, type Joining } from './feed.ts';
import { LiveDriver } from './live-driver.fixture.ts';

let server: RedisServer;
let link: RedisLink & RedisScan;
let driver: LiveDriver;
let feed: Feed;
const WAIT = { timeout: 10_000, interval: 20 };
const warnings: string[] = [];
const log = createLog('warn', {
  destination: { write: (line) => warnings.push((JSON.parse(line) as { msg: string }).msg) },
});

/** A browser that takes what it is sent unless told otherwise. */
class Browser implements ConsoleStream {
  text = '';
  over = false;
  takes = true;
  private drained: (() => void)[] = [];
  private ended: (() => void)[] = [];

  write(text: string): boolean {
    if (this.over) return false;
    this.text += text;
    return this.takes;
  }
  onDrain(listener: () => void): void {
    this.drained.push(listener);
  }
  onEnd(listener: () => void): void {
    this.ended.push(listener);
  }
  end(): void {
    if (this.over) return;
    this.over = true;
    for (const listener of this.ended) listener();
  }
  drain(): void {
    this.takes = true;
    for (const listener of this.drained) listener();
  }
  /** Data of the events of this name. */
  events(name: string): string[] {
    return this.text
      .split('\n\n')
      .filter((event) => event.startsWith(`event: ${name}\n`))
      .map((event) => event.slice(event.indexOf('data: ') + 6));
  }
}

function join(
  topics: string[],
  { role = 'viewer', account = 'a', stillIn = async () => true }: Partial<Omit<Joining, 'out' | 'topics'>> = {},
) {
  const out = new Browser();
  const joined = feed.join({ out, account, role, topics, stillIn });
  return { out, joined };
}

/** The rows that a browser shows after these events: id → text. */
function shown(events: readonly string[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const event of events) {
    if (event.startsWith('<ol data-all>')) rows.clear();
    for (const [, callSid = '', row = ''] of event.matchAll(/<li id="c-(\w+)"(.*?)<\/li>/gs))
      if (row.includes('data-gone')) rows.delete(callSid);
      else rows.set(callSid, row.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' '));
  }
  return rows;
}

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});
beforeEach(async () => {
  await link.command('flushall');
  driver = new LiveDriver(link);
  warnings.length = 0;
  feed = new Feed({ link, isSynthetic: (callSid) => callSid.endsWith('f'), log, now: Date.now });
});
afterEach(() => feed.close());
afterAll(async () => {
  await link.close();
  await server.stop();
});

const real = async (): Promise<string> => {
  for (;;) {
    const callSid = await driver.arrive();
    if (!callSid.endsWith('f')) return callSid;
  }
};

describe('the list of live calls', () => {
  test('a snapshot first, then what changes; masked, and gone when it is over', async () => {
    const before = await real();
    await driver.connect(before);
    await driver.callerSays(before, 'When do you <b>open</b>?');
    const { out } = join(['calls']);
    await expect.poll(() => shown(out.events('calls')).get(before), WAIT).toContain('When do you &lt;b&gt;open');
    expect(out.events('calls')[0]).toMatch(/^<ol data-all>/);
    const row = shown(out.events('calls')).get(before) ?? '';
    expect(row).toContain('••• 0142');
    expect(out.text).not.toContain('2075550142');
    expect(row).toMatch(/With Aida .*Calm.*node-1/);

    const later = await real();
    await expect.poll(() => shown(out.events('calls')).get(later), WAIT).toContain('Arriving');
    await driver.connect(later);
    await driver.callerSays(later, 'This is ridiculous, I have been waiting again');
    await expect.poll(() => shown(out.events('calls')).get(later), WAIT).toMatch(/With Aida .*Upset.*ridiculous/);
    await driver.tell(later, 'dialing', {
      type: 'carrier.nextAsked',
      at: Date.now(),
      intent: { kind: 'transfer', reason: 'person' },
      breaks: 0,
    });
    await expect.poll(() => shown(out.events('calls')).get(later), WAIT).toContain('With staff');
    await driver.end(later);
    await expect.poll(() => [...shown(out.events('calls')).keys()], WAIT).toEqual([before]);
    expect(out.events('calls').filter((event) => event.startsWith('<ol'))).toHaveLength(1);
  });

  test('a tool that runs is named until it answers; what is taken out later is taken out here', async () => {
    const callSid = await real();
    await driver.connect(callSid);
    const { out } = join(['calls']);
    const row = () => shown(out.events('calls')).get(callSid);
    const asked = { toolCallId: 't1', responseId: 'r1', name: 'get_menu', arguments: '{}' };
    await driver.tell(callSid, '', { type: 'tool.asked', at: Date.now(), ...asked });
    await expect.poll(row, WAIT).toContain('get_menu');
    const answered = { toolCallId: 't1', result: 'ok', output: '', durationMs: 5, leave: null } as const;
    await driver.tell(callSid, '', { type: 'tool.answered', at: Date.now(), ...answered });
    await expect.poll(row, WAIT).not.toContain('get_menu');
    const itemId = await driver.callerSays(callSid, 'it is 4111 1111');
    await expect.poll(row, WAIT).toContain('4111');
    await driver.tell(callSid, '', { type: 'journal.redacted', at: Date.now(), itemId, text: 'it is [card number]' });
    await expect.poll(row, WAIT).toContain('[card number]');
    expect(row()).not.toContain('4111');
  });

  test('entries that were trimmed before they were seen: the partition is looked at anew', async () => {
    const callSid = await real();
    const { out } = join(['calls']);
    await expect.poll(() => shown(out.events('calls')).has(callSid), WAIT).toBe(true);
    // One command: nobody can look in between.
    const outbox = outboxKey(partitionOf(callSid));
    await driver.connect(callSid);
    await link.command(
      'eval',
      `redis.call('XADD', KEYS[1], '*', 'c', 'x', 'i', '1-1', 'f', '{}') return redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)`,
      1,
      outbox,
    );
    await expect.poll(() => shown(out.events('calls')).get(callSid), WAIT).toContain('With Aida');
    expect(out.events('calls').filter((event) => event.startsWith('<ol')).length).toBeGreaterThan(1);
  });

  test('a Redis that lost everything: nobody is shown any more', async () => {
    const callSid = await real();
    const { out } = join(['calls']);
    await expect.poll(() => shown(out.events('calls')).has(callSid), WAIT).toBe(true);
    await link.command('flushall');
    await expect.poll(() => shown(out.events('calls')).size, WAIT).toBe(0);
    const next = await real();
    await expect.poll(() => [...shown(out.events('calls')).keys()], WAIT).toEqual([next]);
  });

  test('calls that nobody made are not shown', async () => {
    const { out } = join(['calls']);
    const seen = await real();
    while (!(await driver.arrive()).endsWith('f'));
    const last = await real();
    await expect.poll(() => shown(out.events('calls')).has(last), WAIT).toBe(true);
    expect([...shown(out.events('calls')).keys()].filter((sid) => sid.endsWith('f'))).toEqual([]);
    expect(shown(out.events('calls')).has(seen)).toBe(true);
  });

  test('all partitions are followed', async () => {
    const { out } = join(['calls']);
    const calls = new Map<number, string>();
    while (calls.size < partitionCount) {
      const callSid = await real();
      calls.set(partitionOf(callSid), callSid);
    }
    await expect.poll(() => [...calls.values()].every((sid) => shown(out.events('calls')).has(sid)), WAIT).toBe(true);
  });
});

describe('browsers', () => {
  const topic = (name: string, role: Role, render: () => string) => ({
    name,
    role,
    render,
    everyMs: 0,
    restMs: 60_000,
  });

  test('a slow one is sent nothing more until it has caught up, and then everything as it stands', async () => {
    let value = 'one';
    feed.add(topic('figures', 'viewer', () => value));
    const { out } = join(['figures', 'calls']);
    await expect.poll(() => out.events('figures'), WAIT).toEqual(['one']);
    await expect.poll(() => out.events('calls').length, WAIT).toBe(1);
    out.takes = false;
    const callSid = await real();
    await expect.poll(() => shown(out.events('calls')).has(callSid), WAIT).toBe(true);
    const bytes = out.text.length;
    await driver.connect(callSid);
    for (let turn = 0; turn < 50; turn++) await driver.callerSays(callSid, `turn ${turn}`);
    for (value of ['two', 'three']) {
      feed.touch('figures');
      await new Promise((resolve) => setTimeout(resolve, 2 * feedLimits.roundMs));
    }
    expect(out.text.length).toBe(bytes);
    out.drain();
    await expect.poll(() => out.events('figures'), WAIT).toEqual(['one', 'three']);
    await expect.poll(() => shown(out.events('calls')).get(callSid), WAIT).toContain('turn 49');
    expect(out.events('calls').at(-1)).toMatch(/^<ol data-all>/);
  });

  test('one look for all of them; made anew when it is touched, here or elsewhere, and sent only if it differs', async () => {
    let made = 0;
    let value = 'a';
    feed.add(topic('figures', 'viewer', () => ((made += 1), value)));
    const first = join(['figures']).out;
    const second = join(['figures'], { account: 'b' }).out;
    await expect.poll(() => [first.events('figures'), second.events('figures')], WAIT).toEqual([['a'], ['a']]);
    const before = made;
    await noteConsoleChange(link, 'figures');
    await expect.poll(() => made, WAIT).toBeGreaterThan(before);
    value = 'b';
    await noteConsoleChange(link, 'figures');
    await expect
      .poll(() => [first.events('figures'), second.events('figures')], WAIT)
      .toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
  });

  test('a topic that cannot be made is tried again, and says so in the log', async () => {
    let fails = true;
    feed.add(
      topic('figures', 'viewer', () => {
        if (fails) throw new Error('away');
        return 'here';
      }),
    );
    const { out } = join(['figures']);
    await expect.poll(() => warnings, WAIT).toContain('what pages show was not made anew');
    fails = false;
    await expect.poll(() => out.events('figures'), WAIT).toEqual(['here']);
  });

  test('nobody is told what is not for them, or does not exist', async () => {
    feed.add(
      topic('ops', 'admin', () => 'secret'),
      topic('figures', 'viewer', () => 'figures'),
    );
    const { out } = join(['ops', 'figures', 'nothing']);
    const admin = join(['ops'], { role: 'admin' }).out;
    await expect.poll(() => admin.events('ops'), WAIT).toEqual(['secret']);
    await expect.poll(() => out.events('figures'), WAIT).toEqual(['figures']);
    expect(out.text).not.toContain('secret');
  });

  test('as many as may, of one account and of all', async () => {
    for (let index = 0; index < feedLimits.accountListenersMax; index++) expect(join([]).joined).toBe('listening');
    expect(join([]).joined).toBe('full');
    const other = join([], { account: 'b' });
    expect(other.joined).toBe('listening');
    other.out.end();
    for (let index = 0; index < feedLimits.listenersMax; index++) join([], { account: `c${index}` });
    expect(join([], { account: 'd' }).joined).toBe('full');
  });

  test('a session that is over ends its line, a store that is away does not', async () => {
    let answer: Promise<boolean> = Promise.resolve(true);
    const { out } = join([], { stillIn: () => answer });
    answer = Promise.reject(new Error('away'));
    answer.catch(() => {});
    feed.check();
    await answer.catch(() => {});
    expect(out.over).toBe(false);
    answer = Promise.resolve(false);
    feed.check();
    await expect.poll(() => out.over, WAIT).toBe(true);
    expect(out.events('over')).toEqual(['signed-out']);
  });
});
