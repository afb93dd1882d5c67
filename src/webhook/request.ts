import { finalStatuses } from '../../machines/call-events.ts';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { plain } from '../http/message.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { CallPlace } from '../telemetry/tracing.ts';
import type { Parties } from './wait-words.ts';
import { isFormType, parseForm, valueOf, type Form } from './form.ts';
import { isBodyAsSigned, isSigned, upgradeSpellings } from './signature.ts';

/** A webhook that the carrier has signed. */
export interface CarrierRequest {
  callSid: string;
  /** As the carrier words it, '' where it says none. */
  callStatus: string;
  /** Of the call: `CallDuration` in seconds, null where absent. */
  callDurationS: number | null;
  /** `I-Twilio-Idempotency-Token`: the same on every try. */
  idempotencyToken: string | null;
  /** The request's own span; null: the call is not traced. */
  trace: CallPlace | null;
  /** The query of the URL, for parameters of our own. */
  query: URLSearchParams;
  /** A parameter, '' where absent, cut at a length that no honest one has. */
  value(name: string): string;
  /** A whole number from 0, null where absent or none. */
  count(name: string): number | null;
}

export interface SignatureRules {
  /** Origin that signatures cover. */
  publicUrl: string;
  authTokens: readonly string[];
  metrics: Metrics;
}

export type RefusalReason = 'signature' | 'form' | 'content type' | 'call sid' | 'host';

const VALUE_LENGTH_MAX = 2_048;
const TOKEN_LENGTH_MAX = 128;
/** A number, or a SIP address. */
const ADDRESS_LENGTH_MAX = 256;
const COUNT = /^\d{1,9}$/;
export const CALL_SID = /^CA[0-9a-fA-F]{32}$/;
const HASHED_BODY = /[?&]bodySHA256=/;

const refusals: Record<RefusalReason, { status: number; sentence: string }> = {
  signature: { status: 403, sentence: 'The signature is missing or wrong.' },
  host: { status: 403, sentence: 'This host takes no media streams.' },
  form: { status: 400, sentence: 'The body is no form.' },
  'content type': { status: 415, sentence: 'Only application/x-www-form-urlencoded is understood.' },
  'call sid': { status: 400, sentence: 'CallSid is missing or malformed.' },
};

/** The form of a signed request, or what it is refused with. The signature comes first: nobody else learns anything. */
export function readSigned(request: HttpRequest, rules: SignatureRules): Form | HttpResponse {
  const isForm = isFormType(request.header('content-type'));
  const isHashed = HASHED_BODY.test(request.target);
  const form = isForm ? parseForm(request.body) : [];
  if (form === null) return refuse('form', rules.metrics);
  const urls = [rules.publicUrl + request.target];
  const signed = { signature: request.header('x-twilio-signature'), urls, form: isHashed ? [] : form };
  if (!isSigned(signed, rules.authTokens) || (isHashed && !isBodyAsSigned(request.target, request.body))) {
    return refuse('signature', rules.metrics);
  }
  return isForm ? form : refuse('content type', rules.metrics);
}

/** The request of a carrier about a call, or what it is refused with. */
export function readRequest(request: HttpRequest, rules: SignatureRules): CarrierRequest | HttpResponse {
  const form = readSigned(request, rules);
  if (isRefused(form)) return form;
  if (!CALL_SID.test(valueOf(form, 'CallSid'))) return refuse('call sid', rules.metrics);
  return carrierRequest(request, form);
}

/** True for the answers of `readRequest` and `readSigned` that refuse. */
export function isRefused(read: CarrierRequest | Form | HttpResponse): read is HttpResponse {
  return 'status' in read;
}

/** Who talks with us, and our number: a call that we placed has them the other way round. */
export function partiesOf(request: CarrierRequest): Parties {
  const [from = '', to = ''] = ['From', 'To'].map((name) => request.value(name).slice(0, ADDRESS_LENGTH_MAX));
  return isPlacedByUs(request) ? { from: to, to: from } : { from, to };
}

export function isPlacedByUs(request: CarrierRequest): boolean {
  return request.value('Direction') === 'outbound-api';
}

export function isOver(callStatus: string): boolean {
  return finalStatuses.has(callStatus);
}

export interface UpgradeRules extends Omit<SignatureRules, 'publicUrl'> {
  /** `host[:port]` of PUBLIC_URL and of every node's media address. */
  hosts(): Iterable<string>;
}

/** Judges the upgrade of a media stream: null, or what it is refused with. */
export function refuseUpgrade(request: HttpRequest, rules: UpgradeRules): HttpResponse | null {
  const urls = upgradeSpellings(request.header('host'), request.target, rules.hosts());
  if (urls.length === 0) return refuse('host', rules.metrics);
  const isGenuine = isSigned({ signature: request.header('x-twilio-signature'), urls, form: [] }, rules.authTokens);
  return isGenuine ? null : refuse('signature', rules.metrics);
}

function refuse(reason: RefusalReason, metrics: Metrics): HttpResponse {
  metrics.refusals.inc({ reason });
  return plain(refusals[reason].status, refusals[reason].sentence);
}

function carrierRequest(request: HttpRequest, form: Form): CarrierRequest {
  const value = (name: string): string => valueOf(form, name).slice(0, VALUE_LENGTH_MAX);
  const count = (name: string): number | null => (COUNT.test(value(name)) ? Number(value(name)) : null);
  const token = request.header('i-twilio-idempotency-token');
  return {
    callSid: value('CallSid'),
    callStatus: value('CallStatus'),
    callDurationS: count('CallDuration'),
    idempotencyToken: token === '' ? null : token.slice(0, TOKEN_LENGTH_MAX),
    trace: null,
    query: new URLSearchParams(request.query),
    value,
    count,
  };
}
