import { CallActor } from '../calls/actor.ts';
import type { CallDoor, CallState } from '../calls/call-door.ts';
import { heartbeat, type NodeAddresses } from '../directory/fleet.ts';
import type { RedisLink } from '../directory/redis.ts';
import { releaseReservation, reserve } from '../directory/reservations.ts';
import type { HttpRequest } from '../http/message.ts';
import type { HttpHandler } from '../http/exchange.ts';
import { WaitingRoom } from '../placement/waiting-room.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { sign } from '../sim/twilio/signature.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { noTracing } from '../telemetry/tracing.ts';
import { createHoldAudio } from './hold-audio.ts';
import { noKeypadFacts } from './menu-words.ts';
import { noSounds } from './lines.fixture.ts';
import { webhookRoutes } from './routes.ts';

const PUBLIC_URL = 'https://voice.example.com';
const TOKEN = 'secret-of-the-walk';
const HEARTBEAT_MS = 1_000;
const CHARACTER_MS = 68;
const SECONDS_MAX = 3_600;

export interface Walker {
  arrivesMs: number;
  /** How long it talks once it is placed. */
  talksMs: number;
  /** Hangs up, or presses a key, so long after it came, if it still waits. */
  hangsUpMs?: number;
  presses?: { key: string; afterMs: number };
}

/** How a caller fared; times are virtual ms. */
export interface Walked extends Walker {
  callSid: string;
  ticket: number;
  placedMs: number | null;
  polls: number;
  end: 'talked' | 'hung up' | CallState | null;
  outcome: string;
}

/** The calls, each by the machine itself, without a journal. */
class MachineDoor implements CallDoor {
  readonly calls = new Map<string, CallActor>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  async answer({ callSid, kind, fact, render }: Parameters<CallDoor['answer']>[0]) {
    const known = this.calls.get(callSid);
    if (kind !== 'arrive' && !known) return { refused: 'unknown' } as const;
    if (kind === 'wait' && known?.state !== 'waiting') return { refused: 'unavailable' } as const;
    const call = known ?? CallActor.fold(callSid, []);
    this.calls.set(callSid, call);
    call.step({ ...fact, at: this.now() });
    return { twiml: render(call.viewAt(1)) };
  }

  async tell(callSid: string, fact: Parameters<CallDoor['tell']>[1]) {
    this.calls.get(callSid)?.step({ ...fact, at: this.now() });
    return 'taken' as const;
  }

  preferredNode = () => Promise.resolve(null);
  look = () => Promise.resolve(null);
  streamFailed = () => undefined;
}

/**
 * Walks callers through the webhooks of two nodes and one Redis by a clock that jumps from event to event: what the
 * documents say takes as long as the carrier would need for it. One node's worth of places is kept for the loss of the
 * other. Returns how each caller fared, and the polls of each second.
 */
export async function walk(link: RedisLink, walkers: readonly Walker[], capacity: number) {
  const startMs = Date.now();
  let nowMs = 0;
  const now = () => startMs + nowMs;
  const door = new MachineDoor(now);
  const nodes = ['n1', 'n2'].map((node) => createNode(link, node, door, now, capacity));
  const callers: Walked[] = walkers.map((walker, index) => ({
    ...walker,
    callSid: `CA${index.toString(16).padStart(32, '0')}`,
    ticket: Infinity,
    placedMs: null,
    polls: 0,
    end: null,
    outcome: '',
  }));
  const agenda = new Agenda();
  const perSecond = new Map<number, number>();

  const post = async (caller: Walked, target: string, params: Record<string, string>): Promise<string> => {
    // Any node may be asked anything.
    const node = nodes[(caller.polls + Number.parseInt(caller.callSid.slice(2), 16)) % nodes.length];
    const response = await node?.handle(target, {
      CallSid: caller.callSid,
      From: '+15553334444',
      To: '+15559990000',
      ...params,
    });
    return String(response?.body ?? '');
  };

  const follow = (caller: Walked, twiml: string): void => {
    const [verb] = parseTwiml(twiml, null).verbs;
    if (verb?.name === 'Connect') {
      caller.placedMs = nowMs;
      const node = nodes.find(({ self }) => twiml.includes(self.mediaUrl));
      node?.stream(caller.callSid);
      agenda.add(nowMs + caller.talksMs, async () => {
        node?.streams.delete(caller.callSid);
        await hangUp(caller, 'talked');
      });
      return;
    }
    if (verb?.name !== 'Gather') return finish(caller);
    const url = new URL(verb.attributes['action'] ?? '');
    caller.ticket = Number.parseInt(url.searchParams.get('t') ?? '', 36);
    let playsMs = Number(verb.attributes['timeout']) * 1000;
    for (const { name, text } of verb.children) {
      playsMs +=
        name === 'Say' ? text.length * CHARACTER_MS : Number(new URL(text).searchParams.get('s') ?? NaN) * 1000;
    }
    const pressesMs = caller.presses ? caller.arrivesMs + caller.presses.afterMs : Infinity;
    const isPressed = pressesMs >= nowMs && pressesMs < nowMs + playsMs;
    agenda.add(isPressed ? pressesMs : nowMs + playsMs, async () => {
      if (caller.end !== null) return;
      caller.polls += 1;
      const second = Math.floor(nowMs / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      const Digits = isPressed ? (caller.presses?.key ?? '') : '';
      follow(caller, await post(caller, url.pathname + url.search, { CallStatus: 'in-progress', Digits }));
    });
  };
  const finish = (caller: Walked): void => {
    caller.end = door.calls.get(caller.callSid)?.state ?? null;
  };
  const hangUp = async (caller: Walked, end: Walked['end']): Promise<void> => {
    caller.end = end;
    await post(caller, '/voice/status', { CallStatus: 'completed' });
    caller.outcome = door.calls.get(caller.callSid)?.context.outcome ?? '';
  };

  for (const caller of callers) {
    agenda.add(caller.arrivesMs, async () => follow(caller, await post(caller, '/voice', { CallStatus: 'ringing' })));
    if (caller.hangsUpMs !== undefined)
      agenda.add(caller.arrivesMs + caller.hangsUpMs, async () => {
        if (caller.placedMs === null && caller.end === null) await hangUp(caller, 'hung up');
      });
  }
  for (const node of nodes) await node.beat();
  for (let second = 1; second <= SECONDS_MAX && callers.some(({ end }) => end === null); second += 1) {
    for (let next = agenda.next(second * HEARTBEAT_MS); next; next = agenda.next(second * HEARTBEAT_MS)) {
      nowMs = next.atMs;
      await next.run();
    }
    for (const node of nodes) await node.beat();
  }
  // What was given up in the background.
  for (const node of nodes) await node.beat();
  return { callers, perSecond };
}

/** Nobody waits for staff here. */
const nobodyRings: Parameters<typeof webhookRoutes>[0]['staff'] = {
  ring: () => Promise.resolve({ kind: 'away' }),
  ringNext: () => Promise.resolve(null),
  accepted: () => Promise.resolve('held'),
  ended: () => Promise.resolve(true),
  hungUp: () => Promise.resolve(),
  leave: () => Promise.resolve(),
};

function createNode(link: RedisLink, node: string, door: CallDoor, now: () => number, capacity: number) {
  const self: NodeAddresses = {
    node,
    incarnation: 'i',
    nodeUrl: `http://${node}`,
    mediaUrl: `wss://${node}.example.com/media-stream`,
    version: '1',
  };
  const [log, metrics] = [createLog('silent'), createMetrics()];
  const streams = new Set<string>();
  let held: string[] = [];
  let starting = true;
  const routes = webhookRoutes({
    publicUrl: PUBLIC_URL,
    authTokens: [TOKEN],
    streamTokenSecret: 'stream-token-secret',
    door,
    admission: {
      async reserve({ callSid, kind, preferredNode }) {
        const reserved = await reserve(link, { callSid, class: kind, preferredNode, ceiling: Infinity });
        return reserved.kind === 'placed'
          ? { ok: true, mediaUrl: reserved.node.mediaUrl }
          : { ok: false, reason: reserved.kind };
      },
      warm: () => undefined,
      release: async (callSid) => void (await releaseReservation(link, callSid)),
      ended: async (callSid) => void (await releaseReservation(link, callSid)),
    },
    waitingRoom: new WaitingRoom({
      link,
      node,
      ceiling: () => Infinity,
      aside: () => null,
      warm: () => undefined,
      now: Date.now,
      log,
      metrics,
    }),
    staff: nobodyRings,
    placedCall: () => undefined,
    holdAudio: createHoldAudio(),
    sounds: noSounds,
    facts: () => ({
      greeting: '',
      languages: ['en'],
      name: 'Mangy Dog Coffee',
      keypad: noKeypadFacts,
      closed: () => null,
      recording: () => 'off',
      callMsMax: 1_800_000,
      staffNumbers: [],
      promotions: () => [['Muddy Paws, through Monday.', 'Buy two bags and get a third one free.']],
      callback: () => 'within 2 hours',
    }),
    now,
    log,
    metrics,
    tracing: noTracing,
  });
  const handlers = new Map<string, HttpHandler>(routes.map(({ path, handler }) => [path, handler]));
  return {
    self,
    streams,
    stream(callSid: string): void {
      streams.add(callSid);
      held.push(callSid);
    },
    async beat(): Promise<void> {
      const request = {
        self,
        capacity,
        liveCalls: streams.size,
        held,
        starting,
        spentMicros: 0,
        telling: 1,
        model: null,
      };
      held = [];
      starting = false;
      await heartbeat(link, request);
    },
    handle: async (target: string, params: Record<string, string>) => {
      const [path = '', query = ''] = target.split('?');
      const form = Object.entries(params);
      const headers = new Map([
        ['content-type', 'application/x-www-form-urlencoded'],
        ['x-twilio-signature', sign(TOKEN, PUBLIC_URL + target, form)],
      ]);
      const request: HttpRequest = {
        method: 'POST',
        target,
        path,
        query,
        header: (name) => headers.get(name) ?? '',
        address: '127.0.0.1',
        body: Buffer.from(new URLSearchParams(form).toString()),
      };
      return handlers.get(path)?.(request);
    },
  };
}

/** What is to happen, by virtual time; in the order of adding where that is the same. */
class Agenda {
  private readonly entries: { atMs: number; run(): Promise<void> }[] = [];

  add(atMs: number, run: () => Promise<void>): void {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    // Latest first; those of the same time in reverse, so that `pop` gives the first of them.
    while (low > 0 && this.entries[low - 1]?.atMs === atMs) low -= 1;
    this.entries.splice(low, 0, { atMs, run });
  }

  next(beforeMs: number) {
    const last = this.entries.at(-1);
    return last && last.atMs < beforeMs ? this.entries.pop() : undefined;
  }
}
