import { randomUUID } from 'node:crypto';
import { PreparedLineEntity } from '../entities/prepared-line.ts';
import { askableTools, type AskableTool, type CataloguePort } from './console/catalogue/port.ts';
import type { Ground } from './ground.ts';
import { createChatWords } from './services/chat-words.ts';
import { lineVersion, sha256, spokenId, wantedLines } from './services/wanted-lines.ts';
import { allTools, createTools } from './tools/registry.ts';

/** The assistant as the console asks it: with the tools, data and words of a call, and without one. */
export function createAssistant(ground: Ground): CataloguePort {
  const { config, dataSource, services, log } = ground;
  const known = new Set<string>(askableTools);
  const reading = allTools.filter(({ definition }) => known.has(definition.name));
  // Tools that read ask nobody for staff.
  const staff = { reserve: () => Promise.reject(new Error('no call')), leave: () => Promise.resolve() };
  const tools = createTools(services, { log, staff }, reading);
  const { apiUrl, apiKey } = config.openai;
  const chat =
    apiUrl !== null && config.understanding ? createChatWords({ apiUrl, apiKey, ...config.understanding }) : null;
  return {
    services,
    async ask(name: AskableTool, args) {
      const ask = { callSid: 'console', from: '', epoch: 0, toolCallId: randomUUID() };
      const { result, output } = await tools.run({ ...ask, name, arguments: JSON.stringify(args) });
      return { result, output };
    },
    say: chat && ((question, answer) => chat(services.persona().instructions, question, answer)),
    async rendering() {
      const wanted = wantedLines(services);
      const { voice } = services.assistant();
      const rows = await dataSource
        .getRepository(PreparedLineEntity)
        .find({ select: { hash: true, language: true, textHash: true }, where: { voice, version: lineVersion } });
      const stored = new Set(rows.map(spokenId));
      const [language = ''] = services.languages();
      const greeting = { language, textHash: sha256(services.persona().greeting) };
      return {
        wanted: wanted.length,
        ready: wanted.filter((line) => stored.has(spokenId(line))).length,
        greetingIsReady: stored.has(spokenId(greeting)),
        canRender: apiUrl !== null,
      };
    },
  };
}
