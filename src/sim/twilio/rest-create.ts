import { Flow } from './flow.ts';
import { Leg } from './leg.ts';
import { pressKeys, ringOut, staffAt } from './phone.ts';
import { type RestAnswer, type RestAsk, restError } from './rest-answer.ts';
import { callJson, TWIML_CHARS_MAX } from './rest-calls.ts';
import { Run, Stopped } from './run.ts';
import { reportStatus } from './status.ts';
import type { World } from './world.ts';

const FIELDS = [
  ...['To', 'From', 'Url', 'Method', 'Twiml', 'StatusCallback', 'StatusCallbackMethod', 'StatusCallbackEvent'],
  'Timeout',
];
const RING_TIMEOUT_S = 60;
const RING_TIMEOUT_S_MAX = 600;

/** Calls somebody: `queued` until the account's turn comes, then the phone rings; who answers hears the TwiML. */
export function createCall(world: World, { form }: RestAsk): RestAnswer {
  const fault = formFault(form);
  if (fault) {
    world.complain(`REST call to ${form.get('To') ?? 'nobody'}: ${fault.why}`);
    return restError(400, fault.code, fault.why);
  }
  const leg = new Leg(world, {
    from: form.get('From') ?? '',
    to: form.get('To') ?? '',
    direction: 'outbound-api',
    parentSid: null,
    keepAudio: true,
    params: {},
  });
  const callback = form.get('StatusCallback');
  if (callback !== null) {
    const events = form.getAll('StatusCallbackEvent');
    const method = form.get('StatusCallbackMethod') === 'GET' ? 'GET' : 'POST';
    reportStatus(leg, { url: callback, method, events: events.length > 0 ? events : ['completed'] });
  }
  world.adopt(leg, call(leg, form));
  return { status: 201, body: callJson(leg) };
}

async function call(leg: Leg, form: URLSearchParams): Promise<void> {
  const run = new Run();
  leg.run = run;
  try {
    await run.wait(turnMs(leg.world));
    leg.ring();
    const status = await ringOut(leg, Number(form.get('Timeout') ?? RING_TIMEOUT_S) * 1_000, run);
    if (status !== 'answers') return leg.end(status, 'phone');
  } catch (error) {
    if (error instanceof Stopped) return;
    throw error;
  }
  leg.answer();
  const [url, twiml] = [form.get('Url'), form.get('Twiml')];
  if (twiml !== null) leg.redirect = { twiml };
  const method = form.get('Method') === 'GET' ? 'GET' : 'POST';
  const talk = new Run();
  const behaving = behave(leg, talk).catch((error: unknown) => {
    if (!(error instanceof Stopped)) throw error;
  });
  await new Flow(leg).start(url === null ? null : { url, method, params: [] });
  talk.stop('hangup');
  await behaving;
}

/** What the phone at the other end does once it was answered. */
async function behave(leg: Leg, run: Run): Promise<void> {
  const phone = staffAt(leg);
  for (const line of phone?.says ?? []) leg.mouth.speak(line);
  await pressKeys(leg, phone?.presses ?? '', run);
  if (phone?.hangsUpAfterS === undefined) return;
  await run.wait(phone.hangsUpAfterS * 1_000);
  leg.end('completed', 'phone');
}

/** The account calls so many numbers a second; what is asked beyond that waits. */
function turnMs(world: World): number {
  const nowMs = performance.now();
  const atMs = Math.max(nowMs, world.outbound.freeMs);
  world.outbound.freeMs = atMs + 1_000 / world.faults.outboundPerS;
  return atMs - nowMs;
}

function formFault(form: URLSearchParams): { code: number; why: string } | null {
  const unknown = [...form.keys()].find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return { code: 20_001, why: `${unknown} is not known` };
  if (!form.get('To')) return { code: 21_201, why: "No 'To' number is specified" };
  if (!form.get('From')) return { code: 21_213, why: "No 'From' number is specified" };
  const [url, twiml] = [form.get('Url'), form.get('Twiml')];
  if ((url === null) === (twiml === null)) return { code: 21_205, why: 'one of Url and Twiml is needed' };
  if (url !== null && !/^https?:\/\//.test(url)) return { code: 21_205, why: `Url ${url} is not absolute` };
  if (twiml !== null && (twiml === '' || twiml.length > TWIML_CHARS_MAX))
    return { code: 21_205, why: `Twiml of ${twiml.length} characters` };
  const timeoutS = Number(form.get('Timeout') ?? RING_TIMEOUT_S);
  return timeoutS > 0 && timeoutS <= RING_TIMEOUT_S_MAX ? null : { code: 20_001, why: `Timeout of ${timeoutS} s` };
}
