import { expect, test } from 'vitest';
import { startFakeTwilio } from './fake-twilio.ts';
import { type SmallStream, startSmallService } from './small-service.fixture.ts';

const BASE = 'https://voice.example.com';
const CALLS = 100;

const LEFT_MS_MAX = 3_000;

const count = (kind: RegExp): number => process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;
const open = (): number => count(/^(Timeout|TCP\w+|HTTP\w+)$/);

/** Sockets that were closed go in one of the next turns of the event loop. */
async function nothingLeft(before: number): Promise<void> {
  const untilMs = performance.now() + LEFT_MS_MAX;
  while (open() > before && performance.now() < untilMs) await new Promise((resolve) => setImmediate(resolve));
  expect(open()).toBeLessThanOrEqual(before);
}

test('a hundred calls at once: every word comes back whole, and nothing is left behind', async () => {
  const before = open();
  const service = await startSmallService({
    routes: {
      '/voice': () =>
        '<Response><Connect action="/next"><Stream url="wss://voice.example.com/media"/></Connect></Response>',
      '/next': () => '<Response><Hangup/></Response>',
      '/status': () => ({ status: 204 }),
    },
    onMedia: (stream: SmallStream, audio) => stream.play(audio),
  });
  const twilio = await startFakeTwilio({
    accountSid: 'AC00000000000000000000000000000000',
    authToken: 'secret',
    seed: 11,
    faults: { callbackDelayMsMax: 50, callbackTwice: 0.5 },
    number: { voiceUrl: `${BASE}/voice`, statusCallback: `${BASE}/status` },
    hosts: { [BASE]: service.address, 'wss://voice.example.com': service.address },
  });
  const words = Array.from({ length: CALLS }, (_, index) => `This is caller number ${index} speaking`);
  await Promise.all(
    words.map(async (text, index) => {
      const sim = twilio.placeCall({ from: `+1555000${1000 + index}`, to: '+15550002222', keepAudio: false });
      await sim.waitFor(() => sim.stream !== null, 20_000);
      sim.speak(text);
      await sim.waitFor(() => sim.heard().some((heard) => heard.whole), 20_000);
      expect(sim.heard().map((heard) => [heard.text, heard.faults])).toEqual([[text, 0]]);
      sim.hangUp();
      await sim.done;
    }),
  );
  expect(service.requests.filter((request) => request.target === '/status').length).toBeGreaterThan(CALLS);
  expect(twilio.complaints).toEqual([]);
  expect(twilio.warnings).toEqual([]);
  await twilio.close();
  await service.close();
  await nothingLeft(before);
});

test('closing in the middle of calls ends them all', async () => {
  const before = open();
  const service = await startSmallService({
    routes: {
      '/stream': () => '<Response><Connect><Stream url="wss://voice.example.com/media"/></Connect></Response>',
      '/say': () => '<Response><Say loop="0">On and on</Say></Response>',
      '/record': () => '<Response><Record/></Response>',
      '/dial': () => '<Response><Dial timeout="60">+15551112222</Dial></Response>',
      '/queue': () => '<Response><Enqueue>all</Enqueue></Response>',
      '/silent': () => null,
    },
  });
  const paths = ['stream', 'say', 'record', 'dial', 'queue', 'silent'];
  const fakes = await Promise.all(
    paths.map((path) =>
      startFakeTwilio({
        accountSid: 'AC00000000000000000000000000000000',
        authToken: 'secret',
        number: { voiceUrl: `${BASE}/${path}` },
        hosts: { [BASE]: service.address, 'wss://voice.example.com': service.address },
      }),
    ),
  );
  const calls = fakes.map((fake) => fake.placeCall({ from: '+15550001111', to: '+15550002222' }));
  await Promise.all(
    calls.map((sim) => sim.waitFor(() => service.requests.length >= paths.length && sim.nowMs() > 200)),
  );
  await Promise.all(fakes.map((fake) => fake.close()));
  expect(calls.map((sim) => sim.ended)).toEqual(paths.map(() => true));
  await service.close();
  await nothingLeft(before);
});
