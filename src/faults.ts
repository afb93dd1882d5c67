import { CallActor } from './calls/actor.ts';
import { WarmSessions } from './model/warm.ts';
import { allTools } from './tools/registry.ts';

/**
 * What a test may do to a node from inside: hold the event loop up for so many ms, put the wall clock forward by so many
 * ms (from where it really is), have the next fact of a call throw, a tool take so many ms longer, or no model session be made
 * ready before its stream.
 */
export type Fault =
  | { block: number }
  | { clock: number }
  | { throwIn: string }
  | { slowTool: string; ms: number }
  | { cold: true };

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
  const slowDown = toolBrake();
  process.on('message', (fault: Fault) => {
    process.send?.('taken');
    if ('throwIn' in fault) armed.add(fault.throwIn);
    else if ('clock' in fault) shiftClock(fault.clock);
    else if ('cold' in fault) WarmSessions.prototype.ask = () => undefined;
    else if ('slowTool' in fault) slowDown(fault.slowTool, fault.ms);
    else setImmediate(block, fault.block);
  });
}

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** Tools as they are looked up: each waits, within its own deadline, as long as it was told. */
function toolBrake(): (name: string, ms: number) => void {
  const delays = new Map<string, number>();
  for (const tool of allTools) {
    const { run } = tool;
    tool.run = async (...asked) => {
      const ms = delays.get(tool.definition.name) ?? 0;
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      return run(...asked);
    };
  }
  return (name, ms) => void delays.set(name, ms);
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
