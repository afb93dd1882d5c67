import type { Config } from '../config.ts';
import { redisTime } from '../directory/clock.ts';
import { type FleetNode, readFleet } from '../directory/fleet.ts';
import { connectRedis } from '../directory/redis.ts';
import { fault, type Finding, ok, warning, wordsOf } from './finding.ts';
import { checkMedia } from './outside.ts';

/** As placement judges them. */
const SILENT_MS_MAX = 2_500;
const ANSWER_MS_MAX = 2_000;

type Settings = Pick<
  Config,
  'publicUrl' | 'twilio' | 'carrierCallsMax' | 'modelSessionsMax' | 'spendMax' | 'adminToken'
>;

/** Who takes calls, whether each can be reached, and whether there is room for the loss of one. */
export async function checkFleet(redisUrl: string, config: Settings): Promise<Finding[]> {
  const link = await connectRedis(redisUrl);
  try {
    const now = await redisTime(link);
    const fleet = await readFleet(link);
    const alive = fleet.filter(({ heartbeatAt }) => now - heartbeatAt <= SILENT_MS_MAX);
    if (alive.length === 0)
      return [fault('nodes', `none of ${fleet.length} registered nodes is alive`, 'start nodes with the role call')];
    const reached = await Promise.all(alive.map((node) => checkNode(node, config)));
    return [...reached.flat(), ...capacityOf(alive, config)];
  } catch (error) {
    return [fault('nodes', wordsOf(error), 'see what is said of redis')];
  } finally {
    await link.close();
  }
}

async function checkNode(node: FleetNode, { publicUrl, twilio }: Settings): Promise<Finding[]> {
  const { nodeUrl, incarnation, mediaUrl } = node;
  const answer = await fetch(`${nodeUrl}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch(() => null);
  if (answer?.headers.get('x-incarnation') !== incarnation) {
    const said = answer === null ? 'nobody answers' : 'another process answers';
    return [fault('nodes', `${node.node} at ${nodeUrl}: ${said}`, 'set its NODE_URL to where other nodes reach it')];
  }
  const media = await checkMedia(mediaUrl, publicUrl.startsWith('http:'), twilio.authTokens[0] ?? '');
  return [ok('nodes', `${node.node} ${node.version}, ${node.load} of ${node.capacity} calls`), ...media];
}

function capacityOf(alive: readonly FleetNode[], config: Settings): Finding[] {
  const { carrierCallsMax, modelSessionsMax, spendMax, adminToken } = config;
  const places = alive.reduce((sum, { capacity }) => sum + capacity, 0);
  const largest = Math.max(...alive.map(({ capacity }) => capacity));
  const findings = [ok('capacity', `${alive.length} nodes, ${places} places, ${places - largest} when one is lost`)];
  if (new Set(alive.map(({ version }) => version)).size > 1)
    findings.push(warning('nodes', 'they are of several releases', 'finish the roll-out, or take it back'));
  if (alive.length === 1)
    findings.push(warning('capacity', 'one node: its end is the end of its calls', 'run two or more'));
  for (const [limit, name] of [
    [carrierCallsMax, 'TWILIO_CALLS_MAX'],
    [modelSessionsMax, 'MODEL_SESSIONS_MAX'],
  ] as const)
    if (limit !== null && limit < places)
      findings.push(
        warning('capacity', `${name} is ${limit}, for ${places} places`, 'ask for a higher limit, or run fewer nodes'),
      );
  if (spendMax === null)
    findings.push(warning('capacity', 'SPEND_MAX is not set: nothing bounds what the model costs', 'SPEND_MAX=50/400'));
  if (adminToken === null)
    findings.push(warning('console', 'ADMIN_TOKEN is not set: the console stays closed', 'openssl rand -hex 24'));
  return findings;
}
