import { Leg } from './leg.ts';
import { pressKeys, ringOut, staffAt } from './phone.ts';
import type { Run } from './run.ts';
import type { FlowPort, Params, Step } from './step.ts';
import type { Staff } from './world.ts';
import type { XmlElement } from './xml.ts';
import { reportStatus } from './status.ts';

const RING_TIMEOUT_S = 30;
const TIME_LIMIT_S = 14_400;

type DialStatus = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';

interface Outcome {
  status: DialStatus;
  child: Leg;
  bridged: boolean;
}

/** `<Dial>` with numbers: all ring at once, the first to answer is bridged. */
export async function dial(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Step> {
  const numbers: XmlElement[] =
    verb.children.length > 0 ? verb.children : [{ name: 'Number', attributes: {}, children: [], text: verb.text }];
  const { callerId } = verb.attributes;
  if (callerId !== undefined && callerId !== leg.options.from && callerId !== leg.options.to) {
    leg.world.complain(`${leg.sid}: <Dial callerId="${callerId}"> is neither the caller's number nor ours (13214)`);
  }
  const children = numbers.map((number) => ({ number, child: ring(leg, verb, number) }));
  try {
    const outcome = await answerOf(leg, verb, children, run, flow);
    return flow.jump(verb, resultParams(outcome));
  } finally {
    for (const { child } of children) child.end(child.answeredMs === null ? 'canceled' : 'completed', 'service');
    leg.sink = null;
    leg.keySink = null;
    const first = children.find(({ child }) => child.answeredMs !== null) ?? children[0];
    if (run.cause === 'hangup' && first) {
      const answered = first.child.answeredMs !== null;
      flow.afterHangUp(
        verb,
        resultParams({ status: answered ? 'completed' : 'canceled', child: first.child, bridged: answered }),
      );
    }
  }
}

function resultParams({ status, child, bridged }: Outcome): Params {
  return [
    ['DialCallStatus', status],
    ['DialCallSid', child.sid],
    ['DialBridged', String(bridged)],
    ...(status === 'completed' ? [['DialCallDuration', String(child.durationS())] as [string, string]] : []),
  ];
}

function ring(leg: Leg, verb: XmlElement, number: XmlElement): Leg {
  const child = new Leg(leg.world, {
    from: verb.attributes['callerId'] ?? leg.options.from,
    to: number.text.trim(),
    direction: 'outbound-dial',
    parentSid: leg.sid,
    keepAudio: leg.options.keepAudio,
    params: {},
  });
  const callback = number.attributes['statusCallback'];
  if (callback !== undefined) {
    const events = (number.attributes['statusCallbackEvent'] ?? 'completed').split(' ');
    reportStatus(child, {
      url: callback,
      method: number.attributes['statusCallbackMethod'] === 'GET' ? 'GET' : 'POST',
      events,
    });
  }
  leg.children.push(child);
  return child;
}

async function answerOf(
  leg: Leg,
  verb: XmlElement,
  children: readonly { number: XmlElement; child: Leg }[],
  run: Run,
  flow: FlowPort,
): Promise<Outcome> {
  const timeoutMs = Number(verb.attributes['timeout'] ?? RING_TIMEOUT_S) * 1000;
  const rings = children.map(({ number, child }) =>
    ringOut(child, timeoutMs, run).then((status) => ({ status, child, number })),
  );
  let last: Outcome | null = null;
  const left = new Set(rings);
  while (left.size > 0) {
    const { status, child, number } = await run.until(Promise.race(left));
    left.delete(rings[children.findIndex((one) => one.child === child)] as (typeof rings)[number]);
    if (status !== 'answers') {
      child.end(status, 'phone');
      last = { status, child, bridged: false };
      continue;
    }
    child.answer();
    for (const other of children) if (other.child !== child) other.child.end('canceled', 'service');
    if (number.attributes['url'] !== undefined && !(await whisper(child, number, run, flow))) {
      return { status: leg.world.faults.refusedWhisper, child, bridged: false };
    }
    await bridge(leg, verb, child, run);
    return { status: 'completed', child, bridged: true };
  }
  return last as Outcome;
}

/** True when the called party may be bridged: its document ended without hanging up. */
async function whisper(child: Leg, number: XmlElement, run: Run, flow: FlowPort): Promise<boolean> {
  const staff = staffAt(child);
  const person = run.child();
  const acting = Promise.allSettled([pressKeys(child, staff?.presses ?? '', person), decline(child, staff, person)]);
  if (staff?.greets !== undefined) child.mouth.speak(staff.greets);
  const method = number.attributes['method'] === 'GET' ? 'GET' : 'POST';
  try {
    await run.until(flow.whisper(child, { url: flow.resolve(number.attributes['url'] ?? ''), method, params: [] }));
  } finally {
    person.stop('redirected');
    await acting;
  }
  return !child.final;
}

async function decline(child: Leg, staff: Staff | undefined, person: Run): Promise<void> {
  if (staff?.declinesAfterS === undefined) return;
  await person.wait(staff.declinesAfterS * 1000);
  child.end('completed', 'phone');
}

async function bridge(leg: Leg, verb: XmlElement, child: Leg, run: Run): Promise<void> {
  const staff = staffAt(child);
  const limitMs = Number(verb.attributes['timeLimit'] ?? TIME_LIMIT_S) * 1000;
  leg.sink = (frame) => child.pushAudio(frame.bytes);
  child.sink = (frame) => leg.pushAudio(frame.bytes);
  for (const line of staff?.says ?? []) child.mouth.speak(line);
  const star = new Promise<void>((resolve) => {
    leg.keySink = (digit) => {
      if (digit === '*' && verb.attributes['hangupOnStar'] === 'true') resolve();
    };
  });
  const over = run.child();
  const hangsUp =
    staff?.hangsUpAfterS === undefined
      ? []
      : [over.wait(staff.hangsUpAfterS * 1000).then(() => child.end('completed', 'phone'))];
  try {
    await run.until(Promise.race([child.done, star, over.wait(limitMs), ...hangsUp]));
  } finally {
    over.stop('redirected');
    child.sink = null;
    leg.clearAudio();
  }
  child.end('completed', 'service');
}
