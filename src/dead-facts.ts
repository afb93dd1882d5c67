import { carryOut, Refusal, say, when, withRedis } from './command.ts';
import { readKafkaSettings, readRedisUrl } from './config.ts';
import { type DeadFact, deadFacts, replayDeadFact } from './directory/dead-facts.ts';
import { removeGroup } from './directory/outbox.ts';
import type { RedisLink } from './directory/redis.ts';
import { createKafkaLink, type KafkaLink } from './kafka/client.ts';
import { type DeadLetter, deadLetters, dropLetters, isWhole, replayLetters } from './kafka/dead-letters.ts';

/** Facts that a consumer could not take in, from the outbox and from Kafka. Needs REDIS_URL, and KAFKA_… where it is used. */

const USAGE = `npm run dead -- COMMAND
  list                    what consumers could not take in, and why
  replay ID|GROUP|all     brings it again, behind all that is there; every consumer bears repeats
  remove-group GROUP      the outbox is no longer kept for this group: what it has not taken in, it never will`;

const idOf = ({ partition, group, entry }: DeadFact): string => `${group}/${partition}:${entry}`;
const letterId = ({ id }: DeadLetter): string => `kafka/${id}`;

interface Found {
  facts: DeadFact[];
  letters: DeadLetter[];
}

async function find(link: RedisLink, kafka: KafkaLink | null): Promise<Found> {
  return { facts: await deadFacts(link), letters: kafka ? await deadLetters(kafka) : [] };
}

function list({ facts, letters }: Found): void {
  for (const fact of facts) {
    const at = when(Number(fact.entry.split('-')[0]));
    say(`${idOf(fact)}  ${at}  ${fact.callSid} ${fact.place}: ${fact.reason}`);
  }
  for (const each of letters) {
    const { at, group, key, topic, partition, offset, reason } = each.letter;
    say(`${letterId(each)}  ${when(at)}  ${key ?? ''} of ${topic} ${partition}:${offset} for ${group}: ${reason}`);
  }
  say(`${facts.length + letters.length} set aside`);
}

async function replay(link: RedisLink, kafka: KafkaLink | null, which: string): Promise<void> {
  const found = await find(link, kafka);
  const isMeant = (id: string, group: string) => which === 'all' || which === group || which === id;
  const facts = found.facts.filter((fact) => isMeant(idOf(fact), fact.group));
  const letters = found.letters.filter((each) => isMeant(letterId(each), each.letter.group));
  if (facts.length + letters.length === 0) throw new Refusal(`nothing of ${JSON.stringify(which)} was set aside`);
  for (const fact of facts) if (await replayDeadFact(link, fact)) say(`${idOf(fact)} comes again`);
  if (kafka && letters.length > 0) {
    const whole = letters.filter(isWhole);
    await replayLetters(kafka, whole);
    for (const each of whole) say(`${letterId(each)} comes again`);
    const others = letters.filter((each) => !isWhole(each));
    for (const each of others) say(`${letterId(each)} is not kept whole: it stands in ${each.letter.topic} only`);
    // Kafka drops from the beginning of a partition only: of a choice the rest is still to be seen.
    if (which === 'all' && others.length === 0) await dropLetters(kafka, letters);
  }
}

async function run(link: RedisLink, kafka: KafkaLink | null, words: readonly string[]): Promise<void> {
  const [command, which, ...more] = words;
  if (command === 'list' && which === undefined) return list(await find(link, kafka));
  if (command === 'replay' && which !== undefined && more.length === 0) return replay(link, kafka, which);
  if (command === 'remove-group' && which !== undefined && more.length === 0) return removeGroup(link, which);
  throw new Refusal(`usage: ${USAGE}`);
}

await carryOut(() =>
  withRedis(readRedisUrl(process.env), async (link) => {
    const settings = readKafkaSettings(process.env);
    const kafka = settings && createKafkaLink(settings, 'aida-dead', { warn: () => {} });
    await run(link, kafka, process.argv.slice(2));
  }),
);
