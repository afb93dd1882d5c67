import { checkToken, issueToken } from '../../placement/token.ts';
import { parseForm } from '../../webhook/form.ts';
import { isBodyAsSigned, isSigned, sign, upgradeSpellings } from '../../webhook/signature.ts';
import type { Random } from '../twilio/random.ts';
import type { Case, Fuzzer } from './fuzzer.ts';
import { mutateText, pick } from './mutate.ts';

const TOKENS = ['the-token-of-the-account', 'the-next-one'];
const SECRET = 'secret-of-stream-tokens';
const URLS = [
  'https://voice.example.com/voice',
  'https://voice.example.com/voice/next?n=2',
  'https://voice.example.com/voice/status',
];
const HOST = 'voice.example.com';
const NOW = 1_795_413_859_991;

const bodyOf = (random: Random): string =>
  new URLSearchParams({
    CallSid: `CA${random
      .between(0, 2 ** 31)
      .toString(16)
      .padStart(32, '0')}`,
    From: `+1207555${random.between(1_000, 9_999)}`,
    CallStatus: pick(random, ['ringing', 'in-progress', 'completed']),
    SpeechResult: pick(random, ['', 'a=b&c', 'größe ☕', '%']),
  }).toString();

/** What is signed, written in another way than the code under test does it. */
function canonical(url: string, form: readonly (readonly [string, string])[]): string {
  const pairs = [...new Set(form.map(([name, value]) => JSON.stringify([name, value])))].map(
    (pair) => JSON.parse(pair) as [string, string],
  );
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  pairs.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  return url + pairs.map(([name, value]) => name + value).join('');
}

/** A request that was signed and then changed: let in only where what is signed is the same. */
const webhook: Case = (random) => {
  const url = pick(random, URLS);
  const body = bodyOf(random);
  const form = parseForm(Buffer.from(body));
  if (form === null) return `the carrier's own form was refused: ${body}`;
  const key = pick(random, TOKENS);
  const signature = sign(key, url, form);
  if (!isSigned({ signature, urls: [url], form }, TOKENS)) return `what ${key} signed was refused`;
  const otherUrl = random.chance(0.5) ? mutateText(random, url) : url;
  const otherBody = random.chance(0.6) ? mutateText(random, body) : body;
  const otherSignature = random.chance(0.3) ? mutateText(random, signature) : signature;
  const otherForm = parseForm(Buffer.from(otherBody));
  if (otherForm === null) return null;
  const isLetIn = isSigned({ signature: otherSignature, urls: [otherUrl], form: otherForm }, TOKENS);
  const isSame = otherSignature === signature && canonical(otherUrl, otherForm) === canonical(url, form);
  if (isLetIn && !isSame) return `forged: ${otherUrl} ${otherBody} ${otherSignature}`;
  return isLetIn || !isSame ? null : `refused: ${otherUrl} ${otherBody}`;
};

/** The token of a stream that was changed, or told for another call: never let in. */
const streamToken: Case = (random) => {
  const callSid = `CA${random
    .between(0, 2 ** 31)
    .toString(16)
    .padStart(32, '0')}`;
  const token = issueToken({ callSid, epoch: NOW + random.between(0, 1_000), expiresAt: NOW + 60_000 }, SECRET);
  if (!checkToken(token, callSid, NOW, SECRET).ok) return `a genuine token was refused: ${token}`;
  const other = random.chance(0.7) ? mutateText(random, token) : token;
  const otherSid = random.chance(0.5) ? mutateText(random, callSid) : callSid;
  const isSame = other === token && otherSid === callSid;
  return checkToken(other, otherSid, NOW, SECRET).ok === isSame
    ? null
    : `${isSame ? 'refused' : 'forged'}: ${other} for ${otherSid}`;
};

/** Whatever stands in Host and target: an address of another host is never one of ours, and nothing throws. */
const address: Case = (random) => {
  const host = random.chance(0.7) ? mutateText(random, HOST) : HOST;
  const target = mutateText(random, '/node-1/media-stream');
  const spellings = upgradeSpellings(host, target, [HOST]);
  isBodyAsSigned(target, Buffer.from(host));
  const isOurs = host.toLowerCase().replace(/:443$/, '') === HOST;
  return spellings.length > 0 === isOurs ? null : `${JSON.stringify(host)} has ${spellings.length} spellings`;
};

export const webhooks: Fuzzer = {
  name: 'webhooks',
  begin: () => (random) => pick(random, [webhook, webhook, streamToken, address])(random),
};
