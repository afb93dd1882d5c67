import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { seed } from '../../entities/seed/index.ts';
import type { Config } from '../config.ts';
import { readConfig } from '../config.ts';
import { heartbeat, retire } from '../directory/fleet.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { type DatabaseServer, startPglite } from '../embedded/postgres.ts';
import { freePort, type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';
import { type FakeModel, startFakeModel } from '../sim/model/index.ts';
import { type FakeTwilio, type PhoneNumber, startFakeTwilio } from '../sim/twilio/index.ts';
import { isSigned } from '../webhook/signature.ts';
import { strangeNumber } from './account.fixture.ts';
import { examine } from './examine.ts';
import { lineOf } from './finding.ts';
import { wantedOf } from './number.ts';

const KEY = 'key-of-the-model';
const TOKEN = 'token-of-the-account';
const ACCOUNT = `AC${'a'.repeat(32)}`;
const INCARNATION = 'incarnation-1';
/** A machine with much else to do answers late, and a doctor says so. */
const WAIT = { timeout: 30_000, interval: 200 };

/** What stands between the carrier and nodes, and one node behind it: as far as a doctor looks. */
class Place {
  readonly server: Server;
  readonly sockets = new WebSocketServer({ noServer: true });
  authToken = TOKEN;
  incarnation = INCARNATION;
  isBehind = true;
  takesSockets = true;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const isHealth = request.url === '/healthz';
        const status = isHealth ? 200 : this.statusOf(request, Buffer.concat(chunks).toString());
        response.writeHead(status, { 'x-incarnation': this.incarnation }).end();
      });
    });
    this.server.on('upgrade', (request, socket, head) => {
      if (this.takesSockets) this.sockets.handleUpgrade(request, socket, head, () => undefined);
      else socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private statusOf({ headers, url }: IncomingMessage, body: string): number {
    if (!this.isBehind) return 404;
    const signature = String(headers['x-twilio-signature'] ?? '');
    const urls = [`http://${headers.host}${url}`];
    return isSigned({ signature, urls, form: [...new URLSearchParams(body)] }, [this.authToken]) ? 200 : 403;
  }
}

let redis: RedisServer;
let link: RedisLink;
let database: DatabaseServer;
let model: FakeModel;
let twilio: FakeTwilio;
let place: Place;
let config: Config;
let number: PhoneNumber;

beforeAll(async () => {
  [redis, database, model] = await Promise.all([startRedis(), startPglite(), startFakeModel({ apiKey: KEY })]);
  link = await connectRedis(redis.url);
  const source = await openDatabase(database.url, { poolMax: 1 });
  await seed(source, Date.now());
  await source.destroy();
  place = new Place();
  await new Promise<void>((resolve) => place.server.listen(0, '127.0.0.1', resolve));
  const publicUrl = `http://127.0.0.1:${place.port}`;
  number = strangeNumber({ ...wantedOf(publicUrl) });
  const own = { voiceUrl: `${publicUrl}/voice`, voiceFallbackUrl: '', statusCallback: '' };
  const account = { accountSid: ACCOUNT, authToken: TOKEN };
  twilio = await startFakeTwilio({ ...account, hosts: {}, number: own, phoneNumbers: [number] });
  config = readConfig({
    PUBLIC_URL: publicUrl,
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: TOKEN,
    TWILIO_API_URL: twilio.apiUrl,
    OPENAI_API_KEY: KEY,
    OPENAI_REALTIME_URL: model.url,
    ADMIN_TOKEN: 'sixteen-characters',
    SPEND_MAX: '50/400',
  });
});
afterAll(async () => {
  await link.close();
  await twilio.close();
  await model.close();
  await new Promise((resolve) => place.server.close(resolve));
  await Promise.all([redis.stop(), database.stop()]);
});
beforeEach(async () => {
  await link.command('config', 'set', 'appendonly', 'yes');
  await live('node-1');
  await live('node-2');
});

async function live(node: string, version = '0.1.0', nodeUrl = `http://127.0.0.1:${place.port}`): Promise<void> {
  const mediaUrl = `wss://127.0.0.1:${place.port}/${node}/media-stream`;
  await heartbeat(link, {
    self: { node, incarnation: INCARNATION, nodeUrl, mediaUrl, version },
    capacity: 100,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });
}

const lines = async (change: Partial<Config> = {}, now = Date.now): Promise<string[]> => {
  const findings = await examine({ ...config, ...change }, now);
  return findings.filter(({ level }) => level !== 'ok').map(lineOf);
};
/** What a healthy one says here: its public address is no https. */
const USUAL = expect.stringContaining('PUBLIC_URL is not https');

describe('npm run doctor', () => {
  test('finds nothing where all is well, and says what is in order', async () => {
    await vi.waitFor(async () => expect(await lines()).toEqual([USUAL]), WAIT);
    const good = (await examine(config)).filter(({ level }) => level === 'ok').map(({ about }) => about);
    expect(new Set(good)).toEqual(
      new Set([
        'redis',
        'clock',
        'database',
        'kafka',
        'model',
        'number',
        'reachability',
        'signature',
        'nodes',
        'media',
        'capacity',
      ]),
    );
  });

  test('1: Redis would throw journals away', async () => {
    await link.command('config', 'set', 'maxmemory-policy', 'allkeys-lru');
    const found = await lines();
    await link.command('config', 'set', 'maxmemory-policy', 'noeviction');
    expect(found).toContainEqual(
      expect.stringMatching(/^FAULT {3}redis: maxmemory-policy is allkeys-lru.*noeviction$/),
    );
  });

  test('2: Redis forgets at a restart', async () => {
    await link.command('config', 'set', 'appendonly', 'no');
    expect(await lines()).toContainEqual(expect.stringContaining('FAULT   redis: appendonly is off'));
  });

  test('3: clocks are apart', async () => {
    expect(await lines({}, () => Date.now() + 9_000)).toContainEqual(
      expect.stringMatching(/^FAULT {3}clock: this machine and Redis are [89]\d{3} ms apart → .*NTP/),
    );
  });

  test('4: the database is away', async () => {
    const databaseUrl = `postgres://postgres@127.0.0.1:${await freePort()}/postgres`;
    expect(await lines({ databaseUrl })).toContainEqual(
      expect.stringMatching(/^FAULT {3}database: .*ECONNREFUSED.*DATABASE_URL/),
    );
  });

  test('5: Kafka is away', async () => {
    const kafka = { brokers: [`127.0.0.1:${await freePort()}`], tls: false, caFile: null, sasl: null };
    expect(await lines({ kafka })).toContainEqual(expect.stringMatching(/^FAULT {3}kafka: .*KAFKA_BROKERS/));
  });

  test('6: the model’s key is not accepted', async () => {
    const openai = { ...config.openai, apiKey: 'wrong' };
    expect(await lines({ openai })).toContainEqual(expect.stringMatching(/^FAULT {3}model: .*401 → .*OPENAI_API_KEY/));
  });

  test('7: the public name leads elsewhere', async () => {
    place.isBehind = false;
    const found = await lines();
    place.isBehind = true;
    expect(found).toContainEqual(expect.stringMatching(/^FAULT {3}reachability: .*answers 404/));
  });

  test('8: nodes have another auth token than the carrier', async () => {
    place.authToken = 'token-of-another';
    const found = await lines();
    place.authToken = TOKEN;
    expect(found).toContainEqual(expect.stringMatching(/^FAULT {3}signature: nodes refuse what auth token 1 signed/));
  });

  test('9: no number leads here, or an application wins over its address', async () => {
    number.voiceUrl = 'https://elsewhere.example.com/voice';
    const none = await lines();
    Object.assign(number, wantedOf(config.publicUrl), { voiceApplicationSid: `AP${'2'.repeat(32)}` });
    const shadowed = await lines();
    Object.assign(number, { voiceApplicationSid: '', trunkSid: `TK${'4'.repeat(32)}` });
    const onTrunk = await lines();
    number.trunkSid = '';
    expect(onTrunk).toContainEqual(expect.stringMatching(/^FAULT {3}number: .* belongs to the trunk TK4/));
    expect(none).toContainEqual(expect.stringMatching(/^FAULT {3}number: none of 1 numbers .*twilio:setup/));
    expect(shadowed).toContainEqual(expect.stringMatching(/^FAULT {3}number: an application/));
  });

  test('10: the proxy takes no media sockets', async () => {
    place.takesSockets = false;
    const found = await lines();
    place.takesSockets = true;
    expect(found.filter((line) => line.startsWith('FAULT   media: ')).toSorted()).toEqual([
      expect.stringContaining('/node-1/media-stream: 502'),
      expect.stringContaining('/node-2/media-stream: 502'),
    ]);
  });

  test('11: a node cannot be reached by the others', async () => {
    await live('node-2', '0.1.0', `http://127.0.0.1:${await freePort()}`);
    expect(await lines()).toContainEqual(
      expect.stringMatching(/^FAULT {3}nodes: node-2 .*nobody answers → set its NODE_URL/),
    );
  });

  test('12: too little room: one node, or more places than the carrier allows', async () => {
    expect(await lines({ carrierCallsMax: 150 })).toContainEqual(expect.stringContaining('TWILIO_CALLS_MAX is 150'));
    await retire(link, { node: 'node-2', incarnation: INCARNATION });
    expect(await lines()).toContainEqual(expect.stringContaining('WARNING capacity: one node'));
  });
});
