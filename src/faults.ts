import { CallActor } from './calls/actor.ts';

/**
 * What a test may do to a node from inside: hold the event loop up for so many ms, put the wall clock forward by so many
 * ms (from where it really is), or have the next fact of a call throw.
 */
export type Fault = { block: number } | { clock: number } | { throwIn: string };

/**
 * Takes faults from the process that started this one, over the channel that only it has, and says `taken` before it
 * obeys. Loaded by `--faults` alone: without it none of this is in the process.
 */
export function obeyFaults(): void {
  const armed = new Set<string>();
  // Nothing but a test calls this, so nothing but a test pays for it.
  const { step } = CallActor.prototype;
  CallActor.prototype.step = function (fact) {
    if (armed.delete(this.context.callSid)) throw new Error('a fault was asked for');
    return step.call(this, fact);
  };
  const shiftClock = clockShift();
  process.on('message', (fault: Fault) => {
    process.send?.('taken');
    if ('throwIn' in fault) armed.add(fault.throwIn);
    else if ('clock' in fault) shiftClock(fault.clock);
    else setImmediate(block, fault.block);
  });
}

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

function clockShift(): (ms: number) => void {
  const RealDate = Date;
  let shiftMs = 0;
  const now = (): number => RealDate.now() + shiftMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget: typeof Date) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  return (ms) => (shiftMs = ms);
}
