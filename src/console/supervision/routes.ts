import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { listenAddress } from '../../config-addresses.ts';
import { ownerOf } from '../../directory/claims.ts';
import { command, type CommandResult, type Deed } from '../../directory/commands.ts';
import { readFleet } from '../../directory/fleet.ts';
import type { NodeName } from '../../directory/keys.ts';
import { directoryLimits } from '../../directory/limits.ts';
import type { RedisLink } from '../../directory/redis.ts';
import type { Audit } from '../../services/audit.ts';
import { issueListenToken, listenTokenLifeMs } from '../../services/listen-token.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { fragment, page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { createPhones, phoneOf } from './phones.ts';
import { standingOf } from './standing.ts';
import { holderWords, mayBeDone, toldOf } from './words.ts';

export interface SupervisionDeps {
  link: RedisLink;
  dataSource: DataSource;
  audit: Audit;
  /** This process, where it has calls; null where it has none. */
  self: NodeName | null;
  listenSecret: string;
  /** Redis-clock ms. */
  redisNow(): number;
}

const CALLS = '/admin/calls/:sid';
const CALL_SID = /^CA[0-9a-fA-F]{32}$/;
const NOTE_CHARS_MAX = 500;
const json = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

const actions: Readonly<Record<Deed['kind'], string>> = {
  whisper: 'call.whispered',
  takeOver: 'call.takenOver',
  giveBack: 'call.givenBack',
  transfer: 'call.transferred',
  hangUp: 'call.hungUp',
};

/** What a form asks for, or what is wrong with it. */
type Wanted = { deed: Deed } | { wrong: string };

/** Listening to a call, helping the assistant, taking the call over and giving it back, for supervisors. */
export function supervisionRoutes(deps: SupervisionDeps): PageRoute[] {
  const phones = createPhones(deps.dataSource);
  const desk = new SupervisionDesk(deps, phones);
  const deed = (path: string, wanted: (request: PageRequest) => Wanted): PageRoute => ({
    method: 'POST',
    path: `${CALLS}/${path}`,
    role: 'supervisor',
    handler: (request) => desk.act(request, wanted(request)),
  });
  return [
    { method: 'GET', path: `${CALLS}/supervision`, role: 'supervisor', handler: (request) => desk.look(request) },
    { method: 'POST', path: `${CALLS}/listen`, role: 'supervisor', handler: (request) => desk.listen(request) },
    deed('whisper', ({ form }) => {
      const text = typed(form.get('note'));
      if (text === '') return { wrong: 'Write what Aida is to know.' };
      return text.length > NOTE_CHARS_MAX
        ? { wrong: `Say it in ${NOTE_CHARS_MAX} characters or fewer.` }
        : { deed: { kind: 'whisper', text } };
    }),
    deed('take-over', ({ form }) => {
      const to = phoneOf(form.get('phone') ?? '');
      return to === null
        ? { wrong: 'Write your number with its country, such as +1 207 555 0143.' }
        : { deed: { kind: 'takeOver', to } };
    }),
    deed('give-back', () => ({ deed: { kind: 'giveBack' } })),
    deed('transfer', () => ({ deed: { kind: 'transfer' } })),
    deed('hang-up', () => ({ deed: { kind: 'hangUp' } })),
  ];
}

/** What the panel of a call shows; for the page that it is part of. */
export interface PanelView {
  callSid: string;
  holder: string;
  /** Who has the call, in words. */
  words: string;
  may: Record<string, boolean>;
  deeds: { when: string; iso: string; by: string; words: string }[];
  phone: string;
  /** What came of the last thing that was wanted; '' for nothing. */
  told: string;
  isGood: boolean;
  /** By the field that it is about. */
  wrong: { note?: string; phone?: string };
  note: string;
  noteCharsMax: number;
}

/** Origins of all nodes' `/listen`, for the policy of a page that listens. */
export async function listenOrigins(link: RedisLink): Promise<string[]> {
  const nodes = await readFleet(link);
  return [...new Set(nodes.flatMap(({ mediaUrl }) => (URL.canParse(mediaUrl) ? [new URL(mediaUrl).origin] : [])))];
}

async function viewOf(
  { link }: Pick<SupervisionDeps, 'link'>,
  phones: ReturnType<typeof createPhones>,
  { who, words }: PageRequest,
  callSid: string,
): Promise<PanelView> {
  const { holder, by, deeds } = await standingOf(link, callSid);
  const possible = mayBeDone[holder];
  const kinds = ['listen', 'whisper', 'takeOver', 'giveBack', 'transfer', 'hangUp'] as const;
  return {
    callSid,
    holder,
    words: holder === 'supervisor' ? `${holderWords.supervisor} ${by}.` : holderWords[holder],
    may: Object.fromEntries(kinds.map((kind) => [kind, possible.has(kind)])),
    deeds: deeds.map(({ at, by: name, words: told }) => ({
      when: words.when(at),
      iso: words.iso(at),
      by: name,
      words: told,
    })),
    phone: await phones.of(who),
    told: '',
    isGood: true,
    wrong: {},
    note: '',
    noteCharsMax: NOTE_CHARS_MAX,
  };
}

class SupervisionDesk {
  private readonly deps: SupervisionDeps;
  private readonly phones: ReturnType<typeof createPhones>;

  constructor(deps: SupervisionDeps, phones: ReturnType<typeof createPhones>) {
    this.deps = deps;
    this.phones = phones;
  }

  async panel(request: PageRequest, status: number, over: Partial<PanelView> = {}): Promise<ConsoleResponse> {
    const callSid = sidOf(request);
    if (callSid === null) return nothingHere(request);
    const view = await viewOf(this.deps, this.phones, request, callSid);
    return fragment(request, 'supervision/panel', { panel: { ...view, ...over } }, status);
  }

  /** The panel for the page of the call, which asks for it; or on a page of its own. */
  async look(request: PageRequest): Promise<ConsoleResponse> {
    const callSid = sidOf(request);
    if (callSid === null) return nothingHere(request);
    if (request.header('hx-request') === 'true') return this.panel(request, 200);
    const panel = await viewOf(this.deps, this.phones, request, callSid);
    return page(request, 'supervision/supervise', { panel }, 200, await listenOrigins(this.deps.link));
  }

  /** Says where the call can be heard, with a token that opens it once. Nobody listens who is not in the audit log. */
  async listen(request: PageRequest): Promise<ConsoleResponse> {
    const { link, audit, redisNow, listenSecret } = this.deps;
    const callSid = sidOf(request);
    if (callSid === null) return told(404, { why: 'unknown' });
    const call = await ownerOf(link, callSid);
    if (call === null) return told(404, { why: 'unknown' });
    if (call.ended !== null) return told(409, { why: 'ended' });
    if (call.owner === null || call.state !== 'conversation') return told(409, { why: 'elsewhere' });
    const address = await this.addressOf(call.owner);
    if (address === null) return told(409, { why: 'elsewhere' });
    await audit.note({
      who: request.who,
      action: 'call.listened',
      subject: callSid,
      detail: { node: call.owner.node },
    });
    const expiresAt = Math.round(redisNow()) + listenTokenLifeMs;
    return told(200, { address, token: issueListenToken({ callSid, by: request.who.id, expiresAt }, listenSecret) });
  }

  async act(request: PageRequest, wanted: Wanted): Promise<ConsoleResponse> {
    const callSid = sidOf(request);
    if (callSid === null) return nothingHere(request);
    const isPart = request.header('hx-request') === 'true';
    const back = `/admin/calls/${callSid}/supervision`;
    if ('wrong' in wanted) {
      if (!isPart) return saved(back, wanted.wrong);
      const field = request.path.endsWith('/whisper') ? { note: wanted.wrong } : { phone: wanted.wrong };
      return this.panel(request, 422, { wrong: field, ...typedIn(request) });
    }
    const { deed } = wanted;
    const result = await this.carryOut(request, callSid, deed);
    const sentence = toldOf(deed.kind, result);
    if (!isPart) return saved(back, sentence);
    if (result.kind === 'done') return this.panel(request, 200, { told: sentence });
    return this.panel(request, 422, { told: sentence, isGood: false, ...typedIn(request) });
  }

  private async carryOut(request: PageRequest, callSid: string, deed: Deed): Promise<CommandResult> {
    const { link, audit, redisNow } = this.deps;
    const { who } = request;
    const id = randomUUID();
    const to = deed.kind === 'takeOver' ? { to: deed.to } : {};
    await audit.note({ who, action: actions[deed.kind], subject: callSid, detail: { id, ...to } });
    if (deed.kind === 'takeOver') await this.phones.keep(who, deed.to);
    const expiresAt = redisNow() + directoryLimits.commandLifeMs;
    const result = await command(link, { id, callSid, by: who.name, deed, expiresAt }, redisNow);
    if (result.kind === 'refused')
      await audit.note({
        who,
        action: 'call.refused',
        subject: callSid,
        detail: { id, deed: deed.kind, why: result.why },
      });
    return result;
  }

  /** '' for this process, which the browser reaches already; null for a node that is not registered any more. */
  private async addressOf(owner: NodeName): Promise<string | null> {
    const { link, self } = this.deps;
    if (self?.node === owner.node && self.incarnation === owner.incarnation) return '';
    const nodes = await readFleet(link);
    const node = nodes.find((each) => each.node === owner.node && each.incarnation === owner.incarnation);
    return node === undefined ? null : listenAddress(node.mediaUrl);
  }
}

const sidOf = ({ params }: PageRequest): string | null => {
  const callSid = params['sid'] ?? '';
  return CALL_SID.test(callSid) ? callSid : null;
};

const told = (status: number, body: object): ConsoleResponse => ({ status, headers: json, body: JSON.stringify(body) });

/** Nothing that was typed is lost by an error. */
function typedIn({ form }: PageRequest): Partial<PanelView> {
  const [note, phone] = [form.get('note'), form.get('phone')];
  return { ...(note !== null && { note }), ...(phone !== null && { phone }) };
}

function typed(text: string | null): string {
  return (text ?? '')
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
