import type { HttpRequest } from '../http/message.ts';
import type { Route } from '../http/server.ts';
import { createRedactor } from '../redact/redactor.ts';
import type { Log } from '../telemetry/log.ts';
import { complaintClass } from './complaint-class.ts';
import { valueOf } from './form.ts';
import { CALL_SID, isRefused, readSigned, type SignatureRules } from './request.ts';

const TEXT_LENGTH_MAX = 200;
const redactor = createRedactor({ phone: true, mail: true });

/**
 * `/voice/debugger`: what the carrier says of its own errors and warnings with our calls. Of the payload only codes and
 * names are kept: it quotes whole requests, with callers' numbers.
 */
export function debuggerRoute(rules: SignatureRules, log: Log): Route {
  const handler = (request: HttpRequest) => {
    const form = readSigned(request, rules);
    const status = isRefused(form) ? form.status : 204;
    rules.metrics.webhooks.inc({ route: '/voice/debugger', status });
    if (isRefused(form)) return form;
    const level = valueOf(form, 'Level').toLowerCase() === 'warning' ? 'warn' : 'error';
    const complaint = complaintOf(valueOf(form, 'Payload'));
    rules.metrics.carrierComplaints.inc({ level, class: complaintClass(complaint.code) });
    const { resource, ...what } = complaint;
    const about = CALL_SID.test(resource) ? { callSid: resource } : { resource };
    log[level]({ ...about, ...what, sid: cut(valueOf(form, 'Sid')) }, 'the carrier complains');
    return { status };
  };
  return { method: 'POST', path: '/voice/debugger', handler };
}

/** `resource` is the call's SID where it is about one. */
function complaintOf(payload: string): { resource: string; code: string; message: string } {
  const read = record(parsed(payload));
  const more = record(read['more_info']);
  return {
    resource: text(read['resource_sid']),
    code: text(read['error_code']),
    // It may quote the number that could not be dialled.
    message: redactor.text(text(more['Msg'] ?? more['msg'])),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? cut(String(value)) : '';
}

function cut(value: string): string {
  return value.slice(0, TEXT_LENGTH_MAX);
}
