import { describe, expect, test, vi } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { DirectoryError } from '../directory/errors.ts';
import type { Append, AppendRequest } from '../directory/journal.ts';
import { JournalWriter, resendAgeMs, vouchedMs, waitingFactsMax } from './journal-writer.ts';

const fact = (digit: string, at = 0): CallEvent => ({ type: 'carrier.dtmf', at, digit });
const digits = (facts: readonly CallEvent[]) =>
  facts.map((one) => (one.type === 'carrier.dtmf' ? one.digit : '?')).join('');

/** A journal in memory that answers as Redis would; `answers` are given first. */
function journal(answers: (Append | Error)[] = []) {
  const log: CallEvent[] = [];
  const requests: AppendRequest[] = [];
  const troubles: unknown[] = [];
  const soon: (() => void)[] = [];
  let fenced = 0;
  let above: number | null = null;
  let restored = 0;
  /** Facts before the log's first that are lost for good. */
  let hole = 0;
  let now = 0;
  const writer = new JournalWriter(
    { callSid: 'CA1', epoch: 7, claimedAt: 0, earlier: [] },
    {
      append: async (request) => {
        requests.push(request);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        if (answer) return answer;
        const last = hole + log.length;
        if (request.facts.length === 0) return { kind: 'ok', lastSeq: last, written: 0, ended: false };
        if (request.firstSeq > last + 1) return { kind: 'gap', lastSeq: last };
        const fresh = request.facts.slice(last + 1 - request.firstSeq);
        log.push(...fresh);
        return { kind: 'ok', lastSeq: hole + log.length, written: fresh.length, ended: false };
      },
      restore: async ({ firstSeq }) => {
        restored = firstSeq;
        hole = firstSeq - 1 - log.length;
        return { kind: 'restored' };
      },
    },
    {
      standing: () => ({ state: 'conversation', dueAt: 5, ended: null, owned: true }),
      acked: () => undefined,
      fenced: () => {
        fenced += 1;
        return above;
      },
      troubled: (error) => troubles.push(error),
      soon: (write) => soon.push(write),
      now: () => now,
    },
  );
  return {
    writer,
    log,
    requests,
    troubles,
    soon,
    fenced: () => fenced,
    restored: () => restored,
    claimAbove: (epoch: number) => (above = epoch),
    tick: (to: number) => (now = to),
  };
}

describe('the journal writer', () => {
  test('writes in order, one batch in flight, what came meanwhile in the next', async () => {
    const { writer, log, requests } = journal();
    for (const digit of '123456') writer.add(fact(digit));
    await writer.settled();
    expect(digits(log)).toBe('123456');
    expect(requests.map((request) => [request.firstSeq, digits(request.facts)])).toEqual([
      [1, '1'],
      [2, '23456'],
    ]);
    expect(writer.waiting).toBe(0);
  });

  test('what is said waits for company; what somebody may wait for takes it along, and so does whoever asks', async () => {
    const spoke = (at: number): CallEvent => ({ type: 'caller.speechStarted', at, itemId: 'i' });
    const { writer, requests, soon } = journal();
    writer.add(spoke(1));
    writer.add(spoke(2));
    await Promise.resolve();
    expect([requests.length, soon.length, writer.waiting]).toEqual([0, 1, 2]);
    soon[0]?.();
    await vi.waitFor(() => expect(writer.waiting).toBe(0));
    expect(requests.map((request) => request.facts.length)).toEqual([2]);
    writer.add(spoke(3));
    writer.add(fact('1'));
    await vi.waitFor(() => expect(writer.waiting).toBe(0));
    expect(requests.map((request) => request.facts.length)).toEqual([2, 2]);
    soon[1]?.();
    writer.add(spoke(4));
    await writer.settled();
    expect([requests.map((request) => request.facts.length), soon.length]).toEqual([[2, 2, 1], 3]);
  });

  test('a fact added as the last batch is acknowledged is not forgotten', async () => {
    const { writer, log } = journal();
    writer.add(fact('1'));
    await writer.settled();
    writer.add(fact('2'));
    await writer.settled();
    writer.add(fact('3'));
    await writer.settled();
    expect(digits(log)).toBe('123');
  });

  test('repeats under the same numbers what has no answer, and says so once', async () => {
    const away = new DirectoryError('unanswered', 'planted');
    const { writer, log, requests, troubles } = journal([away, away]);
    writer.add(fact('1'));
    await writer.settled();
    expect(digits(log)).toBe('1');
    expect(requests.map((request) => request.firstSeq)).toEqual([1, 1, 1]);
    expect(troubles).toEqual([away]);
  });

  test('sends an intent with the last facts in one append, and repeats it until it is acknowledged', async () => {
    const { writer, requests } = journal([new DirectoryError('unanswered', 'planted')]);
    writer.add(fact('1'));
    expect(await writer.leave({ kind: 'hangup', reason: 'bye' })).toBe(true);
    const withIntent = requests.filter((request) => request.intent !== undefined);
    expect(withIntent.at(-1)).toMatchObject({
      intent: { kind: 'hangup', reason: 'bye' },
      state: 'conversation',
      facts: [fact('1')],
    });
  });

  test('stops for good when fenced', async () => {
    const { writer, log, fenced } = journal([{ kind: 'fenced', epoch: 9, ended: false }]);
    writer.add(fact('1'));
    expect(await writer.leave({ kind: 'hangup', reason: 'bye' })).toBe(false);
    writer.add(fact('2'));
    await writer.settled();
    expect([digits(log), fenced()]).toEqual(['', 1]);
  });

  test('goes on where the journal ends after a gap, and restores one that Redis forgot', async () => {
    const gap = journal([
      { kind: 'ok', lastSeq: 1, written: 1, ended: false },
      { kind: 'gap', lastSeq: 0 },
    ]);
    gap.writer.add(fact('1'));
    await gap.writer.settled();
    gap.writer.add(fact('2'));
    await gap.writer.settled();
    expect(digits(gap.log)).toBe('12');
    const behind = journal([{ kind: 'behind', epoch: 3 }]);
    behind.writer.add(fact('1'));
    await behind.writer.settled();
    expect([digits(behind.log), behind.restored()]).toEqual(['1', 1]);
  });

  test('goes on behind a hole when Redis lost facts that nobody has any more', async () => {
    const { writer, log, restored, tick, troubles, fenced } = journal();
    writer.add(fact('1', 0));
    await writer.settled();
    tick(resendAgeMs + 1);
    writer.add(fact('2', resendAgeMs + 1));
    await writer.settled();
    log.length = 0;
    void writer.resend();
    writer.add(fact('3', resendAgeMs + 2));
    await writer.settled();
    expect([digits(log), restored(), fenced()]).toEqual(['23', 2, 0]);
    expect(troubles.map(String)).toEqual(['Error: the journal lost facts 1 to 1']);
  });

  test('asks where the journal ends when Redis is back, and resends from there what was acknowledged of late', async () => {
    const { writer, log, requests, tick } = journal();
    writer.add(fact('1', 0));
    await writer.settled();
    tick(resendAgeMs + 1);
    for (const digit of '23') writer.add(fact(digit, resendAgeMs + 1));
    await writer.settled();
    requests.length = 0;
    await writer.resend();
    expect(requests.map((request) => digits(request.facts))).toEqual(['']);
    log.length = 2;
    await writer.resend();
    expect(requests.map((request) => digits(request.facts))).toEqual(['', '', '3']);
    expect(digits(log)).toBe('123');
  });

  test('an intent that Redis may have lost is left once more', async () => {
    const { writer, requests } = journal();
    writer.add(fact('1'));
    expect(await writer.leave({ kind: 'hangup', reason: 'bye' })).toBe(true);
    requests.length = 0;
    await writer.resend();
    expect(requests.map(({ facts, intent }) => [digits(facts), intent])).toEqual([
      ['', undefined],
      ['1', { kind: 'hangup', reason: 'bye' }],
    ]);
  });

  test('a withdrawn intent is taken back by the next append, and whoever waits for it is told', async () => {
    const { writer, requests } = journal([new DirectoryError('unanswered', 'planted')]);
    writer.add(fact('1'));
    const left = writer.leave({ kind: 'hangup', reason: 'bye' });
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    writer.withdraw();
    expect(await left).toBe(false);
    await writer.settled();
    expect(requests.at(-1)).toMatchObject({ intent: 'none', facts: [fact('1')] });
  });

  test('what waits goes on under a raised epoch where Redis has the old one, each fact once', async () => {
    const { writer, log, requests, restored } = journal();
    for (const digit of '12') writer.add(fact(digit));
    await writer.settled();
    requests.length = 0;
    writer.raise(9);
    writer.add(fact('3'));
    expect(writer.epoch).toBe(9);
    await writer.settled();
    expect(requests.map(({ epoch, facts }) => [epoch, digits(facts)])).toEqual([
      [7, ''],
      [9, '3'],
    ]);
    expect([digits(log), restored()]).toEqual(['123', 3]);
  });

  test('claims above whoever has the call if the call says so', async () => {
    const { writer, log, requests, fenced, claimAbove } = journal([{ kind: 'fenced', epoch: 11, ended: false }]);
    claimAbove(12);
    writer.add(fact('1'));
    await writer.settled();
    expect(requests.map(({ epoch }) => epoch)).toEqual([7, 12]);
    expect([digits(log), fenced(), writer.epoch]).toEqual(['1', 1, 12]);
  });

  test("vouches for the call only with Redis' word of the last second", async () => {
    const { writer, requests, tick } = journal();
    writer.add(fact('1'));
    await writer.settled();
    requests.length = 0;
    expect([await writer.confirmed(100), requests.length]).toEqual([true, 0]);
    tick(vouchedMs + 1);
    expect([await writer.confirmed(100), requests.length]).toEqual([true, 1]);
    writer.add(fact('2'));
    tick(3 * vouchedMs);
    expect([await writer.confirmed(100), requests.length]).toEqual([true, 3]);
    const other = journal([{ kind: 'fenced', epoch: 9, ended: false }]);
    other.tick(vouchedMs + 1);
    other.writer.add(fact('1'));
    expect(await other.writer.confirmed(100)).toBe(false);
    const away = journal(Array.from({ length: 9 }, () => new DirectoryError('unavailable', 'planted')));
    away.writer.add(fact('1'));
    expect(await away.writer.confirmed(50)).toBe(false);
    away.writer.close();
  });

  test('gives up at its bound, and the call hears of it', async () => {
    const { writer, troubles } = journal(
      Array.from({ length: 50 }, () => new DirectoryError('unavailable', 'planted')),
    );
    for (let count = 0; count <= waitingFactsMax; count += 1) writer.add(fact('1'));
    await writer.settled();
    expect(troubles.map(String)).toContain(`Error: more than ${waitingFactsMax} facts wait for the journal`);
  });
});
