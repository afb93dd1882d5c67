import { type FakeTwilio, startFakeTwilio } from './fake-twilio.ts';
import { type SmallAnswer, type SmallRequest, type SmallService, startSmallService } from './small-service.fixture.ts';
import type { Staff, TwilioFaults } from './world.ts';

export const BASE = 'https://voice.example.com';
export const ACCOUNT = 'AC00000000000000000000000000000000';
export const BYE = '<Response/>';

type Routes = Record<string, (request: SmallRequest) => SmallAnswer>;

let open: { close(): Promise<void> }[] = [];

export async function closeWorlds(): Promise<void> {
  for (const one of open.toReversed()) await one.close();
  open = [];
}

/** A fake Twilio whose number is answered by `/voice` of a small service with these routes. */
export async function world(
  routes: Routes,
  faults: Partial<TwilioFaults> = {},
  staff: Record<string, Staff> = {},
): Promise<{ service: SmallService; twilio: FakeTwilio }> {
  const service = await startSmallService({
    routes: { '/cb': () => ({ status: 204 }), '/done': () => BYE, ...routes },
  });
  const twilio = await startFakeTwilio({
    accountSid: ACCOUNT,
    authToken: 'secret',
    seed: 3,
    faults,
    staff,
    number: { voiceUrl: `${BASE}/voice` },
    hosts: { [BASE]: service.address, 'wss://voice.example.com': service.address },
  });
  open.push(service, twilio);
  return { service, twilio };
}

export const call = (twilio: FakeTwilio) => twilio.placeCall({ from: '+15550001111', to: '+15550002222' });

/** Parameters of every request whose target begins so. */
export const asked = (service: SmallService, path: string) =>
  service.requests
    .filter((request) => request.target.startsWith(path))
    .map((request) => Object.fromEntries(request.params));

/** Asks the fake's REST interface about the account's `path`; a form makes it a POST. */
export function rest(
  twilio: FakeTwilio,
  path: string,
  form?: Record<string, string>,
  method = form ? 'POST' : 'GET',
): Promise<Response> {
  return fetch(`${twilio.apiUrl}/2010-04-01/Accounts/${ACCOUNT}${path}`, {
    method,
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT}:secret`).toString('base64')}` },
    ...(form ? { body: new URLSearchParams(form) } : {}),
  });
}
