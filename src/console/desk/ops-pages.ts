import { blockCaller, unblockCaller } from '../../directory/callers.ts';
import { directoryLimits } from '../../directory/limits.ts';
import { orderNode } from '../../directory/node-desk.ts';
import { isSwitch, switchedTool, switchFault } from '../../directory/switch-states.ts';
import { noteAudit, setSwitch } from '../../directory/switches.ts';
import { callerKey } from '../../services/caller-number.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { mayAct } from '../roles.ts';
import { drainValue, type NodeState } from './fleet-desk.ts';
import { nodesPanel, nodesView, opsPanel } from './ops-panel.ts';
import { consequenceOf } from './ops-words.ts';
import type { DeskParts } from './parts.ts';
import { numberFor, typedText } from './shown.ts';

const OPS = '/admin/ops';
const SWITCH = `${OPS}/switch`;
const UNPROCESSABLE = 422;
const CONFLICT = 409;
const HOUR_MS = 3_600_000;
const BLOCK_HOURS_MAX = 24 * 365;
/** Blocked callers that the page lists. */
const BLOCKS_SHOWN = 200;

type Parts = Pick<
  DeskParts,
  'fleet' | 'link' | 'audit' | 'toolNames' | 'changed' | 'promotions' | 'dataSource' | 'now'
>;

export function opsRoutes(parts: Parts): PageRoute[] {
  return [...overview(parts), ...switchRoutes(parts), ...blockRoutes(parts), ...nodeRoutes(parts)];
}

const mayRun = ({ who }: PageRequest): boolean => mayAct(who.role, 'admin');
const reasonOf = ({ form }: PageRequest): string =>
  typedText(form.get('reason'), directoryLimits.reasonMax).replaceAll('\n', ' ');
const NO_REASON = 'Say why: whoever looks at it next will ask.';

function overview(parts: Parts): PageRoute[] {
  async function show(
    request: PageRequest,
    more: Record<string, unknown> = {},
    status = 200,
  ): Promise<ConsoleResponse> {
    const { fleet, toolNames } = parts;
    const [panel, blocks, acts] = await Promise.all([opsPanel(parts), fleet.blocks(), fleet.acts()]);
    const { words } = request;
    return page(
      request,
      'desk/ops',
      {
        panel,
        tools: toolNames.map((name) => ({ value: `tool:${name}`, label: name })),
        blocks: blocks.slice(0, BLOCKS_SHOWN).map(({ caller, untilMs, by, reason }) => ({
          caller: mayRun(request) ? caller : null,
          shown: numberFor(request, caller),
          until: words.when(new Date(untilMs)),
          by,
          reason,
        })),
        blockCount: blocks.length,
        acts: acts.map(({ name, value, by, reason, at }) => ({
          what: actWords(request, name, value),
          by,
          reason,
          at: words.when(new Date(at)),
          iso: words.iso(new Date(at)),
        })),
        mayRun: mayRun(request),
        block: { number: '', hours: '24', reason: '', problems: {} },
        ...more,
      },
      status,
    );
  }
  return [
    { method: 'GET', path: OPS, role: 'viewer', handler: (request) => show(request) },
    {
      method: 'POST',
      path: `${OPS}/block`,
      role: 'admin',
      async handler(request) {
        const number = typedText(request.form.get('number'), 40);
        const hours = typedText(request.form.get('hours'), 10);
        const reason = reasonOf(request);
        const caller = callerKey(number.replaceAll(/[\s().-]/g, ''));
        const problems: Record<string, string> = {};
        if (caller === null)
          problems['number'] = 'A number with its country, as in +1 207 555 0143. Withheld numbers are many people.';
        if (!/^\d{1,6}$/.test(hours) || Number(hours) < 1 || Number(hours) > BLOCK_HOURS_MAX)
          problems['hours'] = `A whole number of hours, from 1 to ${BLOCK_HOURS_MAX}.`;
        if (reason === '') problems['reason'] = NO_REASON;
        if (caller === null || Object.keys(problems).length > 0)
          return show(request, { block: { number, hours, reason, problems } }, UNPROCESSABLE);
        const { link, audit, changed } = parts;
        // Numbers of callers stand in no audit entry that is kept for years: the fleet's own log has it for a while.
        await audit.note({
          who: request.who,
          action: 'caller.blocked',
          subject: numberFor({ who: { ...request.who, role: 'viewer' } }, caller),
          detail: { hours: Number(hours), reason },
        });
        const done = await blockCaller(link, { caller, lifeMs: Number(hours) * HOUR_MS, by: request.who.name, reason });
        if (done === 'full')
          return show(
            request,
            {
              block: {
                number,
                hours,
                reason,
                problems: { number: 'Too many numbers are blocked: unblock some first.' },
              },
            },
            CONFLICT,
          );
        await changed('ops');
        return saved(OPS, `${caller} is blocked for ${hours} hours.`);
      },
    },
  ];
}

function blockRoutes({ link, audit, changed }: Parts): PageRoute[] {
  return [
    {
      method: 'POST',
      path: `${OPS}/unblock`,
      role: 'admin',
      async handler(request) {
        const caller = callerKey(request.form.get('number') ?? '');
        if (caller === null) return nothingHere(request);
        const { who } = request;
        await audit.note({
          who,
          action: 'caller.unblocked',
          subject: numberFor({ who: { ...who, role: 'viewer' } }, caller),
        });
        const was = await unblockCaller(link, { caller, by: who.name, reason: 'from the console' });
        await changed('ops');
        return saved(OPS, was ? `${caller} is unblocked.` : `${caller} was not blocked any more.`);
      },
    },
  ];
}

function switchRoutes({ link, audit, toolNames, fleet, changed }: Parts): PageRoute[] {
  /** Why it cannot be set so, null if it can; '' clears, also what a newer release has set. */
  function faultOf(name: string, value: string): string | null {
    const tool = switchedTool(name);
    if (tool !== null && !toolNames.includes(tool) && value !== '') return `There is no tool ${tool}.`;
    if (value === '') return isSwitch(name) || /^[\w:-]{1,64}$/.test(name) ? null : 'There is no such switch.';
    return switchFault(name, value);
  }

  async function ask(
    request: PageRequest,
    name: string,
    value: string,
    problem = '',
    status = 200,
  ): Promise<ConsoleResponse> {
    const fault = faultOf(name, value);
    if (fault !== null) return page(request, 'desk/switch-fault', { fault }, UNPROCESSABLE);
    const { switches, nodes } = await fleet.state();
    return page(
      request,
      'desk/switch',
      {
        name,
        value,
        consequence: consequenceOf(name, value, request.store.name),
        isSet: switches.find(([each]) => each === name)?.[1] ?? null,
        nodes: nodes.filter(({ isAlive }) => isAlive).length,
        calls: nodes.reduce((sum, { report, load }) => sum + (report?.held ?? load), 0),
        reason: reasonOf(request),
        problem,
      },
      status,
    );
  }

  async function set(request: PageRequest): Promise<ConsoleResponse> {
    const { form, who } = request;
    const [name, value, reason] = [form.get('name') ?? '', form.get('value') ?? '', reasonOf(request)];
    if (faultOf(name, value) !== null) return ask(request, name, value);
    if (reason === '') return ask(request, name, value, NO_REASON, UNPROCESSABLE);
    await audit.note({
      who,
      action: value === '' ? 'switch.cleared' : 'switch.set',
      subject: name,
      detail: { value, reason },
    });
    const done = await setSwitch(link, { name, value: value === '' ? null : value, by: who.name, reason });
    if (done === 'full') return ask(request, name, value, 'Too many switches are set: clear some first.', CONFLICT);
    await changed('ops');
    return saved(
      OPS,
      done === 'set' ? `${name} is ${value}. Every node follows within two seconds.` : `${name} is cleared.`,
    );
  }

  return [
    {
      method: 'GET',
      path: SWITCH,
      role: 'admin',
      handler: (request) => ask(request, request.search.get('name') ?? '', request.search.get('value') ?? ''),
    },
    { method: 'POST', path: SWITCH, role: 'admin', handler: set },
  ];
}

function nodeRoutes({ fleet, link, audit, changed }: Parts): PageRoute[] {
  async function show(
    request: PageRequest,
    more: Record<string, unknown> = {},
    status = 200,
  ): Promise<ConsoleResponse> {
    const name = request.params['node'] ?? '';
    const state = await fleet.state();
    const node = state.nodes.find((each) => each.node === name);
    const wasOrdered = state.drains.some((drain) => drain.node === name);
    if (!node && !wasOrdered) return nothingHere(request);
    const others = state.nodes.filter((each) => each.isAlive && each.node !== name && !isLeaving(each));
    return page(
      request,
      'desk/node',
      {
        name,
        node: node && { ...node, isLeaving: isLeaving(node), calls: node.report?.held ?? node.load },
        panel: await nodesPanel({ fleet }),
        view: nodesView(state),
        isOnly: others.length === 0,
        mayRun: mayRun(request),
        problem: '',
        reason: reasonOf(request),
        ...more,
      },
      status,
    );
  }

  async function drain(request: PageRequest): Promise<ConsoleResponse> {
    const { form, who } = request;
    const name = request.params['node'] ?? '';
    const { nodes } = await fleet.state();
    const node = nodes.find((each) => each.node === name);
    if (!node) return show(request, { problem: `${name} has left already.` }, CONFLICT);
    if (node.incarnation !== form.get('incarnation'))
      return show(
        request,
        { problem: `Another process has the name ${name} since you opened this page. Look at it before you drain it.` },
        CONFLICT,
      );
    const reason = reasonOf(request);
    if (reason === '') return show(request, { problem: NO_REASON }, UNPROCESSABLE);
    if (node.report === null)
      return show(request, { problem: `${name} takes no orders from here: npm run drain -- ${name}.` }, CONFLICT);
    const urgent = form.get('urgent') === 'on';
    await audit.note({
      who,
      action: 'node.drained',
      subject: name,
      detail: { incarnation: node.incarnation, urgent, reason },
    });
    await noteAudit(link, { name: 'drain', value: drainValue(node), by: who.name, reason });
    await orderNode(link, node, { kind: 'drain', urgent });
    await changed('ops', 'ops-nodes');
    const path = `${OPS}/nodes/${encodeURIComponent(name)}`;
    return saved(path, urgent ? `${name} hands its calls over at once.` : `${name} is told to leave. Watch it below.`);
  }

  return [
    { method: 'GET', path: `${OPS}/nodes/:node`, role: 'viewer', handler: (request) => show(request) },
    { method: 'POST', path: `${OPS}/nodes/:node/drain`, role: 'admin', handler: drain },
  ];
}

/** A line of the fleet's log. */
function actWords(request: PageRequest, name: string, value: string): string {
  if (name === 'drain') return `drain ${value.split(' ')[0] ?? ''}`;
  if (name === 'block' || name === 'unblock') return `${name} ${numberFor(request, value)}`;
  return value === '' ? `${name} cleared` : `${name} ${value}`;
}

const isLeaving = ({ report, capacity }: NodeState): boolean =>
  report ? report.drain.stage !== 'serving' : capacity === 0;
