import { defaultNodeUrl } from './config-addresses.ts';
import type { Ground } from './ground.ts';
import { Phone } from './phone/phone.ts';
import { createSpeech } from './services/speech.ts';

/** The telephone in browsers, where the settings have it. `port`: of this process's webhooks, null where there are none. */
export function createPhone({ config, link, services, log }: Ground, port: () => number | null): Phone | null {
  if (!config.phone) return null;
  const { publicUrl, mediaUrl, twilio, streamTokenSecret } = config;
  const { apiUrl, apiKey } = config.openai;
  return new Phone({
    publicUrl,
    mediaUrl,
    twilio,
    streamTokenSecret,
    link,
    speech: apiUrl === null ? null : createSpeech({ apiUrl, apiKey }),
    storeNumber: () => services.store().phone,
    own() {
      const own = port();
      return own === null ? null : defaultNodeUrl(config.host, own);
    },
    now: Date.now,
    log,
  });
}
