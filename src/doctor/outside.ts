import { WebSocket } from 'ws';
import type { Config } from '../config.ts';
import { sign } from '../webhook/signature.ts';
import { fault, type Finding, ok, warning, wordsOf } from './finding.ts';

const ANSWER_MS_MAX = 5_000;
const SLOW_MS = 1_000;
const REFUSED = 403;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const ask = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body,
    headers: { ...FORM, ...headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });

/** The way that the carrier takes: name, certificate, proxy, and a node that refuses strangers and lets the carrier in. */
export async function checkPublic({ publicUrl, twilio }: Pick<Config, 'publicUrl' | 'twilio'>): Promise<Finding[]> {
  const url = `${publicUrl}/voice/fallback`;
  const findings: Finding[] = [];
  if (publicUrl.startsWith('http:'))
    findings.push(
      warning('reachability', 'PUBLIC_URL is not https', 'let a proxy end TLS; recordings of calls go this way'),
    );
  try {
    const startedMs = performance.now();
    const stranger = await ask(url, '');
    const tookMs = performance.now() - startedMs;
    if (stranger.status !== REFUSED) {
      const said = `${publicUrl} answers ${stranger.status} to a webhook without a signature, not ${REFUSED}`;
      return [
        ...findings,
        fault('reachability', said, 'the proxy leads elsewhere, or no node is ready: see its backends and /readyz'),
      ];
    }
    findings.push(ok('reachability', `${publicUrl} answers in ${tookMs.toFixed(0)} ms`));
    if (tookMs > SLOW_MS)
      findings.push(
        warning(
          'reachability',
          'that is late: the carrier waits, and so do callers',
          'see the way and the node’s load',
        ),
      );
  } catch (error) {
    return [
      ...findings,
      fault('reachability', `${publicUrl}: ${wordsOf(error)}`, 'see DNS, the certificate, the firewall and the proxy'),
    ];
  }
  return [...findings, ...(await checkSignature(url, twilio))];
}

/** Each auth token must open it: while rotating there are two. Nothing happens at the node but an answer. */
async function checkSignature(url: string, { accountSid, authTokens }: Config['twilio']): Promise<Finding[]> {
  const form: [string, string][] = [
    ['AccountSid', accountSid],
    ['CallSid', `CA${'0'.repeat(32)}`],
  ];
  const body = new URLSearchParams(form).toString();
  const refused: number[] = [];
  for (const [index, token] of authTokens.entries()) {
    const answer = await ask(url, body, { 'x-twilio-signature': sign(token, url, form) });
    if (answer.status === REFUSED) refused.push(index + 1);
  }
  if (refused.length === 0) return [ok('signature', 'nodes accept what the carrier would sign')];
  const remedy =
    'give nodes the same TWILIO_AUTH_TOKEN and PUBLIC_URL, and let the proxy pass Host, path and query unchanged';
  return [fault('signature', `nodes refuse what auth token ${refused.join(' and ')} signed`, remedy)];
}

/** Each node's own media address leads to a node that takes sockets. */
export async function checkMedia(mediaUrl: string, isPlain: boolean, authToken: string): Promise<Finding[]> {
  const socket = new WebSocket(isPlain ? mediaUrl.replace(/^wss:/, 'ws:') : mediaUrl, {
    headers: { 'x-twilio-signature': sign(authToken, mediaUrl, []) },
    handshakeTimeout: ANSWER_MS_MAX,
  });
  const said = await new Promise<string>((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', (_, { statusCode }) => resolve(String(statusCode)));
    socket.once('error', (error) => resolve(wordsOf(error)));
  });
  socket.on('error', () => undefined);
  socket.terminate();
  if (said === 'open') return [ok('media', `${mediaUrl} takes sockets`)];
  const remedy = 'let the proxy pass WebSocket upgrades of this path to this node, Host and path unchanged';
  return [fault('media', `${mediaUrl}: ${said}`, remedy)];
}
