import { readAccount } from '../account.ts';
import { StepFailure } from '../caller/person.ts';
import { eventually } from '../eventually.ts';
import type { FakeSession } from '../model/index.ts';
import type { SimCall } from '../twilio/index.ts';
import type { ScenarioFault } from './scenario.ts';
import type { Stage } from './stage.ts';

const SESSION_MS_MAX = 5_000;
const REST_FAULTS = { busy: 'restBusy', broken: 'restBroken', silent: 'restSilent' } as const;

/** Does it to this call, or to what all calls share. */
export async function inflict(stage: Stage, call: SimCall, fault: ScenarioFault): Promise<void> {
  if ('model' in fault) return (await sessionOf(stage, call))?.break(fault.model);
  if ('line' in fault) return breakLine(call, fault.line);
  if ('tool' in fault) {
    await Promise.all(stage.nodes.map((node) => node.inflict({ slowTool: fault.tool, ms: fault.ms })));
    return;
  }
  if ('stop' in fault) return stage[fault.stop === 'redis' ? 'redis' : 'database'].stop();
  if ('door' in fault) {
    if (stage.model) stage.model.door = fault.door;
    return;
  }
  Object.assign(stage.twilio.faults, { restBusy: 0, restBroken: 0, restSilent: 0 });
  if (fault.rest !== 'well') stage.twilio.faults[REST_FAULTS[fault.rest]] = 1;
}

async function breakLine(call: SimCall, how: 'cut' | 'vanish' | 'mute' | 'unmute'): Promise<void> {
  await call.waitFor(({ stream, ended }) => stream !== null || ended, SESSION_MS_MAX).catch(() => undefined);
  const { stream } = call;
  if (stream === null) throw new StepFailure(`there is no stream to ${how}`);
  if (how === 'cut') stream.cut();
  else if (how === 'vanish') stream.vanish();
  else stream.line.muted = how === 'mute';
}

/** The session that speaks with this caller, null where none does. */
export async function sessionOf(stage: Stage, call: SimCall): Promise<FakeSession | null> {
  const { model } = stage;
  if (!model) return null;
  const find = async (): Promise<FakeSession | null> => {
    const { facts } = await readAccount(stage, call);
    const id = facts.findLast(({ type }) => type === 'model.ready' || type === 'model.rotated');
    if (id === undefined || !('sessionId' in id)) return null;
    return model.sessions.find((session) => session.id === id.sessionId && session.open) ?? null;
  };
  return eventually(find, (session) => session !== null || call.ended, SESSION_MS_MAX);
}
