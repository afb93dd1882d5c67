import { renderLines } from '../services/line-renderer.ts';
import { openDatabase } from '../services/database.ts';
import { createServices } from '../services/services.ts';
import { createSpeech } from '../services/speech.ts';
import { wantedLines } from '../services/wanted-lines.ts';
import { createLog } from '../telemetry/log.ts';

/** Renders everything that the store of this database says, as `npm run lines` does. Rejects where something is missing. */
export async function renderStore(databaseUrl: string, apiUrl: string, apiKey: string): Promise<void> {
  const log = createLog('silent');
  const dataSource = await openDatabase(databaseUrl, { poolMax: 4 });
  const services = await createServices(dataSource, { now: Date.now, log });
  try {
    const speech = createSpeech({ apiUrl, apiKey });
    const { voice } = services.assistant();
    const { failure } = await renderLines({ dataSource, speech, wanted: wantedLines(services), voice, log });
    if (failure) throw failure;
  } finally {
    services.close();
    await dataSource.destroy();
  }
}
