import twilio from 'twilio';
import { WebSocket } from 'ws';
import type { Config } from '../config.ts';
import { fault, type Finding, ok, warning, wordsOf } from './finding.ts';

const ANSWER_MS_MAX = 8_000;
const NUMBERS_MAX = 100;

/** A session of the model is opened and closed again before anything is said: that costs nothing. */
export async function checkModel({ openai }: Pick<Config, 'openai'>, about = 'model'): Promise<Finding[]> {
  const { apiKey, realtimeUrl, realtimeModel } = openai;
  const startedMs = performance.now();
  const socket = new WebSocket(`${realtimeUrl}?model=${encodeURIComponent(realtimeModel)}`, {
    headers: { authorization: `Bearer ${apiKey}` },
    handshakeTimeout: ANSWER_MS_MAX,
  });
  const said = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('no session within eight seconds'), ANSWER_MS_MAX);
    const tell = (what: string): void => {
      clearTimeout(timer);
      resolve(what);
    };
    socket.once('message', (data: Buffer) => tell(kindOf(data.toString())));
    socket.once('unexpected-response', (_, { statusCode }) => tell(String(statusCode)));
    socket.once('error', (error) => tell(wordsOf(error)));
    socket.once('close', (code) => tell(`closed with ${code}`));
  });
  socket.on('error', () => undefined);
  socket.terminate();
  if (said === 'session.created')
    return [ok(about, `${realtimeModel} opens a session in ${(performance.now() - startedMs).toFixed(0)} ms`)];
  return [
    fault(
      about,
      `${realtimeModel} at ${realtimeUrl}: ${said}`,
      REMEDIES[said] ?? 'see the URL, the network, and the account’s limits',
    ),
  ];
}

const REMEDIES: Readonly<Record<string, string>> = {
  '401': 'the key is not accepted: set OPENAI_API_KEY anew',
  '403': 'the key may not use this model: see the project’s rights',
  '404': 'no such model: see OPENAI_REALTIME_MODEL',
  '429': 'the account’s limit or its budget is reached: see its usage page',
};

function kindOf(text: string): string {
  try {
    const event = JSON.parse(text) as { type?: string; error?: { code?: string } };
    return event.error?.code ?? event.type ?? 'not an event';
  } catch {
    return 'not an event';
  }
}

/** The carrier takes the credentials, and a number leads here. */
export async function checkCarrier({
  twilio: account,
  publicUrl,
}: Pick<Config, 'twilio' | 'publicUrl'>): Promise<Finding[]> {
  const client = twilio(account.accountSid, account.authTokens[0], { edge: '', region: '', timeout: ANSWER_MS_MAX });
  client.api.baseUrl = account.apiUrl;
  try {
    const numbers = await client.incomingPhoneNumbers.list({ limit: NUMBERS_MAX });
    const here = numbers.filter(({ voiceUrl }) => voiceUrl?.startsWith(`${publicUrl}/voice`));
    const shadowed = here.filter(({ voiceApplicationSid }) => voiceApplicationSid);
    if (shadowed.length > 0)
      return [
        fault(
          'number',
          `an application of ${shadowed[0]?.phoneNumber} wins over its voice URL`,
          'npm run twilio:setup takes it away',
        ),
      ];
    const onTrunk = here.find(({ trunkSid }) => trunkSid);
    if (onTrunk)
      return [
        fault(
          'number',
          `${onTrunk.phoneNumber} belongs to the trunk ${onTrunk.trunkSid}, which wins over its voice URL`,
          'take it off that trunk in the carrier’s console',
        ),
      ];
    if (here.length === 0)
      return [
        fault(
          'number',
          `none of ${numbers.length} numbers leads to ${publicUrl}`,
          'npm run twilio:setup -- --number +1…',
        ),
      ];
    return here.map(({ phoneNumber, voiceFallbackUrl, statusCallback }) => {
      const isWhole = voiceFallbackUrl && statusCallback;
      if (isWhole) return ok('number', `${phoneNumber} leads here`);
      return warning(
        'number',
        `${phoneNumber} has no fallback or no status callback`,
        `npm run twilio:setup -- --number ${phoneNumber}`,
      );
    });
  } catch (error) {
    const isRefused = error instanceof Error && 'status' in error && error.status === 401;
    const remedy = isRefused
      ? 'TWILIO_ACCOUNT_SID and the first TWILIO_AUTH_TOKEN do not belong together'
      : 'see TWILIO_API_URL and the network';
    return [fault('carrier', `its interface: ${wordsOf(error)}`, remedy)];
  }
}
