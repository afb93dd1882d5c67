import { carryOut, Refusal, say, withRedis } from './command.ts';
import { readConfig } from './config.ts';
import { CATALOG_CHANNEL } from './services/catalog-keeper.ts';
import { openDatabase } from './services/database.ts';
import { renderLines } from './services/line-renderer.ts';
import { createServices } from './services/services.ts';
import { createSpeech } from './services/speech.ts';
import { wantedLines } from './services/wanted-lines.ts';
import { createLog } from './telemetry/log.ts';

/**
 * `npm run lines`: renders what Aida says and is not rendered yet, now rather than by the job that does so, and tells
 * running nodes. For the first start of a store, before its first call.
 */

async function render(): Promise<void> {
  const config = readConfig(process.env);
  const { databaseUrl, redisUrl } = config;
  const { apiUrl, apiKey } = config.openai;
  if (databaseUrl === null || redisUrl === null) throw new Refusal('DATABASE_URL and REDIS_URL are needed');
  if (apiUrl === null) throw new Refusal('OPENAI_API_URL is not set: nothing is known that speaks');
  const log = createLog('silent');
  const dataSource = await openDatabase(databaseUrl, { poolMax: 4 });
  const services = await createServices(dataSource, { now: Date.now, log });
  try {
    if (!services.isLoaded()) throw new Refusal('the store could not be read');
    const speech = createSpeech({ apiUrl, apiKey });
    const { voice } = services.assistant();
    const report = await renderLines({ dataSource, speech, wanted: wantedLines(services), voice, log });
    if (report.rendered > 0) {
      await withRedis(redisUrl, async (link) => void (await link.command('publish', CATALOG_CHANNEL, 'lines')));
    }
    say(`${report.rendered} lines rendered in the voice ${voice}, ${report.kept} were there`);
    if (report.failure) throw new Refusal(`${report.missing} lines are missing: ${report.failure.message}`);
  } finally {
    services.close();
    await dataSource.destroy();
  }
}

await carryOut(render);
