import { type XmlElement, parseXml } from './xml.ts';

/** What may stand in an element. Attribute rules are checked by `faultOf`. */
interface Shape {
  attributes: Record<string, Rule>;
  required?: readonly string[];
  children: readonly string[];
  text: 'none' | 'optional' | 'required';
}

type Rule = 'text' | 'url' | 'absoluteUrl' | 'wss' | 'method' | 'whole' | 'boolean' | 'keys' | readonly string[];

const RECORDING_EVENTS = ['in-progress', 'completed', 'absent'];
const LEG_EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
const RECORDING_CALLBACK: Record<string, Rule> = {
  recordingStatusCallback: 'url',
  recordingStatusCallbackMethod: 'method',
  recordingStatusCallbackEvent: RECORDING_EVENTS,
};

const SHAPES: Record<string, Shape> = {
  Say: { attributes: { voice: 'text', language: 'text', loop: 'whole' }, children: [], text: 'required' },
  Play: { attributes: { loop: 'whole', digits: 'text' }, children: [], text: 'optional' },
  Pause: { attributes: { length: 'whole' }, children: [], text: 'none' },
  Gather: {
    attributes: {
      action: 'url',
      method: 'method',
      input: ['dtmf'],
      numDigits: 'whole',
      finishOnKey: 'keys',
      timeout: 'whole',
      actionOnEmptyResult: 'boolean',
    },
    children: ['Say', 'Play', 'Pause'],
    text: 'none',
  },
  Record: {
    attributes: {
      action: 'url',
      method: 'method',
      timeout: 'whole',
      maxLength: 'whole',
      finishOnKey: 'keys',
      playBeep: 'boolean',
      trim: ['trim-silence', 'do-not-trim'],
      ...RECORDING_CALLBACK,
    },
    children: [],
    text: 'none',
  },
  Dial: {
    attributes: {
      action: 'url',
      method: 'method',
      timeout: 'whole',
      timeLimit: 'whole',
      callerId: 'text',
      answerOnBridge: 'boolean',
      hangupOnStar: 'boolean',
      ringTone: 'text',
      sequential: 'boolean',
    },
    children: ['Number'],
    text: 'optional',
  },
  Number: {
    attributes: {
      url: 'url',
      method: 'method',
      statusCallback: 'url',
      statusCallbackMethod: 'method',
      statusCallbackEvent: LEG_EVENTS,
      sendDigits: 'text',
    },
    children: [],
    text: 'required',
  },
  Redirect: { attributes: { method: 'method' }, children: [], text: 'required' },
  Hangup: { attributes: {}, children: [], text: 'none' },
  Reject: { attributes: { reason: ['rejected', 'busy'] }, children: [], text: 'none' },
  Leave: { attributes: {}, children: [], text: 'none' },
  Enqueue: {
    attributes: { action: 'url', method: 'method', waitUrl: 'url', waitUrlMethod: 'method' },
    children: [],
    text: 'required',
  },
  Connect: { attributes: { action: 'url', method: 'method' }, children: ['Stream'], text: 'none' },
  Stream: {
    attributes: {
      url: 'wss',
      name: 'text',
      track: ['inbound_track'],
      statusCallback: 'absoluteUrl',
      statusCallbackMethod: 'method',
    },
    required: ['url'],
    children: ['Parameter'],
    text: 'none',
  },
  Parameter: { attributes: { name: 'text', value: 'text' }, required: ['name', 'value'], children: [], text: 'none' },
  Start: { attributes: {}, children: ['Recording'], text: 'none' },
  Recording: {
    attributes: {
      ...RECORDING_CALLBACK,
      trim: ['trim-silence', 'do-not-trim'],
      track: ['inbound', 'outbound', 'both'],
      channels: ['mono', 'dual'],
      name: 'text',
    },
    children: [],
    text: 'none',
  },
};

const VERBS = [
  'Say',
  'Play',
  'Pause',
  'Gather',
  'Record',
  'Dial',
  'Redirect',
  'Hangup',
  'Reject',
  'Leave',
  'Enqueue',
  'Connect',
  'Start',
];
/** What ends the document's reach wherever it stands. */
const TERMINAL = ['Redirect', 'Hangup', 'Reject', 'Leave'];
const PARAMETER_CHARS_MAX = 500;
const QUEUE_NAME_CHARS_MAX = 64;

export interface Twiml {
  verbs: XmlElement[];
  /** What Twilio would warn of (12200 and its like); the faulty element was left out or its attribute ignored. */
  complaints: string[];
}

/**
 * Reads a TwiML document. Throws XmlError where Twilio gives up (12100); smaller faults become complaints.
 * `baseUrl` is null for TwiML given inline by REST: then every URL must be absolute.
 */
export function parseTwiml(source: string, baseUrl: string | null): Twiml {
  const root = parseXml(source);
  const complaints: string[] = [];
  if (root.name !== 'Response') complaints.push(`the root element is <${root.name}>, not <Response>`);
  for (const name of Object.keys(root.attributes)) complaints.push(`<Response> has no attribute ${name}`);
  if (root.text.trim() !== '') complaints.push(`<Response> holds text: ${root.text.trim()}`);
  const verbs = root.name === 'Response' ? root.children.filter((verb) => check(verb, VERBS, baseUrl, complaints)) : [];
  checkReach(verbs, complaints);
  return { verbs, complaints };
}

function check(element: XmlElement, allowed: readonly string[], baseUrl: string | null, complaints: string[]): boolean {
  const shape = SHAPES[element.name];
  if (!allowed.includes(element.name) || !shape) {
    complaints.push(`<${element.name}> is not known here or not simulated`);
    return false;
  }
  for (const [name, value] of Object.entries(element.attributes)) {
    const rule = shape.attributes[name];
    const fault = rule === undefined ? 'is not known' : faultOf(rule, value, baseUrl);
    if (fault === null) continue;
    complaints.push(`<${element.name} ${name}="${value}"> ${fault}`);
    if (rule !== 'wss') delete element.attributes[name];
  }
  for (const name of shape.required ?? []) {
    if (element.attributes[name] === undefined) complaints.push(`<${element.name}> needs ${name}`);
  }
  if (shape.text === 'none' && element.text.trim() !== '') complaints.push(`<${element.name}> holds text`);
  if (shape.text === 'required' && element.text.trim() === '') complaints.push(`<${element.name}> is empty`);
  element.children = element.children.filter((child) => check(child, shape.children, baseUrl, complaints));
  checkMore(element, baseUrl, complaints);
  return true;
}

function checkMore(element: XmlElement, baseUrl: string | null, complaints: string[]): void {
  const text = element.text.trim();
  if (element.name === 'Redirect' || (element.name === 'Play' && text !== '')) {
    const fault = faultOf('url', text, baseUrl);
    if (fault !== null) complaints.push(`<${element.name}> ${text} ${fault}`);
  }
  if (element.name === 'Parameter') {
    const chars = (element.attributes['name'] ?? '').length + (element.attributes['value'] ?? '').length;
    if (chars >= PARAMETER_CHARS_MAX)
      complaints.push(`<Parameter> of ${chars} characters, ${PARAMETER_CHARS_MAX - 1} are allowed`);
  }
  if (element.name === 'Enqueue' && text.length > QUEUE_NAME_CHARS_MAX)
    complaints.push('the name of the queue is too long');
  if (element.name === 'Connect' && element.children.length !== 1) complaints.push('<Connect> needs one <Stream>');
  if (element.name === 'Start' && element.children.length !== 1) complaints.push('<Start> needs one <Recording>');
  if (element.name === 'Record' && element.attributes['action'] === undefined && baseUrl === null) {
    complaints.push('<Record> without action in inline TwiML (11100)');
  }
}

function checkReach(verbs: readonly XmlElement[], complaints: string[]): void {
  verbs.forEach((verb, index) => {
    const next = verbs[index + 1];
    if (verb.name === 'Reject' && index > 0) complaints.push('<Reject> must be the first verb');
    if (!next) return;
    const handsOver = ['Connect', 'Dial', 'Enqueue'].includes(verb.name) && verb.attributes['action'] !== undefined;
    if (TERMINAL.includes(verb.name) || handsOver)
      complaints.push(`<${next.name}> after <${verb.name}> is never reached`);
  });
}

function faultOf(rule: Rule, value: string, baseUrl: string | null): string | null {
  if (typeof rule !== 'string') {
    return value.split(' ').every((word) => rule.includes(word)) ? null : `is not one of ${rule.join(' ')}`;
  }
  switch (rule) {
    case 'text':
      return null;
    case 'method':
      return value === 'GET' || value === 'POST' ? null : 'is neither GET nor POST';
    case 'whole':
      return /^\d{1,5}$/.test(value) ? null : 'is no whole number';
    case 'boolean':
      return value === 'true' || value === 'false' ? null : 'is neither true nor false';
    case 'keys':
      return /^[0-9*#]*$/.test(value) ? null : 'holds more than 0-9 * #';
    case 'wss':
      return wssFault(value);
    case 'absoluteUrl':
      return /^https?:\/\//.test(value) ? urlFault(value, null) : 'is not absolute';
    case 'url':
      return urlFault(value, baseUrl);
  }
}

function urlFault(value: string, baseUrl: string | null): string | null {
  if (value !== value.trim() || /\s/.test(value)) return 'holds spaces';
  if (/^https?:\/\//.test(value)) return URL.canParse(value) ? null : 'is no URL';
  if (baseUrl === null) return 'is not absolute though the TwiML is inline';
  return URL.canParse(value, baseUrl) ? null : 'is no URL';
}

function wssFault(value: string): string | null {
  if (!value.startsWith('wss://')) return 'is not wss (31922)';
  if (!URL.canParse(value)) return 'is malformed (31923)';
  const url = new URL(value);
  if (url.search !== '' || value.includes('?')) return 'has a query string (31920)';
  if (value.includes('#')) return 'has a fragment';
  return url.hostname.includes('_') ? 'has an underscore in its host' : null;
}
